"""The real python-telegram-bot client must not be able to tell the Telegram emulator from Telegram."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeChat,
    CallbackQuery,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputMediaPhoto,
    KeyboardButton,
    MenuButtonCommands,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    Update,
)
from telegram.constants import ParseMode
from telegram.error import BadRequest, EndPointNotFound, Forbidden, InvalidToken, NetworkError

from tests.emulators.telegram import TelegramEmulator
from tests.emulators.telegram.entities import format_text
from tests.emulators.telegram.errors import ApiError, ControlError
from tests.emulators.telegram.files import grey_picture
from tests.emulators.telegram.keyboards import read_markup

AN = 1001
BUTTONS = InlineKeyboardMarkup(
    [
        [InlineKeyboardButton("Nhà tôi", callback_data="place:1")],
        [
            InlineKeyboardButton("Huỷ", callback_data="cancel"),
            InlineKeyboardButton("Trang", url="https://evn.vn"),
        ],
    ]
)


@pytest.fixture
async def emulator() -> AsyncIterator[TelegramEmulator]:
    async with TelegramEmulator.running(speed=100) as running:
        await running.text(AN, "/start", name="An", username="an_nguyen", language="vi")
        yield running


@pytest.fixture
async def bot(emulator: TelegramEmulator) -> AsyncIterator[Bot]:
    async with Bot(emulator.token, emulator.base_url, emulator.base_file_url) as bot:
        yield bot


async def newest(bot: Bot, kind: str) -> Update:
    """The newest update, which the control call before this line made."""
    return (await bot.get_updates(offset=-1, allowed_updates=[]))[-1]


async def pressed(bot: Bot) -> CallbackQuery:
    query = (await newest(bot, "callback_query")).callback_query
    assert query is not None
    return query


async def test_the_client_starts_and_learns_who_it_is(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.is_bot, me.username, me.can_join_groups) == (True, "emulated_bot", True)


async def test_the_first_words_arrive_as_a_command_of_a_person(bot: Bot) -> None:
    [update] = await bot.get_updates()
    message = update.message
    assert message is not None
    assert message.from_user is not None
    assert (message.text, message.from_user.language_code, message.from_user.is_bot) == ("/start", "vi", False)
    assert message.chat.username == "an_nguyen"
    assert [entity.type for entity in message.entities] == ["bot_command"]
    assert abs(message.date - datetime.now(UTC)) < timedelta(seconds=5)


async def test_html_becomes_text_and_entities_counted_in_utf_16(bot: Bot, emulator: TelegramEmulator) -> None:
    html = '⚡️💡 <b>Mất điện</b> &lt;Quận 1&gt; <a href="https://evn.vn/x">xem</a>'
    sent = await bot.send_message(AN, html, parse_mode=ParseMode.HTML)
    assert sent.text == "⚡️💡 Mất điện <Quận 1> xem"
    bold, link = sent.entities
    assert (bold.type, bold.offset, bold.length) == ("bold", 5, 8)
    assert (link.type, link.url) == ("text_link", "https://evn.vn/x")
    assert sent.text_html == html
    assert emulator.chat(AN)["messages"][-1]["html"] == html


@pytest.mark.parametrize(
    ("html", "complaint"),
    [
        ("<b>đậm", 'Can\'t find end tag corresponding to start tag "b"'),
        ("a <div>b</div>", 'Unsupported start tag "div" at byte offset 2'),
        ("điện < 5", 'Unsupported start tag "" at byte offset 8'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("x <b", "Unclosed start tag at byte offset 2"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
async def test_broken_html_is_refused_in_the_words_of_the_server(bot: Bot, html: str, complaint: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await bot.send_message(AN, html, parse_mode=ParseMode.HTML)
    # The client shows descriptions capitalised: all but the first letter in lower case.
    assert refused.value.message == f"can't parse entities: {complaint}".capitalize()


def test_styles_nest_and_touching_ones_join() -> None:
    formatted = format_text("<b>a<i>b</i></b><b>c</b> <pre><code class='language-py'>x</code></pre>", "HTML")
    assert [(one["type"], one["offset"], one["length"]) for one in formatted.entities] == [
        ("bold", 0, 3),
        ("italic", 1, 1),
        ("pre", 4, 1),
    ]
    assert formatted.entities[-1]["language"] == "py"


def test_what_telegram_makes_touchable_is_found_outside_code() -> None:
    formatted = format_text("xem evn.vn hay /huy, @an_nguyen #MấtĐiện 12/10/2026 <code>/start</code>", "HTML")
    kinds = [one["type"] for one in formatted.entities]
    assert kinds == ["url", "bot_command", "mention", "hashtag", "code"]


async def test_limits_count_after_the_entities_are_parsed(bot: Bot) -> None:
    sent = await bot.send_message(AN, "<b>" + "đ" * 4096 + "</b>", parse_mode=ParseMode.HTML)
    assert sent.text == "đ" * 4096
    with pytest.raises(BadRequest, match="Message is too long"):
        await bot.send_message(AN, "đ" * 4097)
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.edit_message_text("đ" * 4097, AN, sent.message_id)
    with pytest.raises(BadRequest, match="Message caption is too long"):
        await bot.send_photo(AN, grey_picture(), caption="x" * 1025)
    for nothing in ("", " \n ", "<b> </b>"):
        with pytest.raises(BadRequest, match="Message text is empty"):
            await bot.send_message(AN, nothing, parse_mode=ParseMode.HTML)


@pytest.mark.parametrize(
    ("markup", "complaint"),
    [
        ([[{"text": "x", "callback_data": "đ" * 33}]], "Button_data_invalid"),
        ([[{"text": "x", "callback_data": "x"}] * 8] * 13, "Reply markup is too long"),
        (
            [[{"text": "x"}]],
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
        ),
        (
            [[{"text": "x", "url": "http://localhost/a"}]],
            "inline keyboard button URL 'http://localhost/a' is invalid: Wrong HTTP URL",
        ),
    ],
)
async def test_keyboards_that_telegram_refuses_are_refused(bot: Bot, markup: object, complaint: str) -> None:
    keyboard = InlineKeyboardMarkup.de_json({"inline_keyboard": markup}, bot)
    with pytest.raises(BadRequest, match=complaint.capitalize()):
        await bot.send_message(AN, "x", reply_markup=keyboard)


async def test_a_pressed_button_comes_with_the_message_it_stands_under(
    bot: Bot, emulator: TelegramEmulator
) -> None:
    old = await bot.send_message(AN, "Chọn:", reply_markup=BUTTONS)
    new = await bot.send_message(AN, "Chọn lại:", reply_markup=BUTTONS)
    await emulator.press(AN, label="Huỷ")
    query = await pressed(bot)
    assert (query.data, query.from_user.id, query.message) == ("cancel", AN, new)
    assert query.chat_instance
    await emulator.press(AN, data="place:1", message_id=old.message_id)
    assert (await pressed(bot)).message == old
    assert await query.answer("Đã huỷ", show_alert=True)
    assert emulator.chat(AN)["notices"] == [{"text": "Đã huỷ", "alert": True}]
    with pytest.raises(ControlError, match="does not call the bot"):
        await emulator.press(AN, label="Trang")


async def test_a_press_can_be_answered_only_for_a_while(bot: Bot, emulator: TelegramEmulator) -> None:
    await bot.send_message(AN, "Chọn:", reply_markup=BUTTONS)
    await emulator.press(AN, label="Huỷ")
    query = await pressed(bot)
    await emulator.options(speed=100_000)
    await emulator.world.clock.sleep(151)
    for too_late in (query.id, "123"):
        with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is"):
            await bot.answer_callback_query(too_late)


async def test_editing_replaces_text_and_buttons_and_refuses_no_change(
    bot: Bot, emulator: TelegramEmulator
) -> None:
    sent = await bot.send_message(AN, "Một", reply_markup=BUTTONS)
    edited = await bot.edit_message_text("Hai", AN, sent.message_id)
    assert isinstance(edited, type(sent))
    assert (edited.text, edited.reply_markup, edited.date) == ("Hai", None, sent.date)
    assert edited.edit_date is not None
    with pytest.raises(BadRequest, match="Message is not modified"):
        await bot.edit_message_text("<i></i>Hai", AN, sent.message_id, parse_mode=ParseMode.HTML)
    await bot.edit_message_reply_markup(AN, sent.message_id, reply_markup=BUTTONS)
    shown = emulator.chat(AN)["messages"][-1]
    assert (shown["text"], shown["edits"]) == ("Hai", 2)
    assert [[button["label"] for button in row] for row in shown["buttons"]] == [["Nhà tôi"], ["Huỷ", "Trang"]]
    with pytest.raises(ControlError, match="shows no button"):
        await emulator.press(AN, label="Không có")


async def test_what_cannot_be_edited_or_deleted_is_refused(bot: Bot, emulator: TelegramEmulator) -> None:
    keyboard = await bot.send_message(AN, "x", reply_markup=ReplyKeyboardMarkup([["A"]]))
    removed = await bot.send_message(AN, "x", reply_markup=ReplyKeyboardRemove())
    theirs = (await emulator.text(AN, "của tôi"))["message"]["message_id"]
    for number in (keyboard.message_id, removed.message_id, theirs):
        with pytest.raises(BadRequest, match="Message can't be edited"):
            await bot.edit_message_text("y", AN, number)
    with pytest.raises(BadRequest, match="Message to edit not found"):
        await bot.edit_message_text("y", AN, 999_999)
    assert await bot.delete_message(AN, keyboard.message_id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(AN, keyboard.message_id)


async def test_a_photo_goes_up_comes_back_in_sizes_and_goes_again_by_id(
    bot: Bot, emulator: TelegramEmulator
) -> None:
    picture = grey_picture(1000, 500)
    sent = await bot.send_photo(AN, picture, caption="<b>Sơ đồ</b>", parse_mode=ParseMode.HTML)
    assert [size.width for size in sent.photo] == [90, 320, 800, 1000]
    assert (sent.caption, sent.caption_html) == ("Sơ đồ", "<b>Sơ đồ</b>")
    again = await bot.send_photo(AN, sent.photo[-1].file_id)
    assert again.photo == sent.photo
    await bot.edit_message_caption(AN, sent.message_id, caption="Khác")
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("y", AN, sent.message_id)
    changed = await bot.edit_message_media(InputMediaPhoto(grey_picture(50, 50), "Mới"), AN, sent.message_id)
    assert isinstance(changed, type(sent))
    assert (changed.caption, changed.photo[-1].width) == ("Mới", 50)
    with pytest.raises(BadRequest, match="Failed to get http url content"):
        await bot.send_photo(AN, "https://example.com/a.jpg")
    with pytest.raises(BadRequest, match="Image_process_failed"):
        await bot.send_photo(AN, b"not a picture")


async def test_what_a_customer_sends_can_be_downloaded_up_to_20_megabytes(
    bot: Bot, emulator: TelegramEmulator
) -> None:
    picture = grey_picture(300, 200)
    await emulator.photo(AN, data=picture, caption="công tơ #123a")
    photo = (await newest(bot, "message")).message
    assert photo is not None
    assert photo.caption == "công tơ #123a"
    file = await bot.get_file(photo.photo[-1].file_id)
    assert bytes(await file.download_as_bytearray()) == picture
    await emulator.document(AN, size=20 * 1024 * 1024 + 1)
    document = (await newest(bot, "message")).message
    assert document is not None
    assert document.document is not None
    with pytest.raises(BadRequest, match="File is too big"):
        await bot.get_file(document.document.file_id)
    with pytest.raises(BadRequest, match="Wrong file_id"):
        await bot.get_file("nonsense")


async def test_contact_place_sticker_and_voice_arrive_as_the_client_knows_them(
    bot: Bot, emulator: TelegramEmulator
) -> None:
    await emulator.contact(AN, "+84901234567")
    await emulator.contact(AN, "+84909999999", own=False)
    await emulator.place(AN, 10.77, 106.7)
    await emulator.sticker(AN)
    await emulator.voice(AN)
    messages = [update.message for update in await bot.get_updates()]
    _, own, other, place, sticker, voice = [message for message in messages if message is not None]
    assert own.contact is not None
    assert (own.contact.phone_number, own.contact.user_id) == ("+84901234567", AN)
    assert other.contact is not None
    assert other.contact.user_id != AN
    assert place.location is not None
    assert place.location.latitude == 10.77
    assert sticker.sticker is not None
    assert voice.voice is not None


async def test_the_reply_keyboard_stays_until_used_once_or_removed(bot: Bot, emulator: TelegramEmulator) -> None:
    phone = KeyboardButton("Gửi số điện thoại", request_contact=True)
    markup = ReplyKeyboardMarkup([["Bỏ qua"], [phone]], resize_keyboard=True, one_time_keyboard=True)
    await bot.send_message(AN, "Số điện thoại?", reply_markup=markup)
    shown = emulator.chat(AN)["keyboard"]
    assert shown["buttons"] == [[{"label": "Bỏ qua"}], [{"label": "Gửi số điện thoại", "request_contact": True}]]
    with pytest.raises(ControlError, match="shows no button"):
        await emulator.press(AN, label="Gửi số điện thoại")
    update = await emulator.press(AN, label="Bỏ qua")
    assert update["message"]["text"] == "Bỏ qua"
    assert emulator.chat(AN)["keyboard"] is None
    await bot.send_message(AN, "Menu", reply_markup=ReplyKeyboardMarkup([["A"]]))
    await bot.send_message(AN, "Hết", reply_markup=ReplyKeyboardRemove())
    assert emulator.chat(AN)["keyboard"] is None


async def test_documents_places_actions_and_replies_work(bot: Bot, emulator: TelegramEmulator) -> None:
    sent = await bot.send_document(AN, b"%PDF", filename="lich-cat-dien.pdf", caption="Lịch")
    assert sent.document is not None
    assert (sent.document.file_name, sent.document.file_size) == ("lich-cat-dien.pdf", 4)
    place = await bot.send_location(AN, 10.5, 106.5, reply_to_message_id=sent.message_id)
    assert place.reply_to_message is not None
    assert place.reply_to_message.message_id == sent.message_id
    assert await bot.send_chat_action(AN, "typing")
    assert emulator.chat(AN)["last_action"] == "typing"
    with pytest.raises(BadRequest, match="Message to be replied not found"):
        await bot.send_message(AN, "x", reply_to_message_id=999_999)


async def test_the_menu_of_commands_follows_scope_then_language(bot: Bot, emulator: TelegramEmulator) -> None:
    await bot.set_my_commands([BotCommand("help", "Help")])
    await bot.set_my_commands([BotCommand("giup", "Giúp")], BotCommandScopeAllPrivateChats(), "vi")
    assert [one["command"] for one in emulator.chat(AN)["commands"]] == ["giup"]
    await bot.set_my_commands([("rieng", "Riêng")], BotCommandScopeChat(AN))
    assert [one["command"] for one in emulator.chat(AN)["commands"]] == ["rieng"]
    await bot.delete_my_commands(BotCommandScopeChat(AN))
    assert await bot.get_my_commands(BotCommandScopeChat(AN)) == ()
    assert await bot.get_my_commands() == (BotCommand("help", "Help"),)
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([("Giúp", "x")])
    await bot.set_my_description("Báo mất điện", "vi")
    await bot.set_my_short_description("Báo mất điện")
    assert (await bot.get_my_description("vi")).description == "Báo mất điện"
    assert await bot.set_chat_menu_button(AN, MenuButtonCommands())


async def test_a_bot_cannot_write_first_nor_to_those_who_blocked_it(bot: Bot, emulator: TelegramEmulator) -> None:
    with pytest.raises(BadRequest, match="Chat not found"):
        await bot.send_message(2002, "Chào")
    await emulator.options(known_chats_only=False)
    assert (await bot.send_message(2002, "Chào")).chat.id == 2002
    await emulator.block(AN)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(AN, "Chào")
    change = (await newest(bot, "my_chat_member")).my_chat_member
    assert change is not None
    assert (change.old_chat_member.status, change.new_chat_member.status) == ("member", "kicked")
    with pytest.raises(ControlError, match="unblock first"):
        await emulator.text(AN, "Chào")
    await emulator.unblock(AN)
    assert (await bot.send_message(AN, "Chào")).text == "Chào"


async def test_wrong_tokens_and_unknown_methods_are_told_apart(bot: Bot, emulator: TelegramEmulator) -> None:
    with pytest.raises(EndPointNotFound):
        await bot.do_api_request("sendTelepathy")
    with pytest.raises(InvalidToken):
        async with Bot("1:wrong", emulator.base_url):
            pass
    async with aiohttp.ClientSession() as http, http.get(f"{emulator.base_url}1:wrong/getMe") as answer:
        assert answer.status == 401
        assert await answer.json() == {"ok": False, "error_code": 401, "description": "Unauthorized"}


async def test_all_four_encodings_and_any_case_of_the_method_are_understood(emulator: TelegramEmulator) -> None:
    url = f"{emulator.base_url}{emulator.token}/SENDmessage"
    form = {"chat_id": str(AN), "text": "chào & <b>", "disable_notification": "true"}
    multipart = aiohttp.FormData(form, default_to_multipart=True)
    async with aiohttp.ClientSession() as http:
        answers = [
            await http.get(url, params=form),
            await http.post(url, data=form),
            await http.post(url, data=multipart),
            await http.post(url, json={"chat_id": AN, "text": "chào & <b>"}),
        ]
        assert [(await answer.json())["result"]["text"] for answer in answers] == ["chào & <b>"] * 4
        broken = await http.post(url, data=b"{", headers={"Content-Type": "application/json"})
        assert broken.status == 400


async def test_a_long_text_arrives_in_pieces_as_the_apps_send_it(bot: Bot, emulator: TelegramEmulator) -> None:
    await emulator.text(AN, "x" * 10_000)
    texts = [update.message.text for update in await bot.get_updates() if update.message]
    assert [len(text or "") for text in texts] == [6, 4096, 4096, 1808]


async def test_an_upload_above_50_megabytes_is_too_large(bot: Bot) -> None:
    with pytest.raises(NetworkError, match="Request Entity Too Large"):
        await bot.send_document(AN, bytes(50 * 1024 * 1024 + 1))


async def test_the_control_calls_do_the_same_over_http(emulator: TelegramEmulator) -> None:
    control = f"{emulator.url}/_control"
    async with aiohttp.ClientSession() as http:
        said = await http.post(f"{control}/text", json={"chat": 7, "text": "Chào", "name": "Bình"})
        assert (await said.json())["message"]["from"]["first_name"] == "Bình"
        chat = await (await http.get(f"{control}/chats/7")).json()
        assert [(message["from"], message["text"]) for message in chat["messages"]] == [("user", "Chào")]
        await http.get(f"{emulator.base_url}{emulator.token}/sendMessage?chat_id=7&text=a")
        calls = await (await http.get(f"{control}/calls")).json()
        assert (calls[-1]["method"], calls[-1]["params"]["text"], calls[-1]["status"]) == ("sendmessage", "a", 200)
        stats = await (await http.get(f"{control}/stats")).json()
        assert (stats["sent"], stats["sends"]) == ({"7": 1}, 1)
        for path, body in (
            ("press", {"chat": 7, "label": "?"}),
            ("text", {"chat": 7}),
            ("photo", {"chat": 7, "x": 1}),
        ):
            refused = await http.post(f"{control}/{path}", json=body)
            assert refused.status == 400
            assert (await refused.json())["error"]
        await http.post(f"{control}/reset")
        assert (await http.get(f"{control}/chats/7")).status == 404


async def test_as_a_module_it_prints_its_address_and_serves() -> None:
    command = (sys.executable, "-m", "tests.emulators.telegram", "--port", "0", "--token", "5:own")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        async with Bot("5:own", f"{url}/bot") as other:
            assert other.id == 5
    finally:
        process.terminate()
        assert await process.wait() == 0


def test_reply_keyboards_without_buttons_are_refused() -> None:
    with pytest.raises(ApiError, match="keyboard can't be empty"):
        read_markup(json.dumps({"keyboard": []}))
