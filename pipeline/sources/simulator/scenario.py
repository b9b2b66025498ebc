"""What is to happen in a simulated stream: its pace, its people and topics, and the events planted in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

from pipeline.sources.simulator.words import LANGUAGES
from schemas import MAX_TIME_MS

DEFAULT_START_MS = 1_650_211_200_000  # 2022-04-17T16:00:00Z, six in the evening in Paris: fixed, so that bytes repeat
MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS
DEFAULT_LANGUAGES = (("fr", 0.46), ("en", 0.24), ("es", 0.09), ("de", 0.08), ("ja", 0.08), ("ar", 0.05))

Shape = Literal["step", "ramp", "spike"]


class Voice(msgspec.Struct, frozen=True):
    """How one language speaks of something: its tags (without sigil; the first is used most) and its subjects."""

    lang: str
    tags: tuple[str, ...]
    subjects: tuple[str, ...]
    share: float = 1.0  # of the people, against the other voices


class Burst(msgspec.Struct, frozen=True):
    """People who begin to talk about something: `people` different ones within `duration_ms`, most in their own words.

    step: an even flow from one moment on; ramp: slowly more; spike: most at once, then fading.
    """

    name: str
    voices: tuple[Voice, ...]
    after_ms: int  # from the scenario's start
    duration_ms: int
    people: int
    shape: Shape = "step"
    reposts: float = 0.3  # share of the posts
    again: float = 0.25  # posts beyond each person's first, as a share of the people
    kind: Literal["burst", "story"] = "burst"


def rest_of(bursts: Iterable[Burst], after_ms: int) -> Iterator[Burst]:
    """What of the bursts is later than that, for a scenario that begins then: as much of their people as of their
    time."""
    for burst in bursts:
        begins_ms, ends_ms = max(burst.after_ms, after_ms), burst.after_ms + burst.duration_ms
        if ends_ms > begins_ms:
            people = math.ceil(burst.people * (ends_ms - begins_ms) / burst.duration_ms)
            yield msgspec.structs.replace(
                burst, after_ms=begins_ms - after_ms, duration_ms=ends_ms - begins_ms, people=people
            )


class Talk(msgspec.Struct, frozen=True):
    """Something within an event's phase that people give a tag of its own; rises at once and fades."""

    name: str
    tag: str
    subjects: tuple[str, ...]
    after_ms: int  # from the start of the phase
    duration_ms: int
    people: int


class Phase(msgspec.Struct, frozen=True):
    """A part of an event: how lively it is, what is said, and its talks."""

    name: str
    duration_ms: int
    posts_per_minute: float
    subjects: tuple[str, ...]
    talks: tuple[Talk, ...] = ()


class Happening(msgspec.Struct, frozen=True):
    """An event with a hashtag, a room of people and phases one after the other. Every post carries the event's tag."""

    name: str
    lang: str
    tags: tuple[str, ...]  # spellings without sigil, the first used most
    after_ms: int
    audience: int  # people in the room; the busiest post most
    phases: tuple[Phase, ...]


class Flood(msgspec.Struct, frozen=True):
    """One account that repeats its tag in ever new words."""

    name: str
    lang: str
    tag: str
    after_ms: int
    duration_ms: int
    posts: int


class Ring(msgspec.Struct, frozen=True):
    """Accounts that together push a tag, most of them within a few minutes: they repost one text, or (`lexicon`) each
    writes a different one of 4 to 8 words drawn by lot."""

    name: str
    lang: str
    tags: tuple[str, ...]
    text: str
    after_ms: int
    duration_ms: int
    accounts: int
    texts: Literal["one", "lexicon"] = "one"


class Faults(msgspec.Struct, frozen=True):
    """How many posts are planted that a reader must tell from the rest. The numbers are kept exactly."""

    duplicates: int = 0  # the same post again, at most 4 s later
    late: int = 0  # 1 to 3 hours late, by an author who has just posted in time
    displaced: int = 0  # behind a newer post, by at most 4 s: in time for a lateness of 5 s
    corrupt: int = 0  # lines that are not posts, of every kind in turn
    oversized: int = 0  # lines of more than 1 MiB
    future: int = 0  # 2 to 30 days ahead, alone


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """A stream to be simulated. Raises ValueError, in one sentence, where its parts do not fit.

    `rate` is the mean number of background posts a second over 24 h of event time; what is planted comes on top.
    `topics` is the stock of background hashtags, drawn by a Zipf law with exponent `zipf` within each language;
    `people` the population, few of whom are very active.
    """

    name: str = "quiet"
    start_ms: int = DEFAULT_START_MS
    duration_ms: int = HOUR_MS
    rate: float = 20.0
    people: int = 20_000
    topics: int = 5_000
    zipf: float = 1.0
    seasonal: bool = True
    languages: tuple[tuple[str, float], ...] = DEFAULT_LANGUAGES
    bursts: tuple[Burst, ...] = ()
    happenings: tuple[Happening, ...] = ()
    floods: tuple[Flood, ...] = ()
    rings: tuple[Ring, ...] = ()
    faults: Faults = Faults()

    def __post_init__(self) -> None:
        last_ms = MAX_TIME_MS - 60 * DAY_MS  # posts of the future must be posts still
        if not (self.start_ms - 4 * HOUR_MS >= 0 and self.start_ms + self.duration_ms < last_ms):
            raise ValueError("a scenario lies within 1970-01-01T04:00:00Z and the autumn of 9998")
        if self.duration_ms <= 0:
            raise ValueError(f"the duration is {self.duration_ms} ms, it must be more than nothing")
        if not 0 < self.rate <= 1_000_000:
            raise ValueError(f"the rate is {self.rate:g} posts a second, it must be above 0 and at most 1,000,000")
        if not 100 <= self.people <= 50_000_000:
            raise ValueError(f"there are {self.people} people, it must be 100 to 50,000,000")
        if not len(LANGUAGES) <= self.topics <= 50_000_000:
            raise ValueError(f"there are {self.topics} topics, it must be {len(LANGUAGES)} to 50,000,000")
        if not 0 < self.zipf <= 3:
            raise ValueError(f"the Zipf exponent is {self.zipf:g}, it must be above 0 and at most 3")
        if not self.languages or any(lang not in LANGUAGES or share <= 0 for lang, share in self.languages):
            raise ValueError(f"languages are {', '.join(LANGUAGES)}, each with a share above 0")
        self._check_planted()

    def _check_planted(self) -> None:
        short: tuple[Burst | Flood | Ring, ...] = (*self.bursts, *self.floods, *self.rings)
        spans = [(item.name, item.after_ms, item.duration_ms) for item in short]
        spans += [(item.name, item.after_ms, sum(p.duration_ms for p in item.phases)) for item in self.happenings]
        for name, after_ms, duration_ms in spans:
            if after_ms < 0 or duration_ms <= 0 or after_ms + duration_ms > self.duration_ms:
                raise ValueError(f"{name} does not lie within the {self.duration_ms} ms of the scenario")
        for happening in self.happenings:
            for phase in happening.phases:
                if any(talk.after_ms + talk.duration_ms > phase.duration_ms for talk in phase.talks):
                    raise ValueError(f"a talk of {happening.name} does not lie within its phase {phase.name}")
        planted = self.faults.duplicates + self.faults.late + self.faults.displaced
        expected = self.rate * self.duration_ms / 1_000 * 0.2  # the quietest hours hold about a third of the mean
        if planted * 2 > expected or self.faults.future * 100 > expected:
            raise ValueError(
                f"{planted} duplicate, late and displaced and {self.faults.future} future posts are too many "
                f"for {self.rate:g} posts a second over {self.duration_ms / 1_000:g} s"
            )
