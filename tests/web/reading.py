"""A reader of server-sent events that knows nothing of the server: a socket, HTTP/1.1, chunks, events."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

WAITS_S = 15.0


@dataclass(frozen=True)
class Event:
    """One event: its name, its id (empty if it has none) and its data."""

    name: str
    id: str
    data: bytes


class Reader:
    """A connection that asked for a stream. Nothing is read before `events` is asked; a silence of WAITS_S is a
    TimeoutError. `ended` once the server has ended the stream as HTTP wants it: with an empty chunk."""

    def __init__(self, address: str, path: str, last_id: str = "", buffer: int = 0) -> None:
        """`buffer`: bytes that the system may hold for a reader that does not read."""
        parts = urlsplit(address)
        self.ended = False
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.settimeout(WAITS_S)
        try:
            self.socket.connect((parts.hostname, parts.port))
        except OSError:
            self.socket.close()
            raise
        last = f"Last-Event-ID: {last_id}\r\n" if last_id else ""
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{last}\r\n".encode())
        self._file = self.socket.makefile("rb")

    def head(self) -> list[str]:
        """The status line and the headers, lower case."""
        lines = iter(self._file.readline, b"\r\n")
        return [line.decode().strip().lower() for line in lines]

    def events(self) -> Iterator[Event]:
        """Every event, until the stream ends."""
        rest = b""
        for chunk in self._chunks():
            *blocks, rest = (rest + chunk).split(b"\n\n")
            for block in blocks:
                fields = dict(line.partition(b": ")[::2] for line in block.split(b"\n"))
                if b"event" in fields:
                    name, of = fields[b"event"].decode(), fields.get(b"id", b"").decode()
                    yield Event(name, of, fields[b"data"])

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._file.readline() or b"0", 16):
            yield self._file.read(size + 2)[:-2]
        self.ended = self._file.readline() == b"\r\n"

    def close(self) -> None:
        self._file.close()
        self.socket.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
