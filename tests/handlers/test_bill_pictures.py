"""Pictures of bills: tiers as wide as they are, what more would cost in stripes, every word in the font."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO, StringIO
from typing import Any

import pytest
from babel.messages.pofile import read_po
from PIL import Image, ImageColor

from conversations.bill import months_picture
from conversations.billing import BillFound, BillOf, CompareBills, ComparedFound
from conversations.model import LANGUAGES, Language, Picture
from conversations.texts import keys_of, sources
from conversations.usage import Usage
from handlers.consultation import found
from handlers.pictures import alt, draw, size
from handlers.pictures.bill import BAR, LEGEND, ROW
from handlers.pictures.drawing import covered
from handlers.pictures.sheet import BAND_HEIGHT, MARGIN, WIDTH, colour_of
from handlers.talking import talking

NOW = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)
TALKING = talking()
INNER = WIDTH - 2 * MARGIN


def bill(kwh: int, households: int = 1) -> Picture:
    facts = found(BillOf(Usage(kwh=kwh, households=households)), NOW, TALKING)
    assert isinstance(facts, BillFound)
    return Picture("bill", facts.tiers)


def months(after: int, before: int) -> Picture:
    facts = found(CompareBills(Usage(kwh=after), Usage(kwh=before)), NOW, TALKING)
    assert isinstance(facts, ComparedFound)
    return months_picture(facts)


def image(picture: Picture, language: Language = "vi") -> Image.Image:
    return Image.open(BytesIO(draw(picture, language, TALKING.speaker, TALKING.zone))).convert("RGB")


def used(picture: Picture, tier: int) -> int:
    """How many pixels of a tier's bar are full, on a line near its top edge: stripes are not."""
    drawn = image(picture)
    y = BAND_HEIGHT + LEGEND + ROW * (tier - 1) + 54 + BAR // 2
    wanted = ImageColor.getrgb(colour_of(tier))
    full = 0
    for x in range(MARGIN, WIDTH - MARGIN):
        if drawn.getpixel((x, y)) != wanted:
            break
        full += 1
    return full


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("picture", [bill(250), bill(0), bill(5000, 2), months(420, 210), months(0, 0)])
def test_a_picture_has_the_size_that_was_promised_and_is_always_the_same(
    picture: Picture, language: Language
) -> None:
    drawn = image(picture, language)
    assert drawn.size == size(picture, language, TALKING.speaker, TALKING.zone)
    assert drawn.width == WIDTH
    assert sum(drawn.size) < 10_000, "Telegram takes no larger ones"
    again = draw(picture, language, TALKING.speaker, TALKING.zone)
    assert again == draw(picture, language, TALKING.speaker, TALKING.zone)
    assert TALKING.speaker.plain(alt(picture), language)


def test_every_word_of_the_pictures_is_in_the_font() -> None:
    keys = [key for key in keys_of("vi") if key.startswith(("picture.bill", "picture.months", "bill.whose"))]
    assert len(keys) > 20
    for language, source in sources().items():
        texts = read_po(StringIO(source))
        shown = "".join(str(texts[key].string) for key in keys)
        assert {one for one in shown if not covered(one) and not one.isspace()} == set(), language


def test_each_tier_is_filled_as_far_as_it_is_used() -> None:
    picture = bill(250)
    assert abs(used(picture, 1) - INNER / 2) <= 2, "50 of the 100 kWh that the widest tier has"
    assert abs(used(picture, 3) - INNER) <= 2
    assert abs(used(picture, 4) - INNER / 2) <= 5, "the frame of the stripes comes after it"
    assert used(picture, 5) == 0


def test_what_comes_next_is_striped_where_it_falls() -> None:
    data: Any = bill(280).data
    assert [(tier["kwh"], tier["more"]) for tier in data["tiers"]] == [
        (50, 0), (50, 0), (100, 0), (80, 20), (0, 30), (0, 0),
    ]  # fmt: skip
    assert used(bill(280), 5) <= 4, "stripes are no full bar"


def test_two_households_have_tiers_twice_as_wide() -> None:
    data: Any = bill(300, 2).data
    assert [tier["width"] for tier in data["tiers"]] == [100, 100, 200, 200, 200, None]


def test_the_longer_bar_is_the_dearer_month() -> None:
    data: Any = months(420, 210).data
    assert [month["name"] for month in data["months"]] == ["before", "after"]
    assert sum(data["reasons"].values()) == data["months"][1]["total"] - data["months"][0]["total"]
    drawn = image(months(420, 210))
    y_before, y_after = BAND_HEIGHT + 100, BAND_HEIGHT + 170 + 100

    def reaches(y: int) -> int:
        return max(x for x in range(WIDTH) if drawn.getpixel((x, y)) != (255, 255, 255))

    assert abs(reaches(y_after) - (WIDTH - MARGIN)) <= 4
    ratio = (reaches(y_before) - MARGIN) / (reaches(y_after) - MARGIN)
    assert abs(ratio - data["months"][0]["total"] / data["months"][1]["total"]) < 0.02


@pytest.mark.parametrize(
    "picture",
    [
        Picture("bill", None),
        Picture("bill", {"kwh": 1}),
        Picture("bill", {**dict(bill(1).data), "tiers": [{"number": 1}]}),  # type: ignore[arg-type]
        Picture("bill", {**dict(bill(1).data), "vat": [[8]]}),  # type: ignore[arg-type]
        Picture("months", {"months": [], "reasons": {}}),
        Picture("months", {**dict(months(2, 1).data), "months": [{}, {}]}),  # type: ignore[arg-type]
        Picture("months", {**dict(months(2, 1).data), "months": dict(months(2, 1).data)["months"][::-1]}),  # type: ignore[arg-type, index]
    ],
)
def test_strange_data_is_refused(picture: Picture) -> None:
    with pytest.raises(ValueError, match=r"not (a|two)"):
        size(picture, "vi", TALKING.speaker, TALKING.zone)
