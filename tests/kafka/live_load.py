"""Posts of now, as people write them: some by clocks that lie, and among them records of whoever wishes harm."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from itertools import product

import msgspec
from confluent_kafka import Producer

from schemas import MARKER_HEADER
from tests.agents.test_clocks import said, wrong_clocks

from .fuzz_records import Sent, hostile

POSTS_PER_S = 100
HOSTILE_EACH = 5  # posts
HOUR_MS = 3_600_000


def retraction(rng: random.Random, number: int) -> Sent:
    """Somebody takes back a post, or all of theirs."""
    author, now = f"author{rng.randrange(600)}", int(time.time() * 1_000)
    told = {"author": author, "time": now, "deleted": now + rng.choice((0, 1_000, HOUR_MS))}
    known = rng.choice(({}, {"id": f"p{rng.randrange(number + 1)}", "source": "sms"}))
    return Sent(msgspec.json.encode(told | known), author.encode(), [], 0)


class LiveLoad:
    """Pushes on a thread of its own until it is ended; `posts`, `dated_wrong` and `hostile` tell what it pushed."""

    def __init__(self, address: str, partitions: int, seed: int) -> None:
        self.posts = self.dated_wrong = self.hostile = 0
        self.errors: list[object] = []
        self._partitions, self._rng, self._wrong = partitions, random.Random(seed), wrong_clocks()
        self._ended = threading.Event()
        self._producer = Producer(
            {
                "bootstrap.servers": address,
                "enable.idempotence": True,
                "partitioner": "murmur2_random",
                "compression.type": "lz4",
                "linger.ms": 20,
                "delivery.timeout.ms": 300_000,
                "log_level": 0,
                "reconnect.backoff.max.ms": 1_000,
            }
        )
        self._thread = threading.Thread(target=self._push, daemon=True)
        self._thread.start()

    def end(self, before_last: Callable[[], None] = lambda: None) -> None:
        """No more posts; the last records are markers, of each two the first one by a clock that is an hour fast."""
        self._ended.set()
        self._thread.join(60)
        assert not self._thread.is_alive(), "the producer did not come to its end"
        assert not self._producer.flush(300)
        before_last()
        now = int(time.time() * 1_000)
        for partition, told in product(range(self._partitions), (now + HOUR_MS, now)):
            self._produce(Sent(b"", None, [(MARKER_HEADER, b"%d" % told)], 0), partition)
        assert not self._producer.flush(300)
        assert not self.errors, self.errors[:3]

    def _push(self) -> None:
        began = time.monotonic()
        while not self._ended.is_set():
            post = said(self._rng, self.posts, int(time.time() * 1_000), self._wrong)
            self.posts += 1
            self.dated_wrong += post.author in {f"author{who}" for who in self._wrong}
            self._produce(Sent(msgspec.json.encode(post), post.author.encode(), [], 0))
            if self.posts % HOSTILE_EACH == 0:
                make = retraction if self.posts % (20 * HOSTILE_EACH) == 0 else hostile
                self._produce(make(self._rng, self.posts), self._rng.randrange(self._partitions))
                self.hostile += 1
            self._producer.poll(0)
            time.sleep(max(0.0, began + self.posts / POSTS_PER_S - time.monotonic()))

    def _produce(self, it: Sent, partition: int = -1) -> None:
        self._producer.produce(
            "posts",
            it.value,
            it.key,
            partition=partition,
            headers=it.headers,
            timestamp=it.timestamp,
            on_delivery=self._delivered,
        )

    def _delivered(self, error: object, _: object) -> None:
        if error is not None:
            self.errors.append(error)
