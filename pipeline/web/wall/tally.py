"""Numbers of one event: posts and people so far and per minute, its topics, who takes part, and its phases."""

from __future__ import annotations

from collections import Counter, defaultdict
from itertools import pairwise

import msgspec
import xxhash

from pipeline.moderation.state import account_ref
from pipeline.text import fold, topic_key, topics_of
from schemas import Post
from schemas.events import Event

MINUTE_MS = 60_000
PHASE_MS = 10 * MINUTE_MS  # the grain of phases
MOST_PHASES = 12
MINUTES_KEPT = 7 * 24 * 60
MAX_TOPICS = 20_000
_STEP = 1.7  # a phase ends when the level rises or falls by more than this


class Minute(msgspec.Struct, array_like=True):
    """A minute of event time (its start, ms), and what came in it."""

    at: int
    posts: int
    people: int


class Phase(msgspec.Struct):
    """A stretch of the event with about the same pace, [start, end) in ms, and the topics it spoke of most."""

    start: int
    end: int
    posts: int
    per_minute: float
    topics: list[str]


def own_topics(event: Event) -> frozenset[str]:
    """The keys of the event's own hashtags: that these are talked about is no news."""
    return frozenset(map(topic_key, event.hashtags))


class EventTally:
    """Counts the posts of one event by their own time. People are told apart by source and account."""

    def __init__(self) -> None:
        self.posts = 0
        self.people: set[int] = set()  # hashes
        self.topics: Counter[str] = Counter()  # posts by topic key
        self.spellings: dict[str, Counter[str]] = {}
        self.busiest: Counter[tuple[str, str]] = Counter()  # posts by (source/account, author as written)
        self._minutes: dict[int, tuple[list[int], set[int]]] = defaultdict(lambda: ([0], set()))
        self._spans: dict[int, Counter[str]] = defaultdict(Counter)

    def take(self, post: Post) -> None:
        """Counts a post; that it comes once is the caller's duty."""
        account = account_ref(post.source, post.author)
        person = xxhash.xxh3_64_intdigest(account.encode())
        time_ms = int(post.time)
        self.posts += 1
        self.people.add(person)
        self.busiest[account, post.author] += 1
        count, people = self._minutes[time_ms // MINUTE_MS]
        count[0] += 1
        people.add(person)
        for spelling in topics_of(post):
            key = fold(spelling)
            self.topics[key] += 1
            self.spellings.setdefault(key, Counter())[spelling] += 1
            self._spans[time_ms // PHASE_MS][key] += 1
        self._forget()

    def minutes(self, limit: int | None = None) -> list[Minute]:
        """The minutes that had posts, oldest first; the newest `limit` of them."""
        kept = sorted(self._minutes)[-limit:] if limit else sorted(self._minutes)
        return [Minute(at * MINUTE_MS, self._minutes[at][0][0], len(self._minutes[at][1])) for at in kept]

    def display(self, topic: str) -> str:
        """The topic's spelling most used."""
        spellings = self.spellings.get(topic)
        return min(spellings, key=lambda it: (-spellings[it], it)) if spellings else topic

    def topics_at(self, at_ms: int, without: frozenset[str]) -> list[str]:
        """The three topics most used in the ten minutes that hold this moment, by key."""
        span = self._spans.get(at_ms // PHASE_MS, Counter[str]())
        return sorted((key for key in span if key not in without), key=lambda key: (-span[key], key))[:3]

    def phases(self, without: frozenset[str] = frozenset()) -> list[Phase]:
        """The event's stretches of even pace, oldest first; `without` names topics not worth telling (its own)."""
        spans: Counter[int] = Counter()
        for minute, (count, _) in self._minutes.items():
            spans[minute * MINUTE_MS // PHASE_MS] += count[0]
        if not spans:
            return []
        first, last = min(spans), max(spans)
        if last - first > MINUTES_KEPT * MINUTE_MS // PHASE_MS:
            first = last - MINUTES_KEPT * MINUTE_MS // PHASE_MS
        bounds = [first]
        level, length = float(spans[first]), 1
        for span in range(first + 1, last + 1):
            now = spans[span]
            # one is added so that a quiet hour is not cut at every post
            if not 1 / _STEP <= (now + 1) / (level + 1) <= _STEP and abs(now - level) >= 5:
                bounds.append(span)
                level, length = float(now), 1
            else:
                length += 1
                level += (now - level) / length
        bounds = _coarser([*bounds, last + 1], spans)
        return [self._phase(start, end, spans, without) for start, end in pairwise(bounds)]

    def _phase(self, start: int, end: int, spans: Counter[int], without: frozenset[str]) -> Phase:
        topics: Counter[str] = Counter()
        for span in range(start, end):
            topics.update(self._spans.get(span, {}))
        posts = sum(spans[span] for span in range(start, end))
        best = sorted((key for key in topics if key not in without), key=lambda key: (-topics[key], key))[:3]
        return Phase(start * PHASE_MS, end * PHASE_MS, posts, posts / ((end - start) * PHASE_MS / MINUTE_MS), best)

    def _forget(self) -> None:
        if len(self._minutes) > MINUTES_KEPT:
            del self._minutes[min(self._minutes)]
        if len(self._spans) > MINUTES_KEPT * MINUTE_MS // PHASE_MS:
            del self._spans[min(self._spans)]
        if len(self.topics) > MAX_TOPICS:  # one-off tags go; what the event is about stays
            self.topics = Counter(dict(self.topics.most_common(MAX_TOPICS // 2)))
            self.spellings = {key: it for key, it in self.spellings.items() if key in self.topics}


def _coarser(bounds: list[int], spans: Counter[int]) -> list[int]:
    """Neighbours with the nearest paces become one until there are at most MOST_PHASES."""

    def pace(start: int, end: int) -> float:
        return sum(spans[span] for span in range(start, end)) / (end - start)

    while len(bounds) - 1 > MOST_PHASES:
        gaps = [abs(pace(*bounds[at - 1 : at + 1]) - pace(*bounds[at : at + 2])) for at in range(1, len(bounds) - 1)]
        del bounds[gaps.index(min(gaps)) + 1]
    return bounds


class Resonance(msgspec.Struct):
    """What two events have in common."""

    event: str
    people: int
    topics: list[str]  # keys, the most used in both first
    title: str = ""  # of the event


def resonance(name: str, one: EventTally, other: EventTally, without: frozenset[str]) -> Resonance:
    """The people and topics that two events share, as seen from the one; `name` is the other's."""
    shared = (one.topics.keys() & other.topics.keys()) - without
    ordered = sorted(shared, key=lambda key: (-min(one.topics[key], other.topics[key]), key))
    return Resonance(name, len(one.people & other.people), ordered[:10])
