"""Bluesky by Jetstream, in both of its protocols: posts, edits, deletions, and accounts that are gone."""

from __future__ import annotations

import urllib.parse
from collections.abc import AsyncGenerator, Callable, Sequence
from typing import Any

import websockets

from pipeline.clock import utc_ms
from pipeline.sources.archives.formats.jetstream import POST, address, committed
from pipeline.sources.live.jetstream_frames import Event, Place, event_of_v1, event_of_v2
from pipeline.sources.live.model import Cursor, Fact, Item, Withdrawal
from pipeline.sources.live.web import handshake_refusal, socket, text_of_frame
from schemas import Post, PostError

PUBLIC_HOSTS = {
    "v1": ("jetstream2.us-east.bsky.network", "jetstream1.us-west.bsky.network", "jetstream1.us-east.bsky.network"),
    "v2": ("jetstream.us-east.bsky.network", "jetstream.us-west.bsky.network"),
}
SILENCE_S = 60.0  # the network never rests so long; a few accounts may
_PATH_V2 = "/xrpc/network.bsky.jetstream.subscribeEvents"


class Bluesky:
    """One Jetstream, on the first of its hosts that answers. Its cursor: host, protocol, the sequence number there (v2)
    and the time in microseconds, by which another host goes on."""

    source = "bluesky"

    def __init__(
        self,
        name: str,
        *,
        wanted: Callable[[Post], bool],
        hosts: Sequence[str] = (),
        protocol: str = "v1",
        dids: Sequence[str] = (),
        max_age_s: float = 3_600.0,
        contact: str = "",
        say: Callable[[str], None] = lambda _: None,
        silence_s: float = SILENCE_S,
    ) -> None:
        self.name, self.max_age_s = name, max_age_s
        self.silence_s = None if dids else silence_s
        self._wanted, self._dids, self._v2 = wanted, list(dids), protocol == "v2"
        self._hosts = [host if "://" in host else f"wss://{host}" for host in hosts or PUBLIC_HOSTS[protocol]]
        self._turn = -1
        self._contact, self._say = contact, say

    async def read(self, cursor: Cursor | None) -> AsyncGenerator[Item, None]:
        """What the network publishes; each new connection is to the next host."""
        self._turn += 1
        host = self._hosts[self._turn % len(self._hosts)].rstrip("/")
        place = Place(host, "v2" if self._v2 else "v1", cursor)
        too_old = False
        while True:
            try:
                async with self._connect(host, place.by_time() if too_old else place.resume()) as connection:
                    async for frame in connection:
                        yield self._item(text_of_frame(frame), place)
            except websockets.InvalidStatus as error:
                if (
                    error.response.status_code == 400
                    and b"CursorTooOld" in (error.response.body or b"")
                    and not too_old
                ):
                    too_old = True
                    self._say(f"{self.name}: {_shown(host)} no longer has what was missed; going on with what it has")
                    continue
                raise handshake_refusal(error, _shown(host)) from None
            return

    async def probe(self) -> list[Fact]:
        """Which host answers."""
        host = self._hosts[0].rstrip("/")
        try:
            async with self._connect(host, None):
                jetstream = {"protocol": "v2" if self._v2 else "v1", "accounts": len(self._dids)}
                return [Fact("jetstream", {"server": _shown(host), **jetstream})]
        except websockets.InvalidStatus as error:
            raise handshake_refusal(error, _shown(host)) from None

    def _connect(self, host: str, at: int | None) -> websockets.connect:
        if self._v2:
            query = [("kinds", "commit"), ("kinds", "account"), ("collections", POST)]
            query += [("dids", did) for did in self._dids]
        else:
            query = [("wantedCollections", POST), *[("wantedDids", did) for did in self._dids]]
        if at is not None:
            query.append(("cursor", str(at)))
        more: dict[str, Any] = {"subprotocols": ["xrpc.v1.json"], "compression": None} if self._v2 else {}
        path = _PATH_V2 if self._v2 else "/subscribe"
        return socket(f"{host}{path}?{urllib.parse.urlencode(query)}", self._contact, **more)

    def _item(self, raw: bytes, place: Place) -> Item:
        try:
            event = event_of_v2(raw) if self._v2 else event_of_v1(raw)
            if event.info:
                if event.info == "OutdatedCursor":
                    self._say(f"{self.name}: the server no longer has all that was missed")
                return Item()
            place.passed(event)
            return self._item_of(event)._replace(cursor=place.cursor())
        except PostError as error:
            return Item(error)

    def _item_of(self, event: Event) -> Item:
        """What an event says to us. Raises PostError."""
        at, commit = event.time_us // 1_000 or utc_ms(), event.commit
        if event.account is not None and not event.account.active:
            return Item(Withdrawal(at, author=event.did))
        if commit is None or commit.collection != POST:
            return Item()
        if commit.operation == "delete":
            return Item(Withdrawal(at, address(event.did, commit.rkey), event.did))
        if commit.operation not in ("create", "update"):
            return Item()
        post = committed(event.did, event.time_us, commit.rkey, commit.record)
        if not self._wanted(post):  # an edit may have taken out what was looked for
            return Item(Withdrawal(at, post.id, event.did)) if commit.operation == "update" else Item()
        return Item(post, edit=commit.operation == "update", published=at)


def _shown(host: str) -> str:
    return host.partition("://")[2]
