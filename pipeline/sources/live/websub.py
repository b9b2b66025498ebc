"""WebSub (https://www.w3.org/TR/websub/): the hub that a feed names brings what is new in it within a second or two.

Asking now and then goes on beside it, so that a hub that falls silent costs only speed.
"""

from __future__ import annotations

import asyncio
import hmac
import math
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import NamedTuple

import httpx
import msgspec

from pipeline.public_addresses import public_address
from pipeline.sources.live.model import Fact, SourceError
from pipeline.sources.live.web import WHOLE_WITHIN_S, refusal

LEASE_S = 86_400.0  # what we ask for; a hub may grant less
AGAIN_S = 600.0  # between two tries of what a hub has not confirmed
LEAST_RENEW_S = 5.0  # however short a lease a hub grants
MOST_REDIRECTS = 5
MOST_WAITING = 4  # bodies of one feed that wait to be read; the hub brings others again
MOST_BYTES = 4 << 20
_HASHES = ("sha256", "sha1", "sha384", "sha512")


class Brought(NamedTuple):
    """What a hub brought for a feed."""

    body: bytes
    content_type: str


class Lease(msgspec.Struct):
    """What is remembered of a subscription through restarts. Times in s since 1970."""

    hub: str
    topic: str  # the feed's own address, as the hub knows it
    callback: str  # where hubs reached us then
    key: str  # the end of the address that the hub calls: nobody else knows it
    secret: str  # the hub signs with it
    asked: float = 0.0
    renew: float = 0.0  # half of what the hub granted is over then; 0: it has granted nothing


class Subscription:
    """One feed's. `lease` is None as long as the feed names no hub."""

    def __init__(self, subscriber: Subscriber, lease: Lease | None) -> None:
        self.lease, self.waiting, self.news = lease, deque[Brought](), asyncio.Event()
        self._subscriber = subscriber

    async def keep(self, client: httpx.AsyncClient, feed: str, hub: str, topic: str) -> None:
        """Subscribes where that is due: at first, halfway through what was granted, and where hub or topic have
        changed. `feed` is where the feed was read. Raises SourceError, OSError, httpx.HTTPError."""
        now, lease = self._subscriber.now_s(), self.lease
        url = self._subscriber.url
        if lease is None or (lease.hub, lease.topic, lease.callback) != (hub, topic, url):
            self.end()
            lease = self.lease = Lease(hub, topic, url, secrets.token_urlsafe(24), secrets.token_urlsafe(32))
            self._subscriber.feeds[lease.key] = self
        if self.due_in_s() > 0:
            return
        lease.asked = now
        form = {
            "hub.mode": "subscribe",
            "hub.topic": topic,
            "hub.callback": f"{url}/{lease.key}",
            "hub.secret": lease.secret,
            "hub.lease_seconds": str(int(LEASE_S)),
        }
        if (fault := await self._asked(client, feed, hub, form)) is not None:
            lease.asked = now + max((fault.retry_after_s or 0.0) - AGAIN_S, 0.0)  # not before
            raise fault

    def due_in_s(self) -> float:
        """How long until the hub is to be asked; 0 or less: now. For ever where there is none."""
        lease = self.lease
        if lease is None:
            return math.inf
        again = 0.0 if lease.asked < lease.renew else lease.asked + AGAIN_S  # asked since the last one was granted
        return max(lease.renew, again) - self._subscriber.now_s()

    async def _asked(
        self, client: httpx.AsyncClient, feed: str, hub: str, form: Mapping[str, str]
    ) -> SourceError | None:
        """Asks a hub, or another one to which it leads. Raises SourceError where one is in our own network."""
        for _ in range(MOST_REDIRECTS):
            at = httpx.URL(hub)
            if at.host != httpx.URL(feed).host and (at.scheme != "https" or await public_address(at.host) is None):
                raise SourceError(Fact("fault.hub_private", {"hub": at.host}))
            async with asyncio.timeout(WHOLE_WITHIN_S), client.stream("POST", hub, data=form) as response:
                if response.status_code in (307, 308) and "Location" in response.headers:
                    hub = str(response.url.join(response.headers["Location"]))
                    continue
                if response.is_success:
                    return None
                return refusal(response.status_code, response.headers, response.url.host)
        return SourceError(Fact("fault.redirects", {"host": httpx.URL(hub).host}))

    def end(self) -> None:
        """What the hub still brings is answered with 410, by which it ends the subscription, too."""
        if self.lease is not None:
            self._subscriber.feeds.pop(self.lease.key, None)
            self.lease = None

    async def next(self, within_s: float) -> Brought | None:
        """What the hub brings next; None: nothing within so many seconds, or until it told for how long it will."""
        try:
            async with asyncio.timeout(within_s):
                if not self.waiting:
                    self.news.clear()
                    await self.news.wait()
        except TimeoutError:
            return None
        return self.waiting.popleft() if self.waiting else None


class Subscriber:
    """The subscriptions of all feeds of a process, and what hubs say about them. `url` is where hubs reach us."""

    def __init__(self, url: str, now_s: Callable[[], float] = time.time) -> None:
        self.url, self.now_s = url.rstrip("/"), now_s
        self.feeds: dict[str, Subscription] = {}

    def subscription(self, remembered: Mapping[str, object] | None) -> Subscription:
        """Of a feed; `remembered` is what `msgspec.to_builtins` made of its lease."""
        lease = msgspec.convert(remembered, Lease) if remembered else None
        one = Subscription(self, lease)
        if lease is not None:
            self.feeds[lease.key] = one
        return one

    def confirmed(self, key: str, asked: Mapping[str, str]) -> str | None:
        """Answers a hub that wants to know whether we meant it: its challenge, or None where we did not."""
        one = self.feeds.get(key)
        if one is None or one.lease is None or asked.get("hub.topic") != one.lease.topic:
            return None
        if asked.get("hub.mode") == "denied":
            one.lease.renew = 0.0
            return ""
        if asked.get("hub.mode") != "subscribe" or not asked.get("hub.challenge"):
            return None  # we never end a subscription: it runs out
        told = asked.get("hub.lease_seconds", "")
        granted = float(told[:9]) if told.isascii() and told.isdigit() else LEASE_S
        one.lease.renew = self.now_s() + max(granted / 2, LEAST_RENEW_S)
        one.news.set()  # who waits looks when to renew
        return asked["hub.challenge"]

    def wants(self, key: str) -> bool:
        """Whether a feed has this key."""
        return key in self.feeds

    def brought(self, key: str, body: bytes, content_type: str, signature: str) -> bool:
        """Takes what a hub brings. False: there is no room, and it is to come again. What is not signed with the
        secret is left out in silence, as the Recommendation says (section 7.1)."""
        one = self.feeds[key]
        if one.lease is None or not signed(body, one.lease.secret, signature):
            return True
        if len(one.waiting) >= MOST_WAITING:
            return False
        one.waiting.append(Brought(body, content_type))
        one.news.set()
        return True


def signed(body: bytes, secret: str, signature: str) -> bool:
    """Whether `X-Hub-Signature` (`method=hex`) is that of the body."""
    method, _, told = signature.partition("=")
    if method not in _HASHES:
        return False
    made = hmac.new(secret.encode(), body, method).hexdigest()
    return hmac.compare_digest(made.encode(), told.strip().lower().encode("utf-8", "replace"))
