"""A receiver of webhooks for tests: it answers as it is told, and honours idempotency keys."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hook:
    """Listens on loopback. `answers`: status for (number of the request, counted from 1)."""

    def __init__(self, answers: Callable[[int], int] = lambda _: 200) -> None:
        self.requests: list[tuple[str, dict[str, str], bytes]] = []  # path, headers, body
        self.taken: dict[str, dict[str, Any]] = {}  # idempotency key -> message, once
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = dict(self.headers.items())
                hook.requests.append((self.path, headers, body))
                status = answers(len(hook.requests))
                if status < 300 and "Idempotency-Key" in headers:
                    hook.taken.setdefault(headers["Idempotency-Key"], json.loads(body))
                self.send_response(status)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> Hook:
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def told(self) -> list[tuple[str, str]]:
        """(status, topic) in the order taken."""
        return [(one["status"], one["alerts"][0]["labels"]["topic"]) for one in self.taken.values()]
