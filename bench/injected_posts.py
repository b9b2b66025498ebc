"""Real posts stacked to four weeks, and the bursts, floods and rings that are put into them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.evaluation.judging import AFTER_MIN, Planted
from pipeline.sources.archives.read import read_archives
from pipeline.text import fold, topics_of
from pipeline.trends.score import MINUTE_MS
from schemas import Post

DAY_MIN = 1_440
DAYS, WARMUP_DAYS = 28, 7
MINUTES = DAYS * DAY_MIN
BEGIN_MS = 1_388_966_400_000  # a Monday
EVENTS, BURST_SHARE, FLOOD_SHARE = 150, 0.70, 0.15
RING_ACCOUNTS = 200
FLOOD_POSTS = 100
GIANT_PEOPLE_AN_HOUR = 100.0


@dataclass(frozen=True)
class Event:
    kind: str  # burst, flood, ring
    topic: str
    start_min: int
    minutes: int
    people: int
    background: str  # new, middling, big

    @property
    def label(self) -> Planted:
        """What `upswell evaluate` calls it."""
        start_ms = BEGIN_MS + self.start_min * MINUTE_MS
        return Planted(self.kind, self.topic, [self.topic], start_ms, start_ms + self.minutes * MINUTE_MS, self.people)


def stacked(paths: Sequence[str]) -> list[Post]:
    """The posts of the archives, moved by whole weeks into the same four."""
    posts = [post for batch in read_archives(paths) for post in batch.posts]
    for post in posts:
        assert isinstance(post.time, int)
        post.time = BEGIN_MS + (post.time - BEGIN_MS) % (MINUTES * MINUTE_MS)
        post.lang = None  # one scope is enough here
    return posts


def keys_of(post: Post) -> set[str]:
    return {fold(spelling) for spelling in topics_of(post)}


def giants(rng: np.random.Generator) -> Iterator[Post]:
    hours = np.arange(DAYS * 24)
    for number, peak in enumerate((13, 16, 20)):
        rate = GIANT_PEOPLE_AN_HOUR * (1 + 0.9 * np.cos((hours - peak) * math.pi / 12))
        for hour, people in zip(hours.tolist(), rng.poisson(rate).tolist(), strict=True):
            for at in rng.integers(0, 3_600_000, people).tolist():
                author = f"giant{number}-{int(rng.integers(20_000))}"
                yield _post(rng, author, f"#giant{number}", hour * 3_600_000 + at)


def _post(rng: np.random.Generator, author: str, topic: str, at_ms: int, text: str = "") -> Post:
    letters = "".join(chr(97 + int(letter)) for letter in rng.integers(0, 26, 24))
    words = text or " ".join((letters[:7], letters[7:13], letters[13:]))
    return Post(f"{author}-{letters}-{at_ms}", author, f"{words} {topic}", BEGIN_MS + at_ms, source="twitter")


def draw_events(rng: np.random.Generator, posts_by_topic: Mapping[str, int]) -> list[Event]:
    ranked = [topic for topic, _ in sorted(posts_by_topic.items(), key=lambda item: (-item[1], item[0]))]
    big, middling = ranked[:10], [topic for topic in ranked[10:] if posts_by_topic[topic] >= DAYS]
    events = []
    for number in range(EVENTS):
        share = (number + 0.5) / EVENTS
        kind = "burst" if share < BURST_SHARE else "flood" if share < BURST_SHARE + FLOOD_SHARE else "ring"
        background = ("new", "new", "middling", "big")[int(rng.integers(4))]
        pool = {"new": [f"#fresh{number}"], "middling": middling, "big": big}[background]
        minutes = int(rng.choice([20, 60, 180]))
        people = {"burst": round(10 * 2 ** rng.uniform(0, 5)), "flood": 2, "ring": RING_ACCOUNTS}[kind]
        start = int(rng.integers(WARMUP_DAYS * DAY_MIN, MINUTES - minutes - AFTER_MIN))
        events.append(Event(kind, str(rng.choice(pool)), start, minutes, people, background))
    return events


def posts_of(event: Event, number: int, rng: np.random.Generator) -> Iterator[Post]:
    length_ms, begin_ms = event.minutes * MINUTE_MS, event.start_min * MINUTE_MS
    if event.kind == "flood":
        for turn in range(FLOOD_POSTS):
            at_ms = begin_ms + int(rng.integers(length_ms))
            yield _post(rng, f"flood{number}-{turn % 2}", event.topic, at_ms)
        return
    if event.kind == "ring":
        slogan = f"buy now ring {chr(97 + number % 26)}"
        for account in range(event.people):
            at_ms = begin_ms + int(rng.integers(length_ms))
            yield _post(rng, f"ring{number}-{account}", event.topic, at_ms, slogan)
        return
    shape = int(rng.integers(3))  # step, ramp, spike
    place = rng.random(event.people)
    if shape:
        place = np.sqrt(place) if shape == 1 else 1 - np.sqrt(place)
    reposts = rng.uniform(0.2, 0.6)
    for person, part in enumerate(np.sort(place).tolist()):
        post = _post(rng, f"person{number}-{person}", event.topic, begin_ms + int(part * (length_ms - 1)))
        if rng.random() < reposts:
            original = int(rng.integers(3))
            post.repost_of, post.text = f"original{number}-{original}", f"original {original} {event.topic}"
        yield post
