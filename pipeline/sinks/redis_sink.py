"""Current lists in Redis or Valkey: a sorted set and a document each, a message when one changes (docs/redis.md).

Writer and reader both outlive the server: while it is away the latest lists are kept, and when it is back, empty or
with what it had on disk, all of them are written (or read) anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from pipeline.cancelling import cancel_and_wait
from pipeline.source_status import SourceStatus
from pipeline.text import printable
from schemas import TrendList

PREFIX = "upswell"
EXPIRY_S = 600  # of lists that nobody renews: the writer is gone, and so should they be
RENEW_S = 120.0
BEAT_S = 1.0  # how often the writer looks whether the server is still the one that has its lists
MAX_LISTS = 3_000
ANSWERS_WITHIN_S = 3.0
_AWAY = (RedisError, OSError, TimeoutError, asyncio.TimeoutError)

_log = logging.getLogger(__name__)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(TrendList).decode


class Keys:
    """The names of keys and of the channel; an interface for other programs, so none may change its meaning."""

    def __init__(self, prefix: str = PREFIX) -> None:
        self.index = f"{prefix}:lists"  # sorted set: scope/window by the list's end, ms
        self.changed = f"{prefix}:changed"  # channel: scope/window
        self.writer = f"{prefix}:writer"  # who wrote last; gone within seconds when it ended
        self._prefix = prefix

    def document(self, name: str) -> str:
        """The whole list as JSON."""
        return f"{self._prefix}:list:{name}"

    def ranking(self, name: str) -> str:
        """Sorted set: topics by rank, the first one has 1."""
        return f"{self._prefix}:top:{name}"


def name_of(trends: TrendList) -> str:
    """scope/window, as everywhere."""
    return f"{trends.scope}/{trends.window}"


def _client(url: str) -> Any:
    return Redis.from_url(
        url,
        socket_timeout=ANSWERS_WITHIN_S,
        socket_connect_timeout=ANSWERS_WITHIN_S,
        retry=Retry(NoBackoff(), 0),
    )


class RedisSink:
    """Writes every list it takes, the newest of each scope and window; `async with` starts and ends it.

    Taking never waits for Redis. `visible` is what moderation makes of a list before anybody sees it; call `refresh`
    when its answer changes. Raises ValueError for a URL that is none.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = PREFIX,
        visible: Callable[[TrendList], TrendList] = lambda trends: trends,
        expiry_s: int = EXPIRY_S,
        renew_s: float = RENEW_S,
    ) -> None:
        self.keys = Keys(prefix)
        self.written = 0  # lists
        self._redis = _client(url)
        self._visible, self._expiry_s, self._renew_s = visible, expiry_s, renew_s
        self._current: dict[str, TrendList] = {}
        self._pending: set[str] = set()
        self._wake = asyncio.Event()
        self._mark = secrets.token_hex(8)
        self._server = ""  # the run of the server that has our lists
        self._renewed = 0.0
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> RedisSink:
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await cancel_and_wait(self._task)
        with contextlib.suppress(*_AWAY):
            await self._redis.aclose()

    async def take(self, trends: TrendList) -> None:
        """The list is the current one of its scope and window from now on, unless a newer one came before."""
        name = name_of(trends)
        old = self._current.get(name)
        if old is not None and (trends.at, trends.final) < (old.at, old.final):
            return
        self._current[name] = trends
        self._pending.add(name)
        if len(self._current) > MAX_LISTS:
            spare = min(self._current, key=lambda one: (bool(self._current[one].trends), self._current[one].at))
            del self._current[spare]
            self._pending.discard(spare)
        self._wake.set()

    def refresh(self) -> None:
        """All current lists are written again: what may be shown has changed."""
        self._pending.update(self._current)
        self._wake.set()

    async def _run(self) -> None:
        away = False
        while True:
            try:
                await self._look_after_the_server()
                await self._write_pending()
                if away:
                    _log.warning("redis answers again; all current lists are written")
                away = False
            except _AWAY as error:
                if not away:
                    _log.warning("redis is away, lists wait for it: %s", printable(str(error), 200))
                away, self._server = True, ""
                await asyncio.sleep(BEAT_S / 2)
                continue
            self._wake.clear()
            if not self._pending:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._wake.wait(), BEAT_S)

    async def _look_after_the_server(self) -> None:
        """A client reconnects in silence: only the server's own run tells that it is a new one, only a key of ours
        that it was emptied."""
        run = str((await self._redis.info("server"))["run_id"])
        lost = run != self._server or await self._redis.get(self.keys.writer) is None
        now = time.monotonic()
        if lost or now - self._renewed > self._renew_s:
            self._pending.update(self._current)
            self._renewed = now
        await self._redis.set(self.keys.writer, self._mark, ex=max(10, int(BEAT_S * 10)))
        self._server = run

    async def _write_pending(self) -> None:
        while self._pending:
            name = self._pending.pop()
            try:
                await self._write(name, self._visible(self._current[name]))
            except BaseException:
                self._pending.add(name)
                raise

    async def _write(self, name: str, trends: TrendList) -> None:
        """Document, ranking and message in one transaction: a reader never sees one without the other."""
        keys = self.keys
        async with self._redis.pipeline(transaction=True) as together:
            together.set(keys.document(name), _encode(trends), ex=self._expiry_s)
            together.delete(keys.ranking(name))
            if trends.trends:
                together.zadd(keys.ranking(name), {row.topic: row.rank for row in trends.trends})
                together.expire(keys.ranking(name), self._expiry_s)
            together.zadd(keys.index, {name: trends.at})
            together.expire(keys.index, self._expiry_s)
            together.publish(keys.changed, name)
            await together.execute()
        self.written += 1


async def follow_redis(
    url: str, stop: asyncio.Event, *, prefix: str = PREFIX, status: SourceStatus | None = None
) -> AsyncIterator[TrendList]:
    """The current lists, then every list that changes, until `stop` is set; waits out a server that is away.

    A list may come twice; one that changed several times in a moment may come once, as it is then.
    `status` is told how it stands with the server.
    """
    keys, away, status = Keys(prefix), False, status or SourceStatus()
    while not stop.is_set():
        redis = _client(url)
        try:
            async with redis, redis.pubsub() as channel:
                await channel.subscribe(keys.changed)
                known = [name.decode(errors="replace") for name in await redis.zrange(keys.index, 0, -1)]
                for trends in await _read(redis, keys, known):
                    yield trends
                away = False
                status.caught_up()
                while not stop.is_set():
                    changed = await _changes(channel)
                    status.alive()
                    for trends in await _read(redis, keys, changed):
                        yield trends
        except _AWAY as error:
            if not away:
                _log.warning("redis is away, the last lists stand: %s", printable(str(error), 200))
            away = True
            status.lost("redis does not answer")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), BEAT_S / 2)


async def _changes(channel: Any) -> list[str]:
    """The names of the lists that changed, after a second at most; raises when the server does not answer."""
    names: dict[str, None] = {}
    message = await channel.get_message(timeout=BEAT_S)
    if message is None:
        await channel.ping()
    while message is not None:
        if message["type"] == "message":
            names[message["data"].decode(errors="replace")] = None
        message = await channel.get_message(timeout=0)
    return list(names)


async def _read(redis: Any, keys: Keys, names: Iterable[str]) -> list[TrendList]:
    wanted = [keys.document(name) for name in names]
    lists = []
    for document in await redis.mget(wanted) if wanted else ():
        if document is not None:  # expired since
            try:
                lists.append(_decode(document))
            except msgspec.DecodeError as error:
                _log.warning("a list in redis cannot be read and is left out: %s", printable(str(error), 200))
    return lists
