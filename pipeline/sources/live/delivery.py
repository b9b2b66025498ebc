"""From adapters to Kafka: each post once, and a cursor moves only over what Kafka has acknowledged.

A batch goes in three steps: its new posts are kept as pending; Kafka acknowledges them; they are kept as sent, together
with the cursors. After a kill between two steps the pending posts are looked for in the log of posts, and those that
are not there are sent. What a network gives again after that is known by its id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from pipeline.clock import utc_ms
from pipeline.sources.live.metrics import SourceMetrics
from pipeline.sources.live.model import Adapter, Cursor, Item, Withdrawal
from pipeline.sources.live.sink import Sink
from pipeline.sources.live.store import Store
from schemas import Post, PostError
from schemas.posts import retraction

PRUNE_EVERY_MS = 60_000
EARLY_KEPT = 10_000  # withdrawals of posts that have not come
Arrived = tuple[Adapter, Item]
_Early = dict[tuple[str, str, str], None]  # source, id, who says so ('': the network)


class Delivery:
    """Takes what adapters yield, in batches, in one thread at a time.

    `now_ms` is the clock by which posts are received; `reached` is told each crash point, for tests that end the
    process there.
    """

    def __init__(
        self,
        store: Store,
        metrics: SourceMetrics,
        *,
        now_ms: Callable[[], int] = utc_ms,
        reached: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._store, self._metrics, self._now_ms, self._reached = store, metrics, now_ms, reached
        self._pruned_ms = 0
        self._early: _Early = {}  # withdrawn before they came: networks reorder

    def recover(self, sink: Sink) -> int:
        """Sends pending posts that the log does not hold; returns how many these were. Raises KafkaUseError."""
        pending = self._store.pending()
        if not pending:
            return 0
        there = sink.found(pending)
        missing = [post for post in pending if (post.source, post.id) not in there]
        now = self._now_ms()
        for post in missing:
            post.time = now
        with self._store.transaction():
            self._store.add(missing)
        self._reached("recovering")
        sink.send(missing)
        self._reached("recovered")
        with self._store.transaction():
            self._store.sent(pending)
        return len(missing)

    def deliver(self, batch: Sequence[Arrived], sink: Sink) -> None:
        """One batch. The same batch again after a fault, and after `recover`, sends nothing twice. Raises
        KafkaUseError."""
        self._reached("taken")
        now = self._now_ms()
        one = _Batch(self._store, self._metrics, now, self._early)
        with self._store.transaction():
            for adapter, item in batch:
                one.take(adapter, item)
            self._store.add(one.posts.values())
        self._reached("pending")
        records = [*one.withdrawals, *one.posts.values()]
        if records:
            sink.send(records)
            self._reached("acknowledged")
        cursors: dict[str, Cursor] = {adapter.name: item.cursor for adapter, item in batch if item.cursor is not None}
        with self._store.transaction():
            self._store.sent(one.posts.values())
            for (source, id_), author in one.retracted.items():
                self._store.withdraw(source, id_, author, now)
            for name, cursor in cursors.items():
                self._store.set_cursor(name, cursor)
        self._reached("stored")
        one.count()
        if now - self._pruned_ms > PRUNE_EVERY_MS:
            self._pruned_ms = now
            self._store.prune(now)


class _Batch:
    """What becomes of each item of a batch."""

    def __init__(self, store: Store, metrics: SourceMetrics, now_ms: int, early: _Early) -> None:
        self._store, self._metrics, self._now_ms, self._early = store, metrics, now_ms, early
        self.posts: dict[tuple[str, str], Post] = {}
        self.retracted: dict[tuple[str, str], str] = {}  # by source and id: the author
        self.withdrawals: list[Post] = []  # retractions
        self._outcomes: list[tuple[str, str, int]] = []

    def take(self, adapter: Adapter, item: Item) -> None:
        """Stamps, and leaves out what is known."""
        content = item.content
        if isinstance(content, Post):
            self._post(adapter, item, content)
        elif isinstance(content, Withdrawal):
            self._withdrawal(adapter, item, content)
        elif isinstance(content, PostError):
            self._outcome(adapter, "dead")

    def count(self) -> None:
        """Tells the metrics; for a batch that has come to its end."""
        for name, outcome, published_ms in self._outcomes:
            self._metrics.outcome(name, outcome, self._now_ms, published_ms)

    def _post(self, adapter: Adapter, item: Item, post: Post) -> None:
        published, source = item.published or int(post.time), adapter.source
        if item.alias:
            self._store.alias(source, item.alias, post.id, self._now_ms)
        before = self._current(source, post.id)
        if before is not None:
            if not item.edit or before.text == post.text:
                self._outcome(adapter, "duplicate")
                return
            self._replace(adapter, before, post, published)
            return
        if self._store.get(source, post.id) is not None:
            self._outcome(adapter, "duplicate")
        elif (source, post.id) in self.retracted or self._went_early(source, post):
            self._outcome(adapter, "withdrawn")
        elif published < self._now_ms - adapter.max_age_s * 1_000:
            self._outcome(adapter, "old")
        else:
            self._send(adapter, post, published, "sent")

    def _replace(self, adapter: Adapter, before: Post, post: Post, published: int) -> None:
        """An edit withdraws the post as it was and is a post of its own."""
        self._retract(before, self._now_ms)
        edited = msgspec.structs.replace(post, id=self._new_id(adapter.source, post.id))
        self._store.alias(adapter.source, _version(post.id), edited.id, self._now_ms)
        self._send(adapter, edited, published, "edited")

    def _new_id(self, source: str, id: str) -> str:  # noqa: A002 - the field's name
        """Of an edit, of which several may come in one batch."""
        number = self._now_ms
        while (source, new := f"{id[:240]}#{number}") in self.retracted:
            number += 1
        return new

    def _withdrawal(self, adapter: Adapter, item: Item, told: Withdrawal) -> None:
        id = told.id or (self._store.named(adapter.source, item.alias) if item.alias else None)  # noqa: A001
        if id is None and not told.author:
            self._outcome(adapter, "withdrawal-unknown")
            return
        posts = [self._current(adapter.source, id)] if id else self._by_author(adapter.source, told.author)
        for post in posts:
            if post is None or (told.author and post.author != told.author):
                self._outcome(adapter, "withdrawal-unknown")
                if id and post is None:
                    self._remember_early(adapter.source, id, told.author)
                continue
            self._retract(post, told.at or self._now_ms)
            self._outcome(adapter, "withdrawn")

    def _went_early(self, source: str, post: Post) -> bool:
        """Whether its network, or its author, has withdrawn the post before it came; nobody else can."""
        return any((source, post.id, by) in self._early for by in ("", post.author))

    def _remember_early(self, source: str, id: str, author: str) -> None:  # noqa: A002 - the field's name
        self._early[source, id, author] = None
        if len(self._early) > EARLY_KEPT:
            del self._early[next(iter(self._early))]

    def _retract(self, post: Post, at: int) -> None:
        known_as = post.source or "", post.id
        self.posts.pop(known_as, None)  # it came and went in one batch
        self.retracted[known_as] = post.author
        self.withdrawals.append(retraction(post, at))

    def _send(self, adapter: Adapter, post: Post, published: int, outcome: str) -> None:
        post.source, post.time, post.created = adapter.source, self._now_ms, post.time
        self.posts[adapter.source, post.id] = post
        self._outcome(adapter, outcome, published)

    def _current(self, source: str, id: str) -> Post | None:  # noqa: A002 - the field's name
        """The newest version of a post, as long as it is not withdrawn."""
        id = self._store.named(source, _version(id)) or id  # noqa: A001
        if (source, id) in self.retracted:
            return None
        if (post := self.posts.get((source, id))) is not None:
            return post
        known = self._store.get(source, id)
        return known.post if known else None

    def _by_author(self, source: str, author: str) -> list[Post]:
        here = [post for post in self.posts.values() if (post.source, post.author) == (source, author)]
        ids = {post.id for post in here}
        kept = [post for post in self._store.by_author(source, author) if (source, post.id) not in self.retracted]
        return here + [post for post in kept if post.id not in ids]

    def _outcome(self, adapter: Adapter, outcome: str, published_ms: int = 0) -> None:
        self._outcomes.append((adapter.name, outcome, published_ms))


def _version(id: str) -> str:  # noqa: A002 - the field's name
    """The alias of a post's newest version."""
    return f"newest {id}"
