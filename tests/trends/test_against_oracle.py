"""The fast product and the slow, obvious reference say the same of the same posts."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.definitions import Words
from tests.oracle import streams
from tests.oracle.compare import differences
from tests.oracle.counting import count, counts
from tests.oracle.posts import Retracted, Said
from tests.oracle.ranking import lists
from tests.trends.product import run

MORE = 4 if os.environ.get("UPSWELL_TEST_SEARCH") else 1  # in `make long`
SLOWLY = settings(deadline=None, max_examples=40, suppress_health_check=list(HealthCheck))


GRID = streams.PANE_MS, streams.MAX_OUT_OF_ORDERNESS_MS


def assert_same(log: Sequence[Said | Retracted], partitions: int, words: Words = "off") -> None:
    found, panes, stats = run(log, partitions, words=words)
    log = [streams.with_words(record, words) for record in log]
    expected_panes, late, late_by_source, duplicates = counts(log, partitions, *GRID)
    unused = count(log, partitions, *GRID).unused
    assert panes == expected_panes
    assert (stats.retractions, stats.retractions_unused) == (sum(isinstance(it, Retracted) for it in log), unused)
    assert (stats.read, stats.late, stats.late_by_source, stats.duplicates) == (
        len(log),
        late,
        late_by_source,
        duplicates,
    )
    assert differences(found, lists(log, partitions, *GRID)) == []


@SLOWLY
@given(streams.small(), st.sampled_from((1, 3, 12)))
def test_counts_people_windows_and_lists_are_the_references(log: list[Said], partitions: int) -> None:
    assert_same(log, partitions)


@settings(SLOWLY, max_examples=10 * MORE)
@given(streams.days(), st.sampled_from((1, 3)))
def test_quiet_hours_and_unobserved_days_are_the_references(log: list[Said], partitions: int) -> None:
    assert_same(log, partitions)


def test_a_day_is_measured_whole_though_nobody_posted_when_it_ended() -> None:
    def said(number: int, hour: int, *spellings: tuple[str, str]) -> Said:
        at = streams.START_MS + hour * 3_600_000 + 2_548_630
        return Said(f"p{number}", f"a{number}", "", at, spellings=spellings)

    paris, shouted, sun = ("#paris", "#paris"), ("#PARIS", "#paris"), ("#日本", "#日本")
    vote, summer, fb = ("#Presidentielle", "#presidentielle"), ("#été", "#ete"), ("#fb", "#fb")
    first = [said(17, 0, paris), said(7, 0, paris), said(11, 0, sun, paris, shouted)]
    second = [said(8, 1, paris, summer, vote), said(14, 1, paris, shouted)]
    late = [said(20, 50, paris), said(16, 50, paris), said(3, 73, paris, vote, paris), said(15, 73, vote, fb)]
    assert_same([*first, *second, *late], 1)


def test_of_what_trends_the_first_are_looked_at() -> None:
    """202 tags trend at once, of five people each; those of the first also say the last two."""
    minute, begins = 60_000, streams.START_MS // 3_600_000 * 3_600_000
    past = [Said(f"q{n}", f"q{n % 3}", "", begins + 10 * n * minute, spellings=(("#day", "#day"),)) for n in range(13)]
    burst = []
    for tag in range(202):
        key = f"#t{tag:03}"
        for person in range(5):
            author, words = f"a{tag if tag < 200 else 0}-{person}", "abcde"[person] * (tag % 50 + 1)
            at = begins + 125 * minute + 100 * tag + person
            burst.append(Said(f"{key}-{person}", author, words, at, spellings=((key, key),)))
    assert_same([*past, *burst], 1)
    trending = [one["trends"] for one in run([*past, *burst], 1)[0] if all(row["trending"] for row in one["trends"])]
    first = max(trending, key=len)[0]
    assert (first["topic"], first["joined"]) == ("#t000", [])


def test_what_does_not_beat_its_own_record_is_no_news() -> None:
    """After a day of past, half an hour of 30 people is news; as much again, three hours later, is none, though it
    scores enough."""
    hour, begins = streams.HOUR_MS, streams.START_MS
    past = [Said(f"q{n}", f"q{n}", "", begins + n * hour, spellings=(("#day", "#day"),)) for n in range(36)]
    bursts = [
        Said(f"{at}-{n}", f"{at}-{n}", "a" * n, begins + at * hour + n * 60_000, spellings=(("#fb", "#fb"),))
        for at in (26, 30)
        for n in range(30)
    ]
    log = sorted([*past, *bursts], key=lambda said: said.time)
    found = [one for one in run(log, 1)[0] if (one["scope"], one["window"]) == ("all", "1h")]
    assert differences(found, lists(log, 1, *GRID, windows=["1h"], scopes=["all"])) == []
    rows = [(one["at"] - begins, row) for one in found for row in one["trends"] if row["topic"] == "#fb"]
    assert max(row["score"] for at, row in rows if at // hour == 30) > 5
    assert {at // hour for at, row in rows if row["trending"]} == {26, 27}


@settings(SLOWLY, max_examples=20)
@given(streams.withdrawing(streams.small(most=40)), st.sampled_from((1, 3)))
def test_lists_without_what_was_withdrawn_are_the_references(log: list[Said | Retracted], partitions: int) -> None:
    assert_same(log, partitions)


@settings(SLOWLY, max_examples=8)
@given(streams.withdrawing(streams.days()), st.sampled_from((1, 3)))
def test_days_of_withdrawals_are_the_references(log: list[Said | Retracted], partitions: int) -> None:
    assert_same(log, partitions)


@settings(SLOWLY, max_examples=8)
@given(streams.withdrawing(streams.small(most=25)), st.sampled_from((1, 3)), st.sampled_from(("events", "all")))
def test_words_are_the_references(log: list[Said | Retracted], partitions: int, words: Words) -> None:
    assert_same(log, partitions, words=words)


@settings(SLOWLY, max_examples=3)
@given(streams.days(most=20), st.sampled_from(("events", "all")))
def test_days_of_words_are_the_references(log: list[Said], words: Words) -> None:
    assert_same(log, 3, words=words)


@pytest.mark.parametrize("words", ["events", pytest.param("all", marks=pytest.mark.long)])
def test_an_hour_in_which_words_surge_is_the_references(words: Words) -> None:
    scope = "event:fair" if words == "events" else "all"
    log = streams.retracting(streams.talking(3, posts=150), random.Random(3), 0.1)
    found = [each for each in run(log, 3, words=words)[0] if (each["scope"], each["window"]) == (scope, "1h")]
    rows = [row for each in found for row in each["trends"] if row["trending"]]
    assert any("harbour festival" in row["joined"] and row["topic"] == "#harbourfestival" for row in rows)
    told = [streams.with_words(record, words) for record in log]
    assert differences(found, lists(told, 3, *GRID, windows=["1h"], scopes=[scope])) == []


def test_words_of_a_rush_are_the_references() -> None:
    """First few write, then as many as that past tells nothing of, then fewer again."""
    log = [said for said in streams.talking(3, posts=400, hours=4) if isinstance(said, Said)]
    begins = min(said.time for said in log)
    kept = [
        said for number, said in enumerate(log) if said.time >= begins + 5 * streams.HOUR_MS // 2 or number % 16 == 0
    ]
    for words in ("events", "all"):
        assert_same(kept, 3, words=words)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_hours_of_withdrawals_are_the_references(seed: int) -> None:
    assert_same(streams.retracting(streams.seeded(seed, posts=1_200), random.Random(seed), 0.3), 3)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.long)])
def test_hours_of_bursts_and_a_ring_are_the_references(seed: int) -> None:
    assert_same(streams.seeded(seed, posts=1_200, hours=5.0), 3)


@SLOWLY
@given(streams.small(late=False), st.randoms(use_true_random=False))
def test_without_late_posts_neither_partitions_nor_order_within_the_lateness_matter(
    log: list[Said], chance: random.Random
) -> None:
    straight = run(log, 1)[:2]
    shuffled = [
        said
        for _, said in sorted((said.time + chance.randrange(streams.MAX_OUT_OF_ORDERNESS_MS), said) for said in log)
    ]
    same_ids_first = {(said.source, said.id, said.time): said for said in reversed(log)}
    shuffled = [same_ids_first.get((said.source, said.id, said.time), said) for said in shuffled]
    for partitions in (3, 12):
        assert run(shuffled, partitions)[:2] == straight


@SLOWLY
@given(streams.small(), st.integers(1, 9))
def test_how_posts_are_cut_into_batches_does_not_matter(log: list[Said], batch: int) -> None:
    assert run(log, 3, batch=batch)[0] == run(log, 3)[0]
