"""An offline Telegram: the Bot API on loopback, with control calls to act as customers and to fail on purpose."""

from tests.emulators.telegram.clock import Clock
from tests.emulators.telegram.emulator import TelegramEmulator
from tests.emulators.telegram.state import TOKEN

__all__ = ["TOKEN", "Clock", "TelegramEmulator"]
