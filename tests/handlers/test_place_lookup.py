"""An address is found as people type it: with commas, without, and without the word for ward."""

import pytest

from conversations.places import FindPlace, PlacesFound, place_answer
from handlers.lookups import answer
from handlers.request_subject import subject_of
from handlers.talking import talking
from store.contacts import Contact
from store.network import Street
from tests.town import BEN_THANH, HOME, NOW, SAI_GON, built


async def test_the_ward_said_in_an_address_is_taken_however_it_is_typed(sqlite_url: str) -> None:
    async with built(sqlite_url) as town:
        who = await town.resident("An")
        async with town.database.unit() as unit:
            for number, (name, ward) in enumerate((("Lê Lợi", BEN_THANH), ("Lê Lợi", SAI_GON)), 1):
                unit.session.add(Street(id=number, name=name, folded="le loi", ward_code=ward))
        async with town.database.unit() as unit:
            contact = await unit.session.get(Contact, who)
            assert contact is not None

            async def found(said: str) -> PlacesFound:
                seen = await answer(unit, contact, FindPlace(said, True), NOW, talking())
                assert isinstance(seen, PlacesFound)
                return seen

            for said in (
                "12 Lê Lợi, phường Bến Thành",
                "12 Lê Lợi phường Bến Thành",
                "12 le loi p ben thanh q1",
                "12 Lê Lợi Bến Thành",
                "12 le loi ben thanh",
            ):
                place = await found(said)
                assert (place.sure, place.places[0].target) == (True, "s:1"), said
            # As an answer it leads to the ward and its company, though the ward's name stands in it, too.
            there = place_answer((await found("12 Lê Lợi Bến Thành")).places[0])
            subject = await subject_of(unit, {"use_address": there})
            assert (subject.ward_code, subject.company) == (BEN_THANH, HOME[:6])
            several = await found("12 Lê Lợi")
            assert (several.sure, {one.target for one in several.places}) == (False, {"s:1", "s:2"})
            assert not (await found("12 Phố Lạ Bến Thành")).sure


@pytest.mark.parametrize(
    ("said", "finds"),
    [
        ("5 Nguyễn Thị Thập", True),
        ("5 nguyen thi tap", True),
        ("5 nguyne thi thap", True),
        ("5 nguyenthi thap", True),
        ("Nguyễn Thị Hoa", False),
        ("5 Nguyễn Thị Thanh", False),
        ("5 nguyen ti tap", True),
        ("5 nguyn ti tap", False),
    ],
)
async def test_a_slip_of_the_finger_finds_a_street_and_another_name_does_not(
    sqlite_url: str, said: str, finds: bool
) -> None:
    async with built(sqlite_url) as town:
        who = await town.resident("An")
        async with town.database.unit() as unit:
            unit.session.add(Street(id=1, name="Nguyễn Thị Thập", folded="nguyen thi thap", ward_code=BEN_THANH))
            await unit.session.flush()
            contact = await unit.session.get(Contact, who)
            assert contact is not None
            seen = await answer(unit, contact, FindPlace(said, True), NOW, talking())
    assert isinstance(seen, PlacesFound)
    assert [one.target for one in seen.places] == (["s:1"] if finds else [])
