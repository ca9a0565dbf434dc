"""What is read from Telegram's updates; the files are such as Telegram posts them."""

from pathlib import Path

import orjson
import pytest

from bot.channels.telegram import SECRET_HEADER, TelegramChannel
from conversations.model import Event, Language, Opened, Other, Photo, Place, Press, SharedContact, Text
from handlers.ports import Forged, Incoming, Unreadable
from handlers.rules.phones import national_number

PAYLOADS = Path(__file__).parent / "payloads" / "telegram"
SECRET = "bi-mat_123"  # noqa: S105
PROOF = {SECRET_HEADER: SECRET}


@pytest.fixture
def channel() -> TelegramChannel:
    return TelegramChannel("7100000001:token", secret=SECRET)


def payload(name: str) -> bytes:
    return (PAYLOADS / f"{name}.json").read_bytes()


def said(name: str, event: Event, shown: str, *, by: str = "Lan", language: Language | None = "vi") -> Incoming:
    """The event of one of the files, all of which come from one chat."""
    update_id = orjson.loads(payload(name))["update_id"]
    return Incoming(str(update_id), "5123456789", event, shown, by, language)


@pytest.mark.parametrize(
    ("name", "event", "shown"),
    [
        ("text", Text("Nhà tôi mất điện từ 8 giờ sáng"), "Nhà tôi mất điện từ 8 giờ sáng"),
        ("start", Opened(), "/start"),
        ("start_with_payload", Opened("theodoi_PE0100012345"), "/start theodoi_PE0100012345"),
        ("command", Text("lịch cúp điện"), "/lich"),
        ("command_with_words", Text("lịch cúp điện Quận 3"), "/lich@sangden_bot Quận 3"),
        ("command_unknown", Text("tien dien"), "/tien_dien"),
        ("photo", Photo("AgACAgUAAxkBAAIBnGX"), "Công tơ nhà tôi"),
        ("picture_as_a_file", Photo("BQACAgUAAxkBAAIBnQ", "cong-to.jpg"), ""),
        ("place", Place(10.776889, 106.700806), ""),
        ("venue", Place(10.772, 106.698), ""),
        ("contact_own", SharedContact("0912345678", own=True), "0912345678"),
        ("contact_of_someone_else", SharedContact("02838221234", own=False), "02838221234"),
        ("sticker", Other("sticker"), ""),
        ("voice", Other("voice"), ""),
        ("video", Other("video"), "Dây điện rơi trước nhà"),
        ("animation", Other("animation"), ""),
        ("document", Photo("BQACAgUAAxkBAAIBow", "hoa-don.pdf"), ""),
        ("poll", Other("poll"), ""),
        ("unknown_content", Other("unknown"), ""),
    ],
)
def test_a_private_message_becomes_the_event_it_is(
    channel: TelegramChannel, name: str, event: Event, shown: str
) -> None:
    assert channel.read(PROOF, payload(name)) == [said(name, event, shown)]


def test_the_language_of_the_app_is_told_where_we_speak_it(channel: TelegramChannel) -> None:
    english, french = (channel.read(PROOF, payload(f"text_in_{name}")) for name in ("english", "french"))
    words = "No power at my place"
    assert english == [said("text_in_english", Text(words), words, by="Emma", language="en")]
    assert french == [said("text_in_french", Text("Bonjour"), "Bonjour", by="Luc", language=None)]


def test_a_press_brings_its_label_its_message_and_what_to_acknowledge(channel: TelegramChannel) -> None:
    [incoming] = channel.read(PROOF, payload("press"))
    assert incoming == Incoming(
        id="871000009",
        sender="5123456789",
        event=Press("flow:schedule"),
        shown="Lịch cúp điện",
        name="Lan",
        language="vi",
        origin="98",
        ack="4382734823847238472",
    )


def test_a_press_on_a_message_too_old_to_be_shown_still_counts(channel: TelegramChannel) -> None:
    [incoming] = channel.read(PROOF, payload("press_on_an_old_message"))
    assert (incoming.event, incoming.shown, incoming.origin) == (Press("nav:back"), "", "7")


@pytest.mark.parametrize(
    "name",
    ["text_in_a_group", "press_in_a_group", "edited_message", "pinned_message", "blocked", "unblocked"],
)
def test_what_asks_for_no_answer_brings_no_event(channel: TelegramChannel, name: str) -> None:
    assert channel.read(PROOF, payload(name)) == []


@pytest.mark.parametrize(
    "headers", [{}, {SECRET_HEADER: "bi-mat_124"}, {SECRET_HEADER: ""}, {SECRET_HEADER: "mật"}]
)
def test_a_wrong_or_missing_secret_is_a_forgery(channel: TelegramChannel, headers: dict[str, str]) -> None:
    with pytest.raises(Forged):
        channel.read(headers, payload("text"))


def test_a_channel_without_a_secret_takes_no_webhook_call_at_all() -> None:
    with pytest.raises(Forged):
        TelegramChannel("7100000001:token").read({SECRET_HEADER: ""}, payload("text"))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"update_id": 1, "message": 5}',
        b'{"update_id": 1, "message": {"message_id": 1}}',
        b'{"update_id": 1, "callback_query": {"id": "1", "from": null}}',
    ],
)
def test_what_is_no_update_is_unreadable(channel: TelegramChannel, body: bytes) -> None:
    with pytest.raises(Unreadable):
        channel.read(PROOF, body)


@pytest.mark.parametrize(
    ("given", "dialled"),
    [
        ("+84912345678", "0912345678"),
        ("84912345678", "0912345678"),
        ("+84 28 3822 1234", "02838221234"),
        ("0912 345 678", "0912345678"),
        ("+447911123456", "+447911123456"),
        ("8412345", "+8412345"),
    ],
)
def test_vietnamese_numbers_are_written_as_dialled_at_home(given: str, dialled: str) -> None:
    assert national_number(given) == dialled
