"""What speaks against a topic so far: told piece by piece it is what is told at once."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from pipeline.trends.counts import Counts, Place
from pipeline.trends.names import Names
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.suspicion import Suspicion
from pipeline.trends.timeline import Timeline
from schemas import Post

MINUTE_MS = 60_000
BEGAN = 1_795_915_380_000 // MINUTE_MS * MINUTE_MS
END = BEGAN + 190 * MINUTE_MS  # of what is final
TAG = "#there"


def suspicion(minutes: Sequence[Counts], names: Names) -> Suspicion:
    timeline = Timeline(names)
    found = Suspicion(timeline)
    for table in minutes:
        found.take(table.start, [table])
        timeline.add_minute(table.start, [table])
    return found


def test_signs_that_grow_are_those_of_all_that_is_told() -> None:
    """Regulars for three hours, then a rush of people, most of them bots, in two minutes that are not final; a
    partition is read again on the way."""
    draw, names, counter = random.Random(5), Names(), PaneCounter(Grid(MINUTE_MS, 0))
    number = iter(range(10_000))

    def posts(begin: int, people: range, count: int, bot: bool = False) -> list[Post]:
        return [
            Post(f"p{next(number)}", f"a{draw.choice(people)}", TAG, begin + draw.randrange(MINUTE_MS), bot=bot)
            for _ in range(count)
        ]

    minutes = []
    for at in range(BEGAN, END, MINUTE_MS):
        counter.add(posts(at, range(300), 4))
        minutes += [pane.settled(names) for pane in counter.mark(at + MINUTE_MS, 0, at + MINUTE_MS)]
    (topic,) = names.topics_of(names.spelling_numbers([TAG])).tolist()
    growing, said = suspicion(minutes, names), set()
    early: dict[int, list[Place]] = defaultdict(list)
    for piece in range(24):
        at = END + piece // 12 * MINUTE_MS
        counter.add([*posts(at, range(300), 3), *posts(at, range(1_000, 2_000), 20, bot=piece % 3 > 0)])
        if piece == 15:
            early[END].pop(0)
        for told in counter.edge():
            place = told.settled(names).find(np.int32(topic))
            assert place is not None
            early[place.table.start].append(place)
        found = growing.judged(topic, MINUTE_MS, END, early)
        assert found == growing.judged(topic, MINUTE_MS, END, early)
        assert found == suspicion(minutes, names).judged(topic, MINUTE_MS, END, early)
        assert found is not None
        said.add(found.signs.suspect)
    assert said == {False, True}
    assert growing.judged(topic, MINUTE_MS, END) == suspicion(minutes, names).judged(topic, MINUTE_MS, END)
