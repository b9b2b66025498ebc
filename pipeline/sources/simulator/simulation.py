"""A simulated stream, line by line in order of arrival: background, planted posts and faults, and the truth of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from operator import itemgetter

import msgspec

from pipeline.sources.simulator.background import Background
from pipeline.sources.simulator.labels import Totals
from pipeline.sources.simulator.planted import PlantedPost, plant
from pipeline.sources.simulator.population import Population
from pipeline.sources.simulator.scenario import Scenario
from pipeline.sources.simulator.topics import Topics


class Simulation:
    """A scenario with a seed: the same two give the same bytes, in every process.

    `labels` say what is planted. Raises ValueError where the population is too small for it.
    """

    def __init__(self, scenario: Scenario, seed: int) -> None:
        self.scenario = scenario
        self.seed = seed
        self._population = Population(scenario.people, scenario.languages, seed)
        self._topics = Topics(scenario.topics, scenario.languages, scenario.zipf)
        self._planted, self.labels = plant(scenario, self._population, seed)
        self._totals: Totals | None = None

    def lines(self) -> Iterator[bytes]:
        """The posts as canonical NDJSON, each line with its end, in order of arrival. Each call begins anew."""
        totals = Totals(self.scenario.name)
        background = Background(self.scenario, self._population, self._topics, totals, self.seed)
        encode, waiting, place = msgspec.json.Encoder().encode, list[tuple[int, bytes]](), 0
        for piece in background.pieces():
            come = place
            while come < len(self._planted) and self._planted[come].time_ms < piece.end_ms:
                come += 1
            planted = [(item.time_ms, encode(item.post) + b"\n") for item in self._planted[place:come]]
            place = come
            waiting += piece.added
            if not planted and not waiting:
                totals.lines += len(piece.lines)
                yield from piece.lines
                continue
            # stable: what was added at a post's own time comes behind that post
            ready = sorted(
                chain(
                    zip(piece.arrivals, piece.lines, strict=True),
                    planted,
                    (item for item in waiting if item[0] < piece.end_ms),
                ),
                key=itemgetter(0),
            )
            waiting = [item for item in waiting if item[0] >= piece.end_ms]
            totals.lines += len(ready)
            for _, line in ready:
                yield line
        totals.lines += len(waiting)
        for _, line in sorted(waiting, key=itemgetter(0)):
            yield line
        self._finish(totals, background)

    @property
    def totals(self) -> Totals:
        """What a reader of the whole stream counts; RuntimeError before `lines` has come to its end."""
        if self._totals is None:
            raise RuntimeError("the totals are known when all lines have been taken")
        return self._totals

    def truth(self) -> Iterator[bytes]:
        """The labels and, last, the totals as NDJSON; RuntimeError before `lines` has come to its end."""
        for label in (*self.labels, self.totals):
            yield msgspec.json.encode(label) + b"\n"

    def _finish(self, totals: Totals, background: Background) -> None:
        others: set[str] = set()
        keys: set[str] = set()
        for item in self._planted:
            _count(item, totals)
            keys.update(item.keys)
            if item.person is None:
                others.add(item.post.author)
            else:
                background.people_seen[item.person] = True
        for key in tuple(keys):
            number = self._topics.number(key)
            if number is not None:  # planted on an everyday topic
                background.topics_seen[number] = True
                keys.discard(key)
        totals.people = int(background.people_seen.sum()) + len(others)
        planted_ms = [item.time_ms for item in (*self._planted[:1], *self._planted[-1:])]
        totals.first = min([*planted_ms, *([] if background.oldest_ms is None else [background.oldest_ms])], default=0)
        totals.last = max([*planted_ms, background.newest_ms])
        totals.topics = int(background.topics_seen.sum()) + len(keys)
        self._totals = totals


def simulate(scenario: Scenario, seed: int) -> Iterator[bytes]:
    """The lines of a scenario, when nobody asks for its labels; see `Simulation`."""
    return Simulation(scenario, seed).lines()


def _count(item: PlantedPost, totals: Totals) -> None:
    post = item.post
    totals.posts += 1
    totals.reposts += post.repost_of is not None
    for name, counts in ((post.lang, totals.langs), (post.source, totals.sources)):
        if name is not None:
            counts[name] = counts.get(name, 0) + 1
