"""The service as a process of its own, which tests may kill, and its staff API."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.processes import ROOT


class Service:
    """A running `python -m bot serve`; `url` is where it serves."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self._process = process
        self.url = url

    async def kill(self) -> None:
        """Like a power cut: nothing is finished."""
        self._process.kill()
        await self._process.wait()

    async def stop(self) -> int:
        """Ask it to stop; its exit code."""
        self._process.terminate()
        return await self._process.wait()

    @classmethod
    @asynccontextmanager
    async def running(
        cls, settings: Mapping[str, str], folder: Path, port: int = 0, module: str = "bot"
    ) -> AsyncIterator[Service]:
        """Serve until the block ends; settings without their prefix, `module` instead of the bot itself."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SANGDEN_")}
        environment |= {f"SANGDEN_{name}": value for name, value in settings.items()}
        environment |= {"SANGDEN_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
        log = folder / "service.log"
        with log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", module, "serve", "--port", str(port)),
                cwd=folder,
                env=environment,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        try:
            yield cls(process, await _address(process))
        finally:
            if process.returncode is None:
                process.kill()
            # What it still wrote is read, so that the pipe is closed before the loop is.
            await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.search(rb"web chat\s+(http://[\d.:]+)/", line):
            return found[1].decode()
    raise RuntimeError("the service did not start; service.log says why")


class Staff:
    """An operator at the staff API."""

    def __init__(self, session: ClientSession, url: str, token: str) -> None:
        self._session, self._url = session, url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def publish(self, ward: str) -> dict[str, Any]:
        return await self._call("POST", "", {"kind": "incident", "scope": {"wards": [ward]}})

    async def change(self, outage: dict[str, Any], **changed: Any) -> dict[str, Any]:
        return await self._call("PATCH", f"/{outage['id']}", changed)

    async def restore(self, outage: dict[str, Any]) -> dict[str, Any]:
        return await self._call("POST", f"/{outage['id']}/restore", {})

    async def counts(self, outage: dict[str, Any]) -> dict[str, int]:
        """How many deliveries stand where."""
        shown: dict[str, int] = (await self._call("GET", f"/{outage['id']}/deliveries", None))["counts"]
        return shown

    async def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        url = f"{self._url}/api/v1/outages{path}"
        async with self._session.request(method, url, json=body, headers=self._headers) as response:
            answer: dict[str, Any] = await response.json()
            assert response.status < 300, answer
            return answer


async def until(condition: Callable[[], bool | Awaitable[bool]], seconds: float = 30.0) -> None:
    """Wait for a condition. Errors: TimeoutError."""
    async with asyncio.timeout(seconds):
        while True:
            true = condition()
            if isinstance(true, bool):
                if true:
                    return
            elif await true:
                return
            await asyncio.sleep(0.02)
