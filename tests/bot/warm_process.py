"""The process behind `tests.bot.warm`: imports the service, then forks into the commands it is asked for."""

import json
import os
import random
import socket
import sys
import threading
import time
from collections.abc import Sequence

from bot import garbage
from bot.__main__ import main
from tests.bot.warm import NUMBER


def serve(line: socket.socket) -> list[str] | None:
    """Fork for each request until nobody can make any; in the fork, the arguments of the command it is to be."""
    assert threading.active_count() == 1, "a process with threads cannot be forked"
    children = set[int]()
    while True:
        size, files, _, _ = socket.recv_fds(line, NUMBER.size, 4)
        children -= {child for child in children if os.waitpid(child, 0 if not size else os.WNOHANG)[0]}
        if not size:
            return None
        arguments, directory, environment = json.loads(_whole(line, NUMBER.unpack(size)[0]))
        if child := os.fork():
            children.add(child)
        else:
            line.close()
            _guarded(files)
            _move(directory, environment)
            return list(arguments)
        for file in files:
            os.close(file)


def _whole(line: socket.socket, size: int) -> bytes:
    said = b""
    while len(said) < size:
        said += line.recv(size - len(said))
    return said


def _guarded(files: Sequence[int]) -> None:
    """Fork once more: the older process reports the younger's pid and exit code, and only the younger returns."""
    *standard, report = files
    if pid := os.fork():
        for file in standard:
            os.close(file)
        os.write(report, NUMBER.pack(pid))
        _, status = os.waitpid(pid, 0)
        os.write(report, NUMBER.pack(os.waitstatus_to_exitcode(status)))
        os._exit(0)
    os.close(report)
    for number, file in enumerate(standard):
        os.dup2(file, number)
        os.close(file)


def _move(directory: str, environment: dict[str, str]) -> None:
    """Into the folder and the environment of the command, with random numbers of its own."""
    os.chdir(directory)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    random.seed()


if __name__ == "__main__":
    garbage.collect_rarely()
    wanted = serve(socket.socket(fileno=int(sys.argv[1])))
    if wanted is not None:
        sys.argv = ["sangden", *wanted]
        main()
