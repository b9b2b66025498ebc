"""Logs and the histories of their workers: all of the tiny ones, and random larger ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

from .rewind import Action, Record

#   pane     0        10        20        30        40        50
#            |a.b......|..a......|.....b...|.......M.|.........|.......M.|   and a control record
TINY = (Record(1, "a"), Record(3, "b"), Record(12, "a"), Record(26, "b"), Record(38), Record(57), Record(0, defines=1))

CLOCKS = (0, 0, 0, -2, -5, -9, -15, -15, -40, -40, 3, 25, 400)  # how far a record is ahead of the broker

History = tuple[tuple[Record, ...], tuple[Action, ...]]


def tiny_logs(most: int) -> Iterator[tuple[Record, ...]]:
    """Every log of up to `most` of the seven records."""
    for length in range(1, most + 1):
        yield from product(TINY, repeat=length)


def one_crash(steps: int) -> Iterator[tuple[Action, ...]]:
    """A worker dies after each number of steps."""
    for done in range(steps):
        yield Action("step", 0, done), Action("kill", 0)


def two_crashes_or_a_zombie(steps: int) -> Iterator[tuple[Action, ...]]:
    """A worker is left after each number of steps, its successor after each; the first is dead, or wakes up then."""
    for first, second in product(range(1, steps), repeat=2):
        begin = Action("step", 0, first)
        yield begin, Action("kill", 0), Action("start"), Action("step", 1, second), Action("kill", 1)
        yield begin, Action("start"), Action("step", 1, second), Action("step", 0, steps)
        yield begin, Action("start"), Action("step", 1, second), Action("step", 0, 2), Action("kill", 1)


def tiny() -> Iterator[History]:
    """Single crashes of all logs of up to four records, double ones and zombies of those of three."""
    for log in tiny_logs(4):
        for actions in one_crash(len(log) * 3):
            yield log, actions
    for log in tiny_logs(3):
        if len(log) == 3:
            for actions in two_crashes_or_a_zombie(6):
                yield log, actions


def larger(seed: int, retractions: float = 0.1) -> History:
    """A log of up to 30 records that mostly go on in time, by clocks of which some are wrong, and up to 25 actions.
    A quarter are markers, some control records, of which some come too late to hold; `retractions` is the share of
    those of posts before them, or still to come, or never."""
    rng = random.Random(seed)
    log, now, defined = [], 0, 1
    for _ in range(rng.randint(3, 30)):
        if rng.random() < 0.15:
            log.append(Record(0, defines=max(1, defined + rng.choice((0, 0, 0, -1, -2)))))
            defined += 1
            continue
        now += rng.choice((0, 1, 2, 4, 7, 12, 30))
        time = max(0, now + rng.choice(CLOCKS))
        if rng.random() < retractions:
            told, back = rng.random() < 0.7, rng.choice((0, 0, 3, 8, 20))
            log.append(Record(max(0, time - back), rng.choice("abcdef"), taken=now, gone=time, told=told))
            continue
        log.append(Record(time, "" if rng.random() < 0.25 else rng.choice("abcdef"), taken=now))
    actions = []
    for _ in range(rng.randint(1, 25)):
        kind = rng.choice(("step", "step", "step", "start", "kill"))
        actions.append(Action(kind, rng.randrange(6), rng.choice((1, 2, 3, 7, 20))))
    return tuple(log), tuple(actions)
