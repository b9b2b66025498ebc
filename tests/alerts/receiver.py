"""A receiver of webhooks in a process of its own, which can be killed: it honours idempotency keys in a file.

`python -m tests.alerts.receiver PORT FILE POINT STARTED`. Points at which it kills itself, with a message that is
new: `heard` (nothing kept yet), `taken` (kept, not answered).
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from tests.kafka.apache import free_port
from tests.sinks.servers import until


class Receiving:
    """The process, as a test sees it."""

    def __init__(self, file: Path) -> None:
        self._file, self._port = file, free_port()
        self.url = f"http://127.0.0.1:{self._port}/hook"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Receiving:
        self.restart()
        return self

    def __exit__(self, *_: object) -> None:
        self._kill()

    def restart(self, point: str = "none") -> None:
        """Kills it, and starts another one."""
        self._kill()
        command = [sys.executable, "-m", "tests.alerts.receiver", str(self._port), str(self._file), point]
        started = self._file.with_suffix(f".{time.monotonic_ns()}")
        self._process = subprocess.Popen([*command, str(started)], cwd=Path(__file__).parents[2])
        until(started.exists, 30, "the receiver listens")

    def ended(self, within_s: float) -> int:
        assert self._process is not None
        return self._process.wait(within_s)

    def heard(self) -> list[str]:
        """The keys of all requests that were not killed before they were written down."""
        return [line["key"] for line in self._lines()]

    def told(self) -> list[tuple[str, str]]:
        """(status, topic) in the order taken, once by key."""
        first: dict[str, tuple[str, str]] = {}
        for line in self._lines():
            first.setdefault(line["key"], (line["status"], line["topic"]))
        return list(first.values())

    def _lines(self) -> list[dict[str, str]]:
        return [json.loads(line) for line in self._file.read_text().splitlines()] if self._file.exists() else []

    def _kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()


def serve(port: int, file: Path, point: str, started: Path) -> None:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            key = self.headers["Idempotency-Key"]
            new = not file.exists() or key not in file.read_text()
            if point == "heard" and new:
                os.kill(os.getpid(), signal.SIGKILL)
            told = {
                "key": key,
                "status": message["status"],
                "topic": message["alerts"][0]["labels"]["topic"],
            }
            with file.open("a") as kept:
                kept.write(json.dumps(told) + "\n")
                kept.flush()
                os.fsync(kept.fileno())
            if point == "taken" and new:
                os.kill(os.getpid(), signal.SIGKILL)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    with HTTPServer(("127.0.0.1", port), Handler) as server:
        started.touch()
        server.serve_forever()


if __name__ == "__main__":
    serve(int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], Path(sys.argv[4]))
