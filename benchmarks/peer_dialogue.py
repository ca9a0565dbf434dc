"""The peer of the turns benchmark: aiogram's webhook handler and a small dialogue kept in memory only."""

import asyncio
import sys

import uvloop
from aiogram import Bot, Dispatcher
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.fsm.context import FSMContext
from aiogram.fsm.state import State, StatesGroup
from aiogram.fsm.storage.memory import MemoryStorage
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup, Message
from aiogram.webhook.aiohttp_server import SimpleRequestHandler
from aiohttp import web

BUTTONS = InlineKeyboardMarkup(
    inline_keyboard=[
        [InlineKeyboardButton(text=f"Phường {number}", callback_data=f"ward:{number}")] for number in range(4)
    ]
)


class Follow(StatesGroup):
    """Two questions, like our flow of the same purpose."""

    ward = State()
    label = State()


async def answer(message: Message, state: FSMContext) -> None:
    """Ask for a ward, then for its name, then say that it is followed."""
    current = await state.get_state()
    if current is None:
        await state.set_state(Follow.ward)
        await message.answer("Quý khách muốn theo dõi phường nào ạ?", reply_markup=BUTTONS)
    elif current == Follow.ward.state:
        await state.update_data(ward=message.text)
        await state.set_state(Follow.label)
        await message.answer(f"Dạ, {message.text}. Quý khách gọi nơi này là gì?", reply_markup=BUTTONS)
    else:
        kept = await state.get_data()
        await state.clear()
        await message.answer(f"Em sẽ báo cho Quý khách khi {kept['ward']} ({message.text}) có sự cố mất điện.")


async def _serve(api: str, token: str, path: str) -> None:
    bot = Bot(token, session=AiohttpSession(api=TelegramAPIServer.from_base(api)))
    dispatcher = Dispatcher(storage=MemoryStorage())
    dispatcher.message.register(answer)
    app = web.Application()
    SimpleRequestHandler(dispatcher, bot, handle_in_background=False).register(app, path)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    sys.stdout.write(f"{runner.addresses[0][1]}\n")
    sys.stdout.flush()
    # Standard input ends when whoever started this does.
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()
    await bot.session.close()


if __name__ == "__main__":
    uvloop.run(_serve(*sys.argv[1:4]))
