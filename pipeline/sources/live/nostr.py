"""Hashtags on one Nostr relay (NIP-01), and its users' deletions (NIP-09)."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import AsyncGenerator, Sequence

import msgspec
import websockets

from pipeline.sources.archives.formats.base import Deletion, Fault, One
from pipeline.sources.archives.formats.nostr import DELETION, NOTE, Event, told
from pipeline.sources.lenient import read_json
from pipeline.sources.live.model import AccessError, Cursor, Fact, Item, SourceError, ThrottledError, Withdrawal
from pipeline.sources.live.web import handshake_refusal, socket, text_of_frame
from schemas import Post, PostError

REWIND_S = 600  # an event's time is its author's claim, and relays hear of events late
_KEY = re.compile(r"[0-9a-f]{64}", re.ASCII)
_SUBSCRIPTION = "upswell"

_message = msgspec.json.Decoder(list[msgspec.Raw])
_event = msgspec.json.Decoder(Event)
_word, _any = msgspec.json.Decoder(str), msgspec.json.Decoder()


class Nostr:
    """One relay. Its cursor: the newest time of an event. The id of every event is checked; its signature is the
    relay's word."""

    source = "nostr"
    silence_s = None  # a quiet hashtag is no fault: pings tell a dead relay

    def __init__(
        self, name: str, relay: str, hashtags: Sequence[str], *, max_age_s: float = 3_600.0, contact: str = ""
    ) -> None:
        self.name, self.max_age_s = name, max_age_s
        self._relay, self._contact = relay, contact
        self._host = relay.partition("://")[2]
        self._tags = sorted({tag.strip().lstrip("#＃").lower() for tag in hashtags})

    async def read(self, cursor: Cursor | None) -> AsyncGenerator[Item, None]:
        """Notes with one of the hashtags, and deletions."""
        now = int(time.time())
        newest = min(int((cursor or {}).get("newest", now)), now)
        since = newest - REWIND_S
        try:
            async with socket(self._relay, self._contact) as connection:
                filters = [{"kinds": [NOTE], "#t": self._tags, "since": since}, {"kinds": [DELETION], "since": since}]
                await connection.send(msgspec.json.encode(["REQ", _SUBSCRIPTION, *filters]).decode())
                yield Item()
                async for frame in connection:
                    event = self._event(text_of_frame(frame))
                    if event is None:
                        yield Item()
                        continue
                    if isinstance(event, PostError):
                        yield Item(event)
                        continue
                    for item in items_of(event):
                        if isinstance(item.content, Post | Withdrawal):
                            newest = max(newest, min(event.time_ms // 1_000, int(time.time())))
                        yield item._replace(cursor={"newest": newest})
        except websockets.InvalidStatus as error:
            raise handshake_refusal(error, self._host) from None

    async def probe(self) -> list[Fact]:
        """Whether the relay answers."""
        try:
            async with socket(self._relay, self._contact):
                return [Fact("answers", {"server": self._host})]
        except websockets.InvalidStatus as error:
            raise handshake_refusal(error, self._host) from None

    def _event(self, frame: bytes) -> Event | PostError | None:
        """The event in a frame; None for other messages. Raises SourceError where the relay ends the subscription."""
        try:
            kind, *rest = read_json(_message, frame) or [msgspec.Raw(b"null")]
            word = read_json(_word, bytes(kind))
            if word == "EVENT" and len(rest) == 2:
                return read_json(_event, bytes(rest[1]))
            text = read_json(_any, bytes(rest[-1])) if rest else ""
        except PostError as error:
            return error
        if word == "CLOSED":
            raise closed(self._host, str(text))
        return None


def closed(host: str, reason: str) -> SourceError:
    """Why a relay has ended a subscription."""
    told = Fact("fault.subscription", {"host": host, "text": reason[:200]})
    if reason.startswith("rate-limited:"):
        return ThrottledError(told, 60.0)
    if reason.startswith(("auth-required:", "restricted:", "blocked:")):
        return AccessError(told)
    return SourceError(told)


def items_of(event: Event) -> list[Item]:
    """The post or the withdrawals of an event."""
    if event.id != id_of(event):
        return [Item(PostError("invalid", "the id is not that of the event"))]
    try:
        return [item for one in told(event) if (item := _item(one))] or [Item()]
    except PostError as error:
        return [Item(error)]


def _item(one: One | Fault) -> Item | None:
    if isinstance(one, Post):
        return Item(one)
    if isinstance(one, Deletion) and one.id and one.at is not None and _KEY.fullmatch(one.id):
        return Item(Withdrawal(one.at, one.id, one.author or ""))
    return None


def id_of(event: Event) -> str:
    """The id that an event must have: SHA-256 of its serialisation."""
    fields = [0, event.pubkey, event.created_at, event.kind, event.tags, event.content]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
