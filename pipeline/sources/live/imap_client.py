"""As much of IMAP as reading a mailbox needs (RFC 3501, IDLE of RFC 2177), on asyncio streams."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import ssl
from dataclasses import dataclass

from pipeline.sources.live.model import AccessError, Fact, SourceError

LINE_BYTES = 64 << 10
LITERAL_BYTES = 1 << 20
ANSWERS_WITHIN_S = 30.0
_SHIFTED = re.compile(r"[^\x20-\x7e]+")
_WRITTEN = re.compile(r"&[A-Za-z0-9+,]*-")
_LITERAL = re.compile(rb"\{(\d{1,10})\+?\}\r\n\Z")


@dataclass(slots=True)
class Answer:
    """One untagged response: its line, and the literals in it."""

    line: bytes
    literals: list[bytes]


class ImapClient:
    """One connection; open it with `connect`, end it with `close`. Every call raises SourceError, OSError or
    TimeoutError when the connection is of no more use."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._number = reader, writer, 0
        self.news = False  # the server has told of a mail since this was last set to False

    @classmethod
    async def connect(cls, host: str, port: int, tls: bool) -> ImapClient:
        """A connection that has been greeted."""
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            context = ssl.create_default_context() if tls else None
            client = cls(*await asyncio.open_connection(host, port, ssl=context, limit=LINE_BYTES))
            greeting = await client._answer()
        if not greeting.line.startswith((b"* OK", b"* PREAUTH")):
            await client.close()
            raise SourceError(Fact("fault.no_imap", {"host": host}))
        return client

    async def close(self) -> None:
        """Ends the connection without waiting for the server."""
        self._writer.close()
        try:
            async with asyncio.timeout(1.0):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            pass

    async def login(self, user: str, password: str) -> None:
        """Raises AccessError where the server will not have us."""
        try:
            await self.command(f"LOGIN {quoted(user)} {quoted(password)}")
        except SourceError:
            raise AccessError(Fact("fault.login")) from None

    async def command(self, text: str) -> list[Answer]:
        """What the server answers before it says OK. Raises SourceError at NO and BAD, without the command."""
        tag = self._send(text)
        answers = []
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while True:
                answer = await self._answer()
                if answer.line.startswith(tag + b" "):
                    break
                answers.append(answer)
        if not answer.line.startswith(tag + b" OK"):
            raise SourceError(Fact("fault.mail_says", {"text": _told(answer.line.partition(b" ")[2][:200])}))
        return answers

    async def idle(self, for_s: float) -> None:
        """Waits until there is news, at most so long. Raises SourceError, TimeoutError."""
        tag = self._send("IDLE")
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while not (answer := await self._answer()).line.startswith(b"+"):
                if answer.line.startswith(tag):
                    raise SourceError(Fact("no_idle"))
        with contextlib.suppress(TimeoutError):  # nothing is half read: what comes is read on below
            async with asyncio.timeout(for_s):
                while not self.news:
                    await self._answer()
        self._writer.write(b"DONE\r\n")
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            while not (await self._answer()).line.startswith(tag):
                pass

    def _send(self, text: str) -> bytes:
        self._number += 1
        tag = f"u{self._number}"
        self._writer.write(f"{tag} {text}\r\n".encode())
        return tag.encode()

    async def _answer(self) -> Answer:
        line, literals = await self._line(), []
        while (found := _LITERAL.search(line)) is not None:
            size = int(found[1])
            if size > LITERAL_BYTES:
                raise SourceError(Fact("fault.mail_size", {"size": size}))
            literals.append(await self._reader.readexactly(size))
            line = line[: found.start()] + await self._line()
        if line.startswith(b"* BYE"):
            raise SourceError(Fact("fault.mail_ends", {"text": _told(line[6:200])}))
        answer = Answer(line.rstrip(b"\r\n"), literals)
        self.news = self.news or answer.line.endswith((b" EXISTS", b" RECENT"))
        return answer

    async def _line(self) -> bytes:
        try:
            line = await self._reader.readline()
        except ValueError:
            raise SourceError(Fact("fault.mail_line")) from None
        if not line.endswith(b"\n"):
            raise SourceError(Fact("fault.mail_closed"))
        return line


def folder_name(name: str) -> str:
    """A folder's name as IMAP writes it (RFC 3501, 5.1.3); one that is so written stays.

    >>> folder_name("Événement"), folder_name("A & B"), folder_name("&AMk-v")
    ('&AMk-v&AOk-nement', 'A &- B', '&AMk-v')
    """
    if name.isascii() and _WRITTEN.search(name):
        return name
    return _SHIFTED.sub(_in_base64, name.replace("&", "&-"))


def _in_base64(letters: re.Match[str]) -> str:
    shifted = base64.b64encode(letters[0].encode("utf-16-be", "surrogatepass")).decode()
    return f"&{shifted.rstrip('=').replace('/', ',')}-"


def quoted(text: str) -> str:
    """An argument in quotes; nothing in it ends the command."""
    clean = text.replace("\r", "").replace("\n", "")
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _told(line: bytes) -> str:
    return line.decode(errors="replace").strip()
