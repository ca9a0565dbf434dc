"""Server time that can run faster than the wall, so that retries and expiries can be watched in a test."""

import asyncio
import time


class Clock:
    """Seconds of server time: `speed` of them pass in one real second."""

    def __init__(self, speed: float = 1.0) -> None:
        self._speed = speed
        self._real = time.monotonic()
        self._server = 0.0

    @property
    def speed(self) -> float:
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        if value <= 0:
            raise ValueError("speed must be above 0")
        self._server = self.now()
        self._real = time.monotonic()
        self._speed = value

    def now(self) -> float:
        """Server seconds since the emulator was made."""
        return self._server + (time.monotonic() - self._real) * self._speed

    def real(self, seconds: float) -> float:
        """How many real seconds `seconds` of server time take."""
        return seconds / self._speed

    async def sleep(self, seconds: float) -> None:
        """Wait for so many seconds of server time."""
        await asyncio.sleep(self.real(seconds))
