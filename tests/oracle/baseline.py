"""What a topic's own past lets one expect, worked out anew for every bucket from the support at every step."""

from __future__ import annotations

from typing import NamedTuple

from . import people
from .people import HASHES, Mention, kept, sample, sample_below
from .windows import HOUR_MS, Mentions, Spec, bucket_of

ENTRIES = 1_024  # (person, step) up to which a bucket's means are taken from everybody
FORGET = 0.1

Pair = tuple[float, float]  # of the short and of the long window


class Expected(NamedTuple):
    """Of both windows."""

    e: Pair
    v: Pair


class Baseline:
    """The baselines of one list and scope.

    Steps are given in order, by `begin(at)`; then `expected(topic)` may be asked.
    """

    def __init__(self, spec: Spec, minimum: int, mentions: Mentions, hourly: Mentions) -> None:
        self.spec, self.minimum, self.hourly = spec, minimum, hourly
        self.mentions = mentions.by_topic()
        self.decay = 0.5 ** (spec.bucket / spec.half_life)
        self.open: int | None = None
        self.waiting: int | None = None
        self.evidence: list[int] = []  # the buckets that are baseline, oldest first
        self.observed: dict[int, list[int]] = {}  # bucket -> its steps
        self.own: dict[str, tuple[int, int]] = {}  # topic -> (its first own bucket, hourly records from)
        self.then: dict[tuple[str, int], Expected] = {}  # (topic, bucket) -> what was expected in the bucket
        self.flags: dict[int, str] = {}
        self.supports: dict[tuple[str, int], list[Pair]] = {}  # (topic, bucket) -> at each observed step

    def begin(self, at: int, alive: set[str]) -> set[str]:
        """A step begins. Returns the topics that are forgotten; those in `alive` have a life and are not."""
        bucket = bucket_of(self.spec, at)
        forgotten: set[str] = set()
        if bucket != self.open:
            if self.waiting is not None and self.is_evidence(self.waiting):
                self.evidence.append(self.waiting)
            done, self.waiting, self.open = self.open, self.open, bucket
            self.observed[bucket] = []
            self.flags[bucket] = self.flag()
            if done is not None:
                for topic in self.mentions:
                    if topic not in self.own and self.reached_the_minimum(topic, done):
                        self.own[topic] = done, bucket - self.spec.hourly_back
                # a day of buckets: the bucket of `24h` is one itself
                if bucket % (24 * HOUR_MS) == 0:
                    forgotten = {topic for topic in self.own if self.is_forgotten(topic, done, alive)}
            for topic in forgotten:
                del self.own[topic]
        self.observed[bucket].append(at)
        return forgotten

    def flag(self) -> str:
        m = len(self.evidence)
        return "counting" if m == 0 else "provisional" if m < self.spec.provisional else ""

    def is_evidence(self, bucket: int) -> bool:
        return 2 * len(self.observed[bucket]) * self.spec.step >= self.spec.bucket

    def reached_the_minimum(self, topic: str, bucket: int) -> bool:
        return any(long >= self.minimum for _, long in self.support(topic, bucket))

    def is_forgotten(self, topic: str, done: int, alive: set[str]) -> bool:
        """Quiet (no life, nothing in the windows of the bucket just over), and M of both windows has decayed."""
        weighted, _ = self.sums(topic)
        begins = done + self.spec.step
        step = self.spec.step
        told = [
            mention
            for mention in self.in_reach(topic, done)
            if mention.gone >= max(begins, mention.time // step * step + step)
        ]
        return topic not in alive and not told and max(weighted) < FORGET

    def in_reach(self, topic: str, bucket: int) -> list[Mention]:
        """What the long windows of the bucket hold."""
        start = bucket + self.spec.step - self.spec.windows[1]
        return self.mentions[topic].within(start, bucket + self.spec.bucket).get(topic, [])

    def expected(self, topic: str) -> Expected:
        """e and v of both windows in the open bucket, a constant of the bucket."""
        assert self.open is not None
        if (topic, self.open) not in self.then:
            self.then[topic, self.open] = self.compute(topic)
        return self.then[topic, self.open]

    def compute(self, topic: str) -> Expected:
        m, d = len(self.evidence), self.decay
        if m == 0:
            return Expected((0.0, 0.0), (1.0, 1.0))
        weight = (1 - d**m) / (1 - d)
        sums, misfits = self.sums(topic)
        expected, variance = [], []
        for window, total, misfit in zip(self.spec.windows, sums, misfits, strict=True):
            e = total / weight
            noise = e * (1 + window / (weight * self.spec.bucket))
            swing = (0.05 + 1 / (1 + weight)) * e * e
            expected.append(e)
            variance.append(noise + swing + misfit / weight + 1)
        return Expected((expected[0], expected[1]), (variance[0], variance[1]))

    def sums(self, topic: str) -> tuple[Pair, Pair]:
        """M and V of both windows: bucket means and misfit means, weighted by d^age."""
        total, misfit = [0.0, 0.0], [0.0, 0.0]
        for age, bucket in enumerate(reversed(self.evidence)):
            mean, miss = self.mean(topic, bucket)
            for window in (0, 1):
                total[window] += mean[window] * self.decay**age
                misfit[window] += miss[window] * self.decay**age
        return (total[0], total[1]), (misfit[0], misfit[1])

    def mean(self, topic: str, bucket: int) -> tuple[Pair, Pair]:
        """The bucket's mean support and mean misfit of both windows."""
        assert self.open is not None
        first, hourly_from = self.own.get(topic, (self.open, self.open - self.spec.hourly_back))
        if bucket >= first:
            return self.measured(topic, bucket)
        if bucket < hourly_from or self.spec.hourly_back == 0:
            return (0.0, 0.0), (0.0, 0.0)
        end = bucket + HOUR_MS
        persons = sample(self.hourly.within(bucket, end).get(topic, []), end).people
        short, long = (persons * min(window, self.spec.bucket) / self.spec.bucket for window in self.spec.windows)
        return (short, long), (0.0, 0.0)

    def measured(self, topic: str, bucket: int) -> tuple[Pair, Pair]:
        supports = self.support(topic, bucket)
        total, misfit = [0.0, 0.0], [0.0, 0.0]
        for n in supports:
            for window in (0, 1):
                total[window] += n[window]
                if self.flags[bucket] == "" and n[1] > 0:
                    e = self.then[topic, bucket].e[window]
                    misfit[window] += max((n[window] - e) ** 2 - e, 0.0)
        count = len(supports)
        return (total[0] / count, total[1] / count), (misfit[0] / count, misfit[1] / count)

    def support(self, topic: str, bucket: int) -> list[Pair]:
        """What a finished bucket is measured by: the support at each of its observed steps, of people below a limit."""
        if not self.in_reach(topic, bucket):
            return [(0.0, 0.0)] * len(self.observed[bucket])
        if (topic, bucket) not in self.supports:
            limit = self.limit(topic, bucket)
            self.supports[topic, bucket] = [self.support_below(topic, at, limit) for at in self.observed[bucket]]
        return self.supports[topic, bucket]

    def support_below(self, topic: str, at: int, limit: int) -> Pair:
        said = self.mentions[topic]
        short, long = (
            sample_below(said.within(at - window, at).get(topic, []), limit, at).support for window in self.spec.windows
        )
        return short, long

    def limit(self, topic: str, bucket: int) -> int:
        """The author hash below which people are taken for the bucket's mean."""
        step, entries, limit = self.spec.step, 0, HASHES
        start = bucket + step - self.spec.windows[1]
        while start < bucket + self.spec.bucket:
            authors = kept(self.mentions[topic].within(start, start + step).get(topic, []))
            entries += len(authors)
            if len(authors) > people.K:
                limit = min(limit, authors[people.K])
            start += step
        return min(limit, HASHES * ENTRIES // entries) if entries > ENTRIES else limit
