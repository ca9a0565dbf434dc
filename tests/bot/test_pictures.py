"""Pictures on their way: drawn once for all who get the same, and never in the way of a text."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest
from structlog.testing import capture_logs

import handlers.pictures
from bot import pictures as drawing
from bot.pictures import Pictures
from conversations.model import Language, Picture, Reply, Words
from conversations.wire import reply_to_json
from handlers.ports import Outgoing
from handlers.rendering import fit, render
from handlers.talking import talking
from store.outbox import Status
from tests.bot.test_sender import FakeChannel, post

PNG = b"\x89PNG\r\n\x1a\n"


def week(day: int = 23) -> Picture:
    return Picture("week", {"days": [f"2026-11-{day}"], "now": "2026-11-23T07:05:00+00:00", "rows": []})


BAD = Picture("week", {"days": [], "now": "2026-11-23T07:05:00+00:00", "rows": []})


def reply(picture: Picture) -> dict[str, Any]:
    return reply_to_json(Reply((Words("menu.title"),), picture=picture))


class Drawn:
    """Notes what was drawn, and in which threads."""

    def __init__(self) -> None:
        self.languages: list[Language] = []
        self.threads: set[int] = set()

    def __call__(self, picture: Picture, language: Language, *rest: Any) -> bytes:
        self.languages.append(language)
        self.threads.add(threading.get_ident())
        if picture == BAD:
            raise ValueError("bad")
        return PNG + repr(picture).encode()


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    drawn = Drawn()
    monkeypatch.setattr(handlers.pictures, "draw", drawn)
    return drawn


async def test_what_many_get_at_once_is_drawn_once_for_each_language_and_not_in_the_loop(drawn: Drawn) -> None:
    pictures = Pictures(talking().speaker)
    wished: list[Language] = ["vi", "en", "vi", "vi", "en"]
    got = await asyncio.gather(*(pictures.png(week(), language) for language in wished))
    await pictures.png(week(), "vi")
    assert len(got) == 5
    assert sorted(drawn.languages) == ["en", "vi"]
    assert threading.get_ident() not in drawn.threads


async def test_one_who_gives_up_does_not_take_the_picture_from_the_others(drawn: Drawn) -> None:
    pictures = Pictures(talking().speaker)
    impatient = asyncio.create_task(pictures.png(week(), "vi"))
    patient = asyncio.create_task(pictures.png(week(), "vi"))
    await asyncio.sleep(0)
    impatient.cancel()
    assert (await patient).startswith(PNG)


async def test_only_the_newest_are_kept(drawn: Drawn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawing, "REMEMBERED", 2)
    pictures = Pictures(talking().speaker)
    for day in (23, 24, 23, 25, 23, 24):
        await pictures.png(week(day), "vi")
    assert len(drawn.languages) == 4


async def test_one_that_cannot_be_drawn_is_logged_and_tried_anew(drawn: Drawn) -> None:
    pictures = Pictures(talking().speaker)
    with capture_logs() as logs:
        for _ in range(2):
            [part] = await pictures.added([Outgoing("Chào", picture=BAD)], "vi")
            assert (part.text, part.image) == ("Chào", None)
    assert [entry["event"] for entry in logs] == ["picture_not_drawn"] * 2
    assert len(drawn.languages) == 2


async def test_the_sender_sends_the_picture_with_its_text(sqlite_url: str) -> None:
    async with post(sqlite_url) as office, office.sending():
        await office.owe("a", "k", words=reply(week()))
        await office.becomes("k", Status.SENT)
        [message] = office.channel.messages
        assert message.image is not None
        assert message.image.startswith(PNG)
        assert message.text


@pytest.mark.parametrize("picture", [BAD, Picture("moon", {})])
async def test_the_text_goes_even_if_its_picture_cannot_be_drawn(sqlite_url: str, picture: Picture) -> None:
    async with post(sqlite_url) as office, office.sending():
        await office.owe("a", "k", words=reply(picture))
        await office.becomes("k", Status.SENT)
        [message] = office.channel.messages
        assert message.image is None
        assert message.text


async def test_a_channel_without_pictures_gets_the_text_and_none_is_drawn(sqlite_url: str, drawn: Drawn) -> None:
    async with post(sqlite_url, images=False) as office, office.sending():
        await office.owe("a", "k", words=reply(week()))
        await office.becomes("k", Status.SENT)
        [message] = office.channel.messages
        assert (message.image, message.picture) == (None, None)
        assert message.text
    assert drawn.languages == []


def test_of_a_message_in_parts_the_first_has_the_picture_and_the_last_the_buttons() -> None:
    message = render(Reply((Words("help.text"), Words("help.text")), picture=week()), "vi", talking().speaker)
    first, *middle, last = fit(message, FakeChannel(text=300).limits)
    assert (first.picture, first.alt) == (week(), "Hình lịch cúp điện 7 ngày, kể từ thứ Hai 23/11/2026.")
    assert [part.picture for part in (*middle, last)] == [None] * (len(middle) + 1)
