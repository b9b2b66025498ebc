"""Whatever happens to workers, the reader takes what one undisturbed worker would have published.

Every tiny history is tried, and UPSWELL_MODEL_CASES larger random ones for each of three latenesses (default
10,000; 250,000 take two minutes).
Each rule is also broken on purpose: the check must then find a history that goes wrong.

    log        |a1 b3|    a12    |  b26  |      M38      marker
    worker 0    read  read  read: close 0; publish chunk 1 of 2 x killed
    worker 1    reads again from the committed offset, closes 0 again, ...
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable, Iterator
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from .histories import History, larger, tiny
from .product import ProductCounter
from .rewind import (
    LATENESS,
    RULES,
    Action,
    Broker,
    Chunk,
    Close,
    Counter,
    Outcome,
    PaneModel,
    Record,
    Rules,
    Worker,
    play,
    read,
    uninterrupted,
)

CASES = int(os.environ.get("UPSWELL_MODEL_CASES", "10000"))


def outcomes(histories: Iterable[History], rules: Rules = RULES, lateness: int = LATENESS) -> Iterator[Outcome]:
    known: tuple[object, list[Close]] = (None, [])
    for log, actions in histories:
        if known[0] is not log:
            known = log, uninterrupted(log, PaneModel(rules, lateness))
        yield play(log, actions, lambda: PaneModel(rules, lateness), rules, known[1])


def test_no_tiny_history_changes_what_is_read() -> None:
    cases = 0
    for history, outcome in zip(tiny(), outcomes(tiny()), strict=True):
        assert outcome.right, history
        cases += 1
    assert cases >= 20_000


@pytest.mark.parametrize("lateness", [0, 5, 25])
def test_no_larger_history_changes_what_is_read_and_every_kind_of_fault_took_place(lateness: int) -> None:
    repeated = changed = torn = stale = zombies = 0
    for seed, outcome in enumerate(outcomes(map(larger, range(CASES)), lateness=lateness)):
        assert outcome.right, larger(seed)
        repeated += outcome.read.repeated
        changed += outcome.read.changed
        torn += outcome.torn
        stale += outcome.stale_commits
        zombies += outcome.zombies
    assert min(repeated, torn, stale, zombies) > CASES // 100
    # without lateness, the record that made a pane the frontier lies in that pane: nothing is read again without it
    assert changed > CASES // 100 or lateness == 0


@pytest.mark.parametrize("lateness", [0, 5, 25])
def test_the_products_own_counting_obeys_the_rules_and_closes_what_the_model_closes(lateness: int) -> None:
    late = duplicates = gone = 0
    for seed in range(200):
        log, actions = larger(seed)
        expected = uninterrupted(log, PaneModel(RULES, lateness))
        late += sum(close.late for close in expected)
        duplicates += sum(close.duplicates for close in expected)
        gone += sum(len(close.gone) for close in expected)
        assert uninterrupted(log, ProductCounter(lateness)) == expected, log
        assert play(log, actions, lambda: ProductCounter(lateness), RULES, expected).right, (log, actions)
    assert min(late, duplicates, gone) > 20


TIMES = st.integers(0, 90)
RECORDS = (
    st.builds(Record, TIMES, st.sampled_from(("", "a", "b", "c")), taken=TIMES)
    | st.builds(Record, TIMES, st.sampled_from("abc"), taken=TIMES, gone=TIMES, told=st.booleans())
    | st.builds(Record, st.just(0), defines=st.integers(1, 4))
)
ACTIONS = st.builds(Action, st.sampled_from(("step", "step", "start", "kill")), st.integers(0, 4), st.integers(1, 12))


@settings(max_examples=300, deadline=None)
@given(st.lists(RECORDS, max_size=20), st.lists(ACTIONS, max_size=20))
def test_no_history_that_hypothesis_thinks_of_changes_what_is_read(log: list[Record], actions: list[Action]) -> None:
    outcome = play(log, actions, PaneModel)
    assert outcome.read.taken == outcome.expected


@pytest.mark.parametrize("rule", Rules._fields)
def test_without_a_single_rule_the_check_finds_a_history_that_goes_wrong(rule: str) -> None:
    broken = RULES._replace(**{rule: False})
    histories = (larger(seed, retractions=0) for seed in range(6_000))  # there are more posts that can go wrong
    wrong = (outcome for outcome in outcomes(histories, broken) if not outcome.right)
    assert len(list(islice(wrong, 21))) == 21


@pytest.mark.parametrize("make", [PaneModel, ProductCounter])
@pytest.mark.parametrize("bounded", [True, False])
def test_nobody_is_late_by_anothers_clock(make: Callable[[], Counter], bounded: bool) -> None:
    """Records of right clocks, each taken within the lateness, between any others."""
    late = others = 0
    for seed in range(300):
        rng, now, log = random.Random(seed), 0, []
        for number in range(60):
            now += rng.choice((0, 1, 2, 4, 7))
            ahead = rng.choice((0, 0, -1, -LATENESS, 3, 30, 400))
            log.append(
                Record(max(0, now + ahead), "" if number % 7 == 0 else f"{number}", taken=now if bounded else 900)
            )
        closed = uninterrupted([*log, Record(now + 100, taken=now + 100)], make())
        others += sum(record.time > record.taken for record in log)
        late += sum(close.late for close in closed)
    assert (late == 0) is bounded
    assert others > 1_000 or not bounded


def test_a_pane_read_again_may_hold_less_and_is_ignored() -> None:
    #  offset   0    1    2       3    4
    #  log      c0   d22  e31     c0   f38
    #           |    |    |       |    closes 20, which holds d and one late post; 30 is open
    #           |    |    closes 0; 20 is open: offset 1 is committed
    #           |                 late under the frontier 20
    #  a worker from offset 2, where the first has committed after the close of 20, does not see d
    log = [Record(0, "c"), Record(22, "d"), Record(31, "e"), Record(0, "c"), Record(38, "f")]
    whole = [Close(0, frozenset("c")), Close(20, frozenset("d"), late=1)]
    broker = Broker()
    Worker(log, broker, PaneModel(), RULES).finish()
    assert (broker.committed, read(broker.chunks, RULES).taken) == (2, whole)
    Worker(log, broker, PaneModel(), RULES).finish()
    assert broker.chunks[-1].close == Close(20, frozenset(), late=1)
    assert read(broker.chunks, RULES).taken == whole


def test_the_reader_takes_the_first_complete_set_of_chunks_and_nothing_below_it() -> None:
    torn, whole, lesser = Close(0, frozenset("a")), Close(10, frozenset("ab")), Close(10, frozenset("b"))
    chunks = [Chunk(torn, 0), Chunk(lesser, 1), Chunk(whole, 0), Chunk(whole, 1), Chunk(lesser, 0), Chunk(torn, 1)]
    assert read(chunks, RULES).taken == [whole]
