"""How the Telegram channel behaves against a Bot API that refuses, stumbles and goes silent."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from bot.channels import telegram as adapter
from bot.channels.telegram import Commands, TelegramChannel
from bot.channels.telegram_transport import AiohttpRequest
from conversations.model import Photo
from handlers.ports import Outcome, Outgoing, OutgoingButton, Rejected, Sent, TooBig, TryLater, Unreachable
from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram.files import grey_picture
from tests.journeys.service import until

LAN = 5001
HELLO = Outgoing("Chào <b>chị Lan</b>, tối nay có điện lại.")
SECRET = "bi-mat"  # noqa: S105
MENU: Commands = {"vi": [("menu", "Chọn việc cần làm")], "en": [("menu", "What I can do")]}


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator.running() as emulator:
        await emulator.text(LAN, "xin chào", name="Lan")
        yield emulator


@pytest.fixture
async def channel(telegram: TelegramEmulator) -> AsyncIterator[TelegramChannel]:
    channel = TelegramChannel(telegram.token, api_url=telegram.url, secret=SECRET, commands=MENU)
    await channel.start()
    yield channel
    await channel.stop()


async def send(channel: TelegramChannel, message: Outgoing, to: int = LAN) -> Outcome:
    return await channel.send(str(to), message, "key")


async def said(channel: TelegramChannel, message: Outgoing) -> str:
    """The remote id of a message that must have been sent."""
    outcome = await send(channel, message)
    assert isinstance(outcome, Sent)
    return outcome.remote_id


def messages(telegram: TelegramEmulator, chat: int = LAN) -> list[dict[str, Any]]:
    """What the bot's messages in the chat look like, oldest first."""
    return [message for message in telegram.chat(chat)["messages"] if message["from"] == "bot"]


def labels(message: dict[str, Any]) -> list[list[str]]:
    return [[button["label"] for button in row] for row in message["buttons"]]


def buttons(*names: str, nav: tuple[str, ...] = ()) -> tuple[OutgoingButton, ...]:
    answers = tuple(OutgoingButton(name, f"value:{name}") for name in names)
    return answers + tuple(OutgoingButton(name, f"nav:{name}", nav=True) for name in nav)


# --- a message and what it looks like ---------------------------------------------------------------------


async def test_a_message_arrives_with_its_markup_and_without_a_link_preview(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    outcome = await send(channel, HELLO)
    [message] = messages(telegram)
    assert outcome == Sent(str(message["message_id"]))
    assert message["html"] == HELLO.text
    parameters = telegram.calls()[-1]["params"]
    assert parameters["link_preview_options"] == {"is_disabled": True}
    assert "disable_notification" not in parameters
    assert "allow_paid_broadcast" not in parameters


async def test_a_quiet_message_makes_no_sound(telegram: TelegramEmulator, channel: TelegramChannel) -> None:
    await said(channel, Outgoing("Đã ghi nhận.", quiet=True))
    assert telegram.calls()[-1]["params"]["disable_notification"] is True


async def test_a_rate_beyond_the_free_one_is_paid_for(telegram: TelegramEmulator) -> None:
    channel = TelegramChannel(telegram.token, api_url=telegram.url, rate=500)
    await channel.start()
    await said(channel, HELLO)
    await channel.stop()
    assert channel.limits.per_second == 500
    assert telegram.calls()[-1]["params"]["allow_paid_broadcast"] is True


async def test_short_answers_stand_two_in_a_row_and_navigation_in_the_last(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await said(channel, Outgoing("Khu vực nào?", buttons("Quận 1", "Quận 3", "Quận 5", nav=("Quay lại", "Hủy"))))
    [message] = messages(telegram)
    assert labels(message) == [["Quận 1", "Quận 3"], ["Quận 5"], ["Quay lại", "Hủy"]]
    assert message["buttons"][0][1]["data"] == "value:Quận 3"


async def test_one_long_answer_puts_every_answer_in_a_row_of_its_own(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await said(
        channel, Outgoing("Mất điện thế nào?", buttons("Cả khu vực", "Chỉ riêng nhà tôi thôi", nav=("Hủy",)))
    )
    [message] = messages(telegram)
    assert labels(message) == [["Cả khu vực"], ["Chỉ riêng nhà tôi thôi"], ["Hủy"]]


@pytest.mark.parametrize("value", ["", "đ" * 33])
async def test_a_button_that_telegram_cannot_carry_is_rejected_without_a_call(
    telegram: TelegramEmulator, channel: TelegramChannel, value: str
) -> None:
    outcome = await send(channel, Outgoing("Chọn", (OutgoingButton("Có", value),)))
    assert isinstance(outcome, Rejected)
    assert telegram.stats()["sends"] == 0


async def test_a_picture_carries_its_text_and_buttons_as_a_caption(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    remote_id = await said(channel, Outgoing("<b>Tuần này</b>", buttons("Xem thêm"), image=grey_picture()))
    [message] = messages(telegram)
    assert (message["html"], labels(message)) == ("<b>Tuần này</b>", [["Xem thêm"]])
    assert message["photo"]["width"] == 640
    assert remote_id == str(message["message_id"])


async def test_a_text_too_long_for_a_caption_follows_the_picture(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    longest, longer = "<b>đ</b>" + "đ" * 1023, "đ" * 1025
    await said(channel, Outgoing(longest, image=grey_picture()))
    assert len(messages(telegram)) == 1
    remote_id = await said(channel, Outgoing(longer, buttons("Xem thêm"), image=grey_picture()))
    _, picture, text = messages(telegram)
    assert (picture["text"], text["text"]) == ("", longer)
    assert labels(text) == [["Xem thêm"]]
    assert remote_id == str(text["message_id"])


# --- asking for a phone number or a place -----------------------------------------------------------------


@pytest.mark.parametrize(("ask", "request_name"), [("contact", "request_contact"), ("place", "request_location")])
async def test_a_request_without_buttons_goes_with_its_text(
    telegram: TelegramEmulator, channel: TelegramChannel, ask: Any, request_name: str
) -> None:
    await said(channel, Outgoing("Xin cho biết.", ask=ask, ask_label="Chia sẻ"))
    keyboard = telegram.chat(LAN)["keyboard"]
    assert keyboard["buttons"] == [[{"label": "Chia sẻ", request_name: True}]]
    assert keyboard["one_time_keyboard"]
    assert keyboard["resize_keyboard"]
    assert len(messages(telegram)) == 1


async def test_a_request_with_buttons_takes_a_second_message_for_its_keyboard(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    asking = Outgoing("Số điện thoại?", buttons(nav=("Hủy",)), ask="contact", ask_label="Gửi số của tôi")
    remote_id = await said(channel, asking)
    question, keyboard = messages(telegram)
    assert remote_id == str(question["message_id"])
    assert (labels(question), keyboard["text"]) == ([["Hủy"]], "Gửi số của tôi")
    assert telegram.chat(LAN)["keyboard"] is not None


async def test_a_keyboard_that_fails_does_not_have_the_question_repeated(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    asking = Outgoing("Số điện thoại?", buttons(nav=("Hủy",)), ask="contact", ask_label="đ" * 5000)
    assert isinstance(await send(channel, asking), Sent)
    assert [message["text"] for message in messages(telegram)] == ["Số điện thoại?"]


async def test_the_next_message_takes_the_request_keyboard_away(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await said(channel, Outgoing("Ở đâu?", ask="place", ask_label="Gửi vị trí"))
    await said(channel, HELLO)
    assert telegram.chat(LAN)["keyboard"] is None
    assert len(messages(telegram)) == 2
    await said(channel, HELLO)
    assert "reply_markup" not in telegram.calls()[-1]["params"]


@pytest.mark.parametrize("edited", [False, True])
async def test_where_the_next_message_cannot_a_passing_one_takes_it_away(
    telegram: TelegramEmulator, channel: TelegramChannel, edited: bool
) -> None:
    question = await said(channel, Outgoing("Ở đâu?", buttons("Nhà"), ask="place", ask_label="Gửi vị trí"))
    followup = Outgoing("Đúng chưa?", buttons("Đúng", "Sai"), edits=question if edited else None)
    await said(channel, followup)
    assert telegram.chat(LAN)["keyboard"] is None
    assert "…" not in [message["text"] for message in messages(telegram)]
    [answer] = [message for message in messages(telegram) if message["text"] == "Đúng chưa?"]
    assert labels(answer) == [["Đúng", "Sai"]]


# --- edits --------------------------------------------------------------------------------------------------


async def test_an_edit_replaces_text_and_buttons_in_place(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    remote_id = await said(channel, Outgoing("Bước 1", buttons("Tiếp")))
    assert await said(channel, Outgoing("<i>Bước 2</i>", edits=remote_id)) == remote_id
    [message] = messages(telegram)
    assert (message["html"], message["buttons"], message["edits"]) == ("<i>Bước 2</i>", [], 1)


async def test_an_edit_that_changes_nothing_counts_as_sent(channel: TelegramChannel) -> None:
    remote_id = await said(channel, HELLO)
    assert await send(channel, Outgoing(HELLO.text, edits=remote_id)) == Sent(remote_id)


async def test_what_cannot_be_edited_is_said_anew(telegram: TelegramEmulator, channel: TelegramChannel) -> None:
    picture = await said(channel, Outgoing("Bản đồ", image=grey_picture()))
    customers_own = str(telegram.chat(LAN)["messages"][0]["message_id"])
    for number, gone in enumerate([picture, customers_own, "424242", "not-a-number"], start=2):
        remote_id = await said(channel, Outgoing("Bước 2", edits=gone))
        assert len(messages(telegram)) == number
        assert remote_id == str(messages(telegram)[-1]["message_id"])


async def test_a_picture_and_a_request_never_edit(telegram: TelegramEmulator, channel: TelegramChannel) -> None:
    remote_id = await said(channel, HELLO)
    await said(channel, Outgoing("Bản đồ", image=grey_picture(), edits=remote_id))
    await said(channel, Outgoing("Ở đâu?", ask="place", ask_label="Gửi vị trí", edits=remote_id))
    assert [message["text"] for message in messages(telegram)][1:] == ["Bản đồ", "Ở đâu?"]


# --- how a sending can end ----------------------------------------------------------------------------------


async def test_who_blocked_the_bot_is_unreachable(telegram: TelegramEmulator, channel: TelegramChannel) -> None:
    await telegram.block(LAN)
    outcome = await send(channel, HELLO)
    assert isinstance(outcome, Unreachable)
    assert "blocked" in outcome.why


async def test_who_never_wrote_is_unreachable(channel: TelegramChannel) -> None:
    assert isinstance(await send(channel, HELLO, to=424242), Unreachable)


async def test_a_limit_is_kept_for_exactly_as_long_as_telegram_says(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await telegram.script(retry_after=17)
    outcome = await send(channel, HELLO)
    assert isinstance(outcome, TryLater)
    assert (outcome.after, outcome.limited) == (timedelta(seconds=17), True)


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_a_server_in_trouble_is_tried_later(
    telegram: TelegramEmulator, channel: TelegramChannel, status: int
) -> None:
    await telegram.script(status=status)
    outcome = await send(channel, HELLO)
    assert isinstance(outcome, TryLater)
    assert (outcome.after, outcome.limited) == (None, False)
    assert isinstance(await send(channel, HELLO), Sent)


@pytest.mark.parametrize("drop", ["before", "after"])
async def test_a_dropped_connection_is_tried_later_and_not_at_once(
    telegram: TelegramEmulator, channel: TelegramChannel, drop: Any
) -> None:
    await telegram.script(drop=drop)
    outcome = await send(channel, HELLO)
    assert isinstance(outcome, TryLater)
    assert outcome.after is None
    assert telegram.stats()["sends"] == (drop == "after")


async def test_silence_is_tried_later(telegram: TelegramEmulator) -> None:
    channel = TelegramChannel(telegram.token, api_url=telegram.url, request=AiohttpRequest(read=0.1))
    await channel.start()
    await telegram.script(method="sendMessage", hang=1.0)
    outcome = await send(channel, HELLO)
    await channel.stop()
    assert isinstance(outcome, TryLater)
    assert (outcome.after, outcome.why) == (None, "Timed out")


async def test_a_chat_that_moved_gets_the_message_at_its_new_address(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await telegram.know([-1001])
    await telegram.script(chat=LAN, migrate_to_chat_id=-1001)
    outcome = await send(channel, HELLO)
    [message] = messages(telegram, -1001)
    assert outcome == Sent(str(message["message_id"]), moved_to="-1001")


async def test_a_chat_that_moves_in_circles_is_tried_later(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await telegram.script(migrate_to_chat_id=-1001, times=2)
    assert isinstance(await send(channel, HELLO), TryLater)


async def test_markup_that_telegram_cannot_parse_is_sent_as_plain_words(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    broken = "<b>Sửa chữa</b> trạm <P&amp;L, 3 &lt; 4"
    with capture_logs() as logs:
        await said(channel, Outgoing(broken))
        await said(channel, Outgoing(broken, image=grey_picture()))
    assert [message["text"] for message in messages(telegram)] == ["Sửa chữa trạm <P&L, 3 < 4"] * 2
    assert {entry["log_level"] for entry in logs} == {"error"}


async def test_plain_words_are_tried_only_once(telegram: TelegramEmulator, channel: TelegramChannel) -> None:
    await telegram.script(status=400, description="Bad Request: can't parse entities: whatever", times=2)
    assert isinstance(await send(channel, HELLO), Rejected)
    assert isinstance(await send(channel, HELLO), Sent)


@pytest.mark.parametrize("text", ["", "đ" * 4097])
async def test_a_text_that_telegram_never_takes_is_rejected(channel: TelegramChannel, text: str) -> None:
    assert isinstance(await send(channel, Outgoing(text)), Rejected)


@pytest.mark.parametrize("length", [20, 2000])
async def test_a_picture_that_telegram_never_takes_is_left_out(
    telegram: TelegramEmulator, channel: TelegramChannel, length: int
) -> None:
    with capture_logs() as logs:
        for refused in (b"no picture at all", grey_picture(8000, 4000)):
            await said(channel, Outgoing("đ" * length, buttons("Xem thêm"), image=refused))
        await telegram.script(method="sendPhoto", status=413)
        await said(channel, Outgoing("đ" * length, buttons("Xem thêm"), image=grey_picture()))
    assert [(message["text"], labels(message)) for message in messages(telegram)] == [
        ("đ" * length, [["Xem thêm"]])
    ] * 3
    assert [entry["log_level"] for entry in logs] == ["error"] * 3


async def test_a_picture_that_arrived_is_not_repeated_when_its_text_did_not(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    message = Outgoing("đ" * 2000, image=grey_picture())
    await telegram.script(method="sendMessage", status=502, times=2)
    assert isinstance(await send(channel, message), TryLater)
    assert isinstance(await send(channel, message), TryLater)
    await said(channel, message)
    assert [message["text"] for message in messages(telegram)] == ["", "đ" * 2000]
    # Once it is settled the same key means another message.
    await said(channel, message)
    assert len(messages(telegram)) == 4


async def test_who_blocked_the_bot_is_not_sent_the_text_either(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await telegram.block(LAN)
    assert isinstance(await send(channel, Outgoing("Bản đồ", image=grey_picture())), Unreachable)
    assert len(telegram.calls()) == len([call for call in telegram.calls() if call["method"] != "sendMessage"])


async def test_a_text_beyond_the_servers_patience_is_rejected(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await telegram.script(status=413)
    assert isinstance(await send(channel, HELLO), Rejected)


async def test_a_wrong_token_burns_no_messages_and_is_logged(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await telegram.script(status=401)
    with capture_logs() as logs:
        outcome = await send(channel, HELLO)
    assert isinstance(outcome, TryLater)
    assert (outcome.after, outcome.limited) == (timedelta(minutes=5), False)
    assert [entry["log_level"] for entry in logs] == ["error"]


@pytest.mark.parametrize("body", [b"<html>", b"null", b'{"ok": true}', b'"result"', b'{"result": true}'])
async def test_an_answer_that_is_no_answer_is_tried_later(body: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body)

    app = web.Application()
    app.router.add_post("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    request = AiohttpRequest()
    await request.initialize()
    channel = TelegramChannel("1:a", api_url=f"http://127.0.0.1:{runner.addresses[0][1]}", request=request)
    outcome = await send(channel, HELLO)
    await request.shutdown()
    await runner.cleanup()
    assert isinstance(outcome, TryLater)


async def test_a_channel_that_is_stopped_sends_later(channel: TelegramChannel) -> None:
    await channel.stop()
    assert isinstance(await send(channel, HELLO), TryLater)


async def test_a_sending_that_is_cancelled_is_cancelled(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await telegram.script(hang=5.0)
    sending = asyncio.create_task(send(channel, HELLO))
    await asyncio.sleep(0.05)
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


# --- everything else ----------------------------------------------------------------------------------------


async def test_a_press_is_acknowledged_and_a_late_acknowledgement_does_no_harm(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await said(channel, Outgoing("Chọn", buttons("Có")))
    press = await telegram.press(LAN, label="Có")
    [incoming] = channel.read_update(press)
    assert incoming.ack is not None
    await channel.acknowledge(incoming.ack)
    assert telegram.chat(LAN)["notices"] == [{"text": "", "alert": False}]
    await channel.acknowledge("1")
    assert telegram.calls()[-1]["status"] == 400


async def test_typing_is_shown_and_fails_silently(telegram: TelegramEmulator, channel: TelegramChannel) -> None:
    await channel.typing(str(LAN))
    assert telegram.chat(LAN)["last_action"] == "typing"
    await channel.typing("424242")


async def fetched(channel: TelegramChannel, ref: str) -> bytes:
    return b"".join([piece async for piece in channel.fetch(ref)])


async def test_a_photo_is_fetched_in_its_largest_size(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    picture = grey_picture(1600, 1200)
    [incoming] = channel.read_update(await telegram.photo(LAN, data=picture))
    assert await fetched(channel, incoming.event.ref) == picture  # type: ignore[union-attr]


async def test_a_document_that_may_be_a_paper_is_fetched_and_keeps_its_name(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    update = await telegram.document(LAN, name="so-do.pdf", base64=b64encode(b"%PDF-1.7 x").decode())
    [incoming] = channel.read_update(update)
    assert isinstance(incoming.event, Photo)
    assert incoming.event.name == "so-do.pdf"
    assert await fetched(channel, incoming.event.ref) == b"%PDF-1.7 x"


async def test_a_file_that_is_too_large_gone_or_out_of_reach_is_an_os_error(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    large = await telegram.document(LAN, size=60 * 1024 * 1024)
    with pytest.raises(TooBig):
        await fetched(channel, large["message"]["document"]["file_id"])
    with pytest.raises(OSError, match="file_id"):
        await fetched(channel, "nothing")
    await telegram.script(drop="before")
    with pytest.raises(OSError, match="Disconnected"):
        await fetched(channel, "nothing")


async def test_commands_are_set_for_everyone_and_for_those_who_read_english(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    await telegram.text(5002, "hi", language="en")
    await telegram.text(5003, "salut", language="fr")
    shown = {chat: telegram.chat(chat)["commands"][0]["description"] for chat in (LAN, 5002, 5003)}
    assert shown == {LAN: "Chọn việc cần làm", 5002: "What I can do", 5003: "Chọn việc cần làm"}


async def test_the_service_starts_without_telegram_which_is_found_later(
    telegram: TelegramEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "_FOREGROUND", 0.1)
    monkeypatch.setattr(adapter, "growing", lambda longest: iter([0.01, 2.0, 3600.0]))
    await telegram.script(method="getMe", status=502, times=2)
    channel = TelegramChannel(telegram.token, api_url=telegram.url, commands=MENU)
    with capture_logs() as logs:
        await channel.start()
        assert isinstance(await send(channel, HELLO), Sent)
        assert telegram.chat(LAN)["commands"] == []
        await until(lambda: bool(telegram.chat(LAN)["commands"]))
    await channel.stop()
    assert [entry["again_in"] for entry in logs] == [0.01, 2.0]


async def test_a_token_that_is_refused_at_the_start_is_not_logged_itself(
    telegram: TelegramEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adapter, "_FOREGROUND", 0.1)
    channel = TelegramChannel("7100000001:geheim", api_url=telegram.url)
    with capture_logs() as logs:
        await channel.start()
        await until(lambda: bool(logs))
    await channel.stop()
    assert logs[0]["event"] == "telegram refuses the token"
    assert "geheim" not in str(logs)


async def test_a_channel_can_be_stopped_while_it_looks_for_telegram(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(adapter, "_FOREGROUND", 0.1)
    channel = TelegramChannel("1:a", api_url="http://127.0.0.1:1")
    await channel.start()
    async with asyncio.timeout(30):  # Telegram is never found
        await channel.stop()


async def test_the_webhook_is_registered_with_its_secret_and_is_then_readable(
    telegram: TelegramEmulator, channel: TelegramChannel
) -> None:
    posted: asyncio.Queue[tuple[Any, bytes]] = asyncio.Queue()

    async def take(request: web.Request) -> web.Response:
        await posted.put((request.headers, await request.read()))
        return web.json_response(channel.acknowledge_body("1"))

    app = web.Application()
    app.router.add_post("/webhooks/telegram", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    await channel.register_webhook(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    [incoming] = channel.read(*await asyncio.wait_for(posted.get(), 30))
    info = telegram.delivery.webhook_info()
    await telegram.delivery.stop()
    await runner.cleanup()
    assert (incoming.sender, incoming.shown) == (str(LAN), "xin chào")
    assert info["max_connections"] == 40
    assert info["allowed_updates"] == ["message", "callback_query", "my_chat_member"]
