"""A mailbox by IMAP: each mail is a post; nothing in it is changed or marked."""

from __future__ import annotations

import email.utils
import re
from collections.abc import AsyncGenerator

from pipeline.clock import utc_ms
from pipeline.sources.live.imap_client import Answer, ImapClient, folder_name, quoted
from pipeline.sources.live.mail import MOST_BYTES, SOURCE, item_of
from pipeline.sources.live.model import Cursor, Fact, Item, SourceError
from pipeline.sources.senders import Senders

IDLE_S = 60.0  # servers and firewalls hang up long before the 29 min of the RFC
RENEWED_S = 86_400.0  # back in a mailbox that was numbered anew: as long as what has come is known by its id
_UIDVALIDITY = re.compile(rb"\[UIDVALIDITY (\d+)\]")
_UIDNEXT = re.compile(rb"\[UIDNEXT (\d+)\]")
_UID = re.compile(rb"\bUID (\d+)")


class Imap:
    """One folder. Its cursor: UIDVALIDITY and the last UID; on a first start what is there already is left."""

    source = SOURCE
    silence_s = 2 * IDLE_S

    def __init__(
        self,
        name: str,
        host: str,
        user: str,
        password: str,
        senders: Senders,
        *,
        port: int = 993,
        folder: str = "INBOX",
        tls: bool = True,
        max_age_s: float = 86_400.0,
        idle_s: float = IDLE_S,
    ) -> None:
        self.name, self.max_age_s, self.silence_s = name, max_age_s, 2 * idle_s + 60
        self._host, self._port, self._tls, self._folder = host, port, tls, folder
        self._user, self._password, self._senders, self._idle_s = user, password, senders, idle_s

    async def read(self, cursor: Cursor | None) -> AsyncGenerator[Item, None]:
        """Mails as they come."""
        client = await ImapClient.connect(self._host, self._port, self._tls)
        try:
            validity, following = await self._open(client)
            last, only = following - 1, ""
            if cursor and cursor["uidvalidity"] == validity:
                last = int(cursor["uid"])
            elif cursor:
                last, only = 0, f" SINCE {_day(utc_ms() / 1_000 - min(self.max_age_s, RENEWED_S))}"
            yield Item() if only else Item(None, {"uidvalidity": validity, "uid": last})
            while True:
                for uid in await _uids(client, last, only):
                    raw = await _fetch(client, uid)
                    last = uid
                    here = {"uidvalidity": validity, "uid": last}
                    yield item_of(raw, self._senders, utc_ms())._replace(cursor=here) if raw else Item(None, here)
                if only:
                    last, only = max(last, following - 1), ""
                    yield Item(None, {"uidvalidity": validity, "uid": last})
                    continue
                await client.idle(self._idle_s)
                yield Item()
        finally:
            await client.close()

    async def probe(self) -> list[Fact]:
        """What the mailbox is."""
        client = await ImapClient.connect(self._host, self._port, self._tls)
        try:
            _, following = await self._open(client)
            capabilities = b" ".join(answer.line for answer in await client.command("CAPABILITY"))
            told = [] if b"IDLE" in capabilities else [Fact("no_idle")]
            return [Fact("folder", {"folder": self._folder, "next": following}), *told]
        finally:
            await client.close()

    async def _open(self, client: ImapClient) -> tuple[int, int]:
        """UIDVALIDITY and UIDNEXT of the folder, opened so that nothing is marked as read."""
        await client.login(self._user, self._password)
        answers = await client.command(f"EXAMINE {quoted(folder_name(self._folder))}")
        validity, following = _number(answers, _UIDVALIDITY), _number(answers, _UIDNEXT)
        if not validity:
            raise SourceError(Fact("fault.unnumbered"))
        return validity, following or max(await _uids(client, 0), default=0) + 1


def _day(at_s: float) -> str:
    """As IMAP writes a day.

    >>> _day(1_700_000_000)
    '14-Nov-2023'
    """
    return email.utils.formatdate(at_s)[5:16].replace(" ", "-")


async def _uids(client: ImapClient, last: int, only: str = "") -> list[int]:
    client.news = False
    answers = await client.command(f"UID SEARCH UID {last + 1}:*{only}")
    found = [int(uid) for answer in answers if answer.line.startswith(b"* SEARCH") for uid in answer.line.split()[2:]]
    return sorted(uid for uid in found if uid > last)  # `n:*` names the last one even where it is below n


async def _fetch(client: ImapClient, uid: int) -> bytes:
    """The first MOST_BYTES of a mail; nothing where it is gone."""
    answers = await client.command(f"UID FETCH {uid} (UID BODY.PEEK[]<0.{MOST_BYTES}>)")
    for answer in answers:
        found = _UID.search(answer.line)
        if answer.literals and found and int(found[1]) == uid:
            return answer.literals[0]
    return b""


def _number(answers: list[Answer], pattern: re.Pattern[bytes]) -> int:
    found = [match for answer in answers if (match := pattern.search(answer.line))]
    return int(found[0][1]) if found else 0
