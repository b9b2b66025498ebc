"""Real servers of Debian's packages for tests, each on a free port of loopback with its data in a test's folder."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kafka.apache import free_port

UP_WITHIN_S = 20.0


def program(*names: str) -> str:
    """The path of the first of these programs that is here; the test is skipped where none is."""
    for name in names:
        if found := shutil.which(name):
            return found
    pytest.skip(f"no {names[0]} here: install the Debian package")


def until(holds: Callable[[], object], within_s: float = 10.0, what: str = "it comes true") -> None:
    """Returns once it holds; fails after `within_s`."""
    end = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < end, f"not within {within_s} s: {what}"
        time.sleep(0.02)


class Server:
    """A child process that listens on a port; it can be killed and started again with the same data."""

    def __init__(self, command: list[str], port: int, folder: Path) -> None:
        self.command, self.port, self._folder = command, port, folder
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with (self._folder / "server.log").open("ab") as log:
            self._child = subprocess.Popen(self.command, cwd=self._folder, stdout=log, stderr=log)
        until(self.answers, UP_WITHIN_S, f"{self.command[0]} answers")

    def answers(self) -> bool:
        assert self._child is not None
        assert self._child.poll() is None, (self._folder / "server.log").read_text()[-2_000:]
        with socket.socket() as probe:
            probe.settimeout(1)
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self) -> None:
        if self._child is not None:
            self._child.kill()
            self._child.wait()


def redis_server(folder: Path) -> Server:
    port = free_port()
    path = program("redis-server", "valkey-server")
    return Server([path, "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no"], port, folder)
