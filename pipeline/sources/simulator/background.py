"""The everyday posts of a stream, drawn in pieces of time, and the faults that are planted among them."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from pipeline.sources.simulator.faults import FaultMaker
from pipeline.sources.simulator.labels import Totals
from pipeline.sources.simulator.population import (
    ID_FORMS,
    MASTODON,
    PLANTED_SERIALS,
    REPOSTING,
    RSS,
    SOURCES,
    Population,
    id_base,
)
from pipeline.sources.simulator.scenario import DAY_MS, HOUR_MS, MINUTE_MS, Scenario
from pipeline.sources.simulator.topics import Topics
from pipeline.sources.simulator.words import LANGUAGES

_PIECE_POSTS = 8_192
_REPOSTS = 0.15
_UNTAGGED, _TWO_TAGS = 0.3, 0.85  # below: no tag, from: two
_RECENT = 64  # what is reposted are the latest of the same network and language
_VARIANTS = np.array([0, 0, 1, 1, 2])  # spellings are not equally common


class Piece(NamedTuple):
    """The background of [start, end) in order of arrival, and what the faults add, each with its arrival in ms."""

    end_ms: int
    arrivals: list[int]
    lines: list[bytes]
    added: list[tuple[int, bytes]]


def season(time_ms: float) -> float:
    """How lively an hour is against the mean of the day: 0.33 before dawn in Europe, 1.7 in the evening.

    >>> round(sum(season(h * 3_600_000) for h in range(24)) / 24, 9)
    1.0
    """
    hour = time_ms % DAY_MS / HOUR_MS
    return 1 + 0.65 * math.cos(2 * math.pi * (hour - 18) / 24) + 0.2 * math.cos(4 * math.pi * (hour - 21) / 24)


class Background:
    """Draws the everyday posts of a scenario and counts them into `totals`.

    Each piece of time has random numbers of its own, so memory does not grow with the duration.
    """

    def __init__(self, scenario: Scenario, population: Population, topics: Topics, totals: Totals, seed: int) -> None:
        self._scenario, self._population, self._topics, self._totals = scenario, population, topics, totals
        self._seed = seed
        self.people_seen = np.zeros(population.size, dtype=np.bool_)
        self.topics_seen = np.zeros(topics.size, dtype=np.bool_)
        self._faults = FaultMaker(scenario, totals, seed)
        self._serial = 0
        self.newest_ms = 0
        self.oldest_ms: int | None = None
        stock = [LANGUAGES[lang] for lang in population.languages]
        self._front = [[a + b for a in words.openings for b in words.subjects] for words in stock]
        self._back = [[c + d for c in words.verbs for d in words.endings] for words in stock]
        self._recent: list[deque[tuple[str, str]]] = [
            deque(maxlen=_RECENT) for _ in range(len(SOURCES) * len(population.languages))
        ]

    def pieces(self) -> Iterator[Piece]:
        """The background from start to end."""
        scenario = self._scenario
        piece_ms = max(10, min(10 * MINUTE_MS, int(_PIECE_POSTS / scenario.rate * 1_000)))
        for number, after_ms in enumerate(range(0, scenario.duration_ms, piece_ms)):
            rng = np.random.Generator(np.random.PCG64([self._seed, 6, number]))
            yield self._piece(rng, scenario.start_ms + after_ms, min(piece_ms, scenario.duration_ms - after_ms))

    def _piece(self, rng: np.random.Generator, start_ms: int, length_ms: int) -> Piece:
        scenario, population = self._scenario, self._population
        mean = scenario.rate * length_ms / 1_000 * (season(start_ms + length_ms / 2) if scenario.seasonal else 1.0)
        count = int(rng.poisson(mean))
        times = np.sort(start_ms + (rng.random(count) * length_ms).astype(np.int64))
        people = population.draw(rng.random(count))
        langs, sources = population.lang[people], population.source[people]
        tagging = rng.random(count)
        tags = (tagging >= _UNTAGGED).astype(np.int64) + (tagging >= _TWO_TAGS)
        first, second = (self._topics.draw(langs, rng.random(count)) for _ in range(2))
        reposts = (rng.random(count) < _REPOSTS) & (sources < REPOSTING)
        numbers = id_base(times) + (self._serial + np.arange(count)) % PLANTED_SERIALS
        self.people_seen[people] = True
        for wanted, ranks in ((1, first), (2, second)):
            own = (tags >= wanted) & ~reposts
            self.topics_seen[self._topics.offsets[langs[own]] + ranks[own]] = True
        self._count(langs, sources)
        arrivals: list[int] = times.tolist()
        columns = (
            arrivals,
            numbers.tolist(),
            people.tolist(),
            langs.tolist(),
            sources.tolist(),
            tags.tolist(),
            first.tolist(),
            second.tolist(),
            _VARIANTS[rng.integers(0, len(_VARIANTS), count)].tolist(),
            reposts.tolist(),
            self._places(rng, langs, self._front),
            self._places(rng, langs, self._back),
        )
        added: list[tuple[int, bytes]] = []
        # one encode and one split for the piece: a third of the time of one encode a line
        lines = "".join(self._written(columns, added)).encode().splitlines(keepends=True)
        self._serial += count
        if arrivals:
            self.oldest_ms = min(arrivals[0], self.oldest_ms or arrivals[0])
        return Piece(start_ms + length_ms, arrivals, lines, added)

    def _written(self, columns: tuple[list[int], ...], added: list[tuple[int, bytes]]) -> Iterator[str]:
        topics, fragment, faults = self._topics, self._population.fragment, self._faults
        fronts, backs, recent = self._front, self._back, self._recent
        languages = len(self._population.languages)
        newest = self.newest_ms
        for time_ms, number, person, lang, source, tags, first, second, variant, repost, front, back in zip(
            *columns, strict=True
        ):
            before, after = ID_FORMS[source]
            own_id = f"{before}{number}{after}"
            earlier = recent[source * languages + lang]
            if repost and earlier:
                original, said = earlier[(front * 31 + back) % len(earlier)]
                rest = f'{said},"repost_of":"{original}"}}\n'
                self._totals.reposts += 1
            else:
                if repost:  # nothing to repost yet: words of their own after all
                    self._see(lang, first, second, tags)
                said = fronts[lang][front] + backs[lang][back]
                if not tags:
                    said = f'"text":"{said}"'
                else:
                    tag = topics.tag(lang, first, variant)
                    other = topics.tag(lang, second, variant) if tags == 2 else None
                    if source == RSS:
                        said = f'"text":"{said}","tags":["{tag}"' + (f',"{other}"]' if other else "]")
                    else:
                        said = f'"text":"{said} #{tag} #{other}"' if other else f'"text":"{said} #{tag}"'
                        if source == MASTODON:
                            said += f',"tags":["{tag.lower()}"' + (f',"{other.lower()}"]' if other else "]")
                if source < REPOSTING:
                    earlier.append((own_id, said))
                rest = said + "}\n"
            head = f'{{"id":"{own_id}",{fragment(person)},"time":'
            if time_ms >= faults.due_ms:
                time_ms = faults.place(time_ms, newest, head, rest, source, added)
                self.oldest_ms = min(time_ms, self.oldest_ms or time_ms)
            if time_ms > newest:
                newest = time_ms
            yield f"{head}{time_ms},{rest}"
        self.newest_ms = newest

    def _see(self, lang: int, first: int, second: int, tags: int) -> None:
        for rank in (first, second)[:tags]:
            self.topics_seen[self._topics.offsets[lang] + rank] = True

    def _places(self, rng: np.random.Generator, langs: npt.NDArray[np.uint8], parts: list[list[str]]) -> list[int]:
        sizes = np.array([len(part) for part in parts])
        places: list[int] = (rng.integers(0, 1 << 40, len(langs)) % sizes[langs]).tolist()
        return places

    def _count(self, langs: npt.NDArray[np.uint8], sources: npt.NDArray[np.uint8]) -> None:
        totals = self._totals
        totals.posts += len(langs)
        for names, drawn, counts in (
            (self._population.languages, langs, totals.langs),
            (SOURCES, sources, totals.sources),
        ):
            for name, count in zip(names, np.bincount(drawn, minlength=len(names)).tolist(), strict=True):
                if count:
                    counts[name] = counts.get(name, 0) + count
