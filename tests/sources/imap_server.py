"""An IMAP server with one folder, as much of one as reading needs, and faults on demand."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Mailbox:
    """Mails by UID. `deliver` wakes who is idle."""

    def __init__(self) -> None:
        self.validity, self.mails, self.next = 17, dict[int, bytes](), 1
        self.commands: list[str] = []
        self.old = set[int]()  # what came days before
        self.port = 0
        self.cut_in_fetch = False
        self.deaf = False  # IDLE is answered and nothing is told
        self._changed = asyncio.Condition()

    async def deliver(self, *mails: bytes) -> None:
        async with self._changed:
            for mail in mails:
                self.mails[self.next] = mail
                self.next += 1
            self._changed.notify_all()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"* OK ready\r\n")
        told = [self.next]  # what this client knows of
        while line := (await reader.readline()).decode().rstrip("\r\n"):
            self.commands.append(line)
            tag, _, command = line.partition(" ")
            done = f"{tag} OK done"
            if command.startswith("LOGIN"):
                if command != 'LOGIN "ann" "pass\\"word"':
                    done = f"{tag} NO [AUTHENTICATIONFAILED] no"
            elif command.startswith("EXAMINE"):
                told[0] = self.next
                writer.write(f"* {len(self.mails)} EXISTS\r\n* OK [UIDVALIDITY {self.validity}] x\r\n".encode())
                writer.write(f"* OK [UIDNEXT {self.next}] x\r\n".encode())
            elif found := re.fullmatch(r"UID SEARCH UID (\d+):\*(?: SINCE (\d\d-[A-Z][a-z][a-z]-\d{4}))?", command):
                least = min(int(found[1]), max(self.mails, default=0))  # `n:*` has the last one always
                uids = " ".join(str(uid) for uid in self.mails if uid >= least and not (found[2] and uid in self.old))
                writer.write(f"* SEARCH {uids}".rstrip().encode() + b"\r\n")
            elif found := re.fullmatch(r"UID FETCH (\d+) .*<0\.(\d+)>\)", command):
                mail = self.mails[int(found[1])][: int(found[2])]
                writer.write(f"* 1 FETCH (UID {found[1]} BODY[]<0> {{{len(mail)}}}\r\n".encode())
                if self.cut_in_fetch:
                    self.cut_in_fetch = False
                    writer.write(mail[: len(mail) // 2])
                    await writer.drain()
                    return
                writer.write(mail + b")\r\n")
            elif command == "CAPABILITY":
                writer.write(b"* CAPABILITY IMAP4rev1 IDLE\r\n")
            elif command == "IDLE":
                writer.write(b"+ idling\r\n")
                telling = asyncio.create_task(self._tell(writer, told))
                await reader.readline()
                telling.cancel()
            else:
                done = f"{tag} BAD what"
            writer.write(done.encode() + b"\r\n")
            await writer.drain()

    async def _tell(self, writer: asyncio.StreamWriter, told: list[int]) -> None:
        async with self._changed:
            while True:
                await self._changed.wait_for(lambda: self.next != told[0])
                told[0] = self.next
                if not self.deaf:
                    writer.write(f"* {len(self.mails)} EXISTS\r\n".encode())


@asynccontextmanager
async def imap_server() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    tasks: set[asyncio.Task[None]] = set()

    def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(mailbox.serve(reader, writer)))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    mailbox.port = server.sockets[0].getsockname()[1]
    try:
        yield mailbox
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
