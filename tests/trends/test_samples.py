"""What is compiled of uniting samples of people gives what numpy gives, of entries in any order."""

from __future__ import annotations

import shutil
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.trends import joining, people, reading, withdrawals
from pipeline.trends._compiled import samples
from pipeline.trends.arrays import pointers
from pipeline.trends.counts import Counts
from pipeline.trends.names import Cell, Dictionary
from pipeline.trends.people import Support, support, text_priority_of_one, united

# few, so that people come again; texts of the same person compete by a hash, and own words before reposts
AUTHORS = st.sampled_from([0, 1, 7, 1 << 63, (1 << 64) - 1, *range(1_000, 1_030)])
ENTRIES = st.lists(st.tuples(AUTHORS, st.integers(0, 9), st.sampled_from([1, 2, (1 << 31) - 1])), max_size=80)


def test_where_there_is_a_compiler_it_is_used() -> None:
    assert samples is not None or shutil.which("cc") is None, "install again: the compiled part is missing"


@given(ENTRIES, st.lists(st.integers(0, 80), max_size=4), st.sampled_from([1, 2, 5, people.K]))
def test_entries_are_united_as_without_it(entries: list[tuple[int, int, int]], cuts: list[int], most: int) -> None:
    bounds = [0, *sorted(cuts), len(entries)]
    runs = [sorted(entries[begin:end]) for begin, end in pairwise(bounds)]
    for order in (entries, [entry for run in runs for entry in run]):
        columns = [np.array([it[n] for it in order], kind) for n, kind in enumerate((np.uint64, np.uint64, np.int32))]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(people, "K", most)
            found = united(*columns)
            patch.setattr(people, "samples", None)
            expected = united(*columns)
        assert [column.tolist() for column in found] == [column.tolist() for column in expected]
        assert [column.dtype for column in found] == [column.dtype for column in expected]


def test_of_a_person_the_text_stands_that_comes_first_by_the_rule() -> None:
    author, texts = 7, list(range(50))
    found = united(np.full(50, author, np.uint64), np.array(texts, np.uint64), np.ones(50, np.int32))
    first = min(texts, key=lambda text: text_priority_of_one(author, text))
    assert [column.tolist() for column in found] == [[author], [first], [50]]


@given(
    st.lists(st.tuples(AUTHORS, st.integers(0, 9), st.integers(1, 3)), max_size=80),
    st.lists(AUTHORS, max_size=20),
    st.booleans(),
    st.sampled_from([1, 2, 5, people.K]),
)
def test_support_is_read_as_without_it(
    entries: list[tuple[int, int, int]], gone: list[int], some: bool, most: int
) -> None:
    columns = [np.array([it[n] for it in entries], kind) for n, kind in enumerate((np.uint64, np.uint64, np.int32))]
    withdrawn = np.array(gone, np.uint64) if some else None
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "K", most)
        patch.setattr(people, "_SMALL", 0)
        found = support(*columns, withdrawn)
        patch.setattr(people, "samples", None)
        expected = [support(*columns, withdrawn)]
        if len(entries) <= most:
            patch.setattr(people, "_SMALL", most)
            expected.append(support(*columns, withdrawn))
    for of in expected:
        assert facts_of(found) == facts_of(of)


def facts_of(found: Support) -> tuple[object, ...]:
    return (
        *(found.n, found.people, found.own_words, found.one_text, found.one_author, found.theta),
        *(found.withdrawn, found.withdrawn_by),
        *(None if column is None else column.tolist() for column in (found.authors, found.texts)),
    )


PLACES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 5), st.integers(0, 3)), max_size=300)


@given(st.lists(PLACES, max_size=4))
def test_posts_are_withdrawn_as_without_it(batches: list[list[tuple[int, int, int]]]) -> None:
    assert samples is not None or shutil.which("cc") is None
    compiled, reference = withdrawals._nothing_taken(), withdrawals._Taken()
    for batch in batches:
        posts, places = (np.array([it[n] for it in batch], np.uint64) << np.uint64(58 * n) for n in range(2))
        counted = np.array([it[2] for it in batch], np.int64)
        assert compiled.take(posts, places, counted) == reference.take(posts, places, counted)


def test_many_posts_are_withdrawn_as_without_it() -> None:
    rng = np.random.default_rng(1)
    compiled, reference = withdrawals._nothing_taken(), withdrawals._Taken()
    for _ in range(3):
        posts, places = rng.integers(0, 4_000, (2, 5_000)).astype(np.uint64)
        counted = rng.integers(0, 4, 5_000)
        assert compiled.take(posts, places, counted) == reference.take(posts, places, counted)


@st.composite
def tables(draw: st.DrawFn) -> Counts:
    """Rows in order, some with more people than a sample of three holds."""
    places = sorted(draw(st.sets(st.tuples(*[st.integers(0, 2)] * 3), min_size=1, max_size=8)))
    people_of = [sorted(draw(st.sets(st.integers(0, 9), max_size=4))) for _ in places]
    topic, spelling, cell = (np.array(column, np.int32) for column in zip(*places, strict=True))
    of_all = [one for those in people_of for one in those]
    names = Dictionary([f"#{n}" for n in range(3)], [Cell(str(n), "", ()) for n in range(3)])
    return Counts(
        start=0,
        end=1,
        names=names,
        topic=topic,
        spelling=spelling,
        cell=cell,
        posts=np.array([10 * len(those) for those in people_of], np.int32),
        person_ptr=pointers(np.array(list(map(len, people_of)), np.int64)),
        author=np.array(of_all, np.uint64) << np.uint64(60),
        author_posts=np.arange(1, len(of_all) + 1, dtype=np.int32),
    )


@given(tables(), st.lists(st.tuples(*[st.integers(-1, 3)] * 3, st.integers(0, 9)), max_size=9))
def test_the_posts_of_an_author_are_found_as_without_it(table: Counts, told: list[tuple[int, int, int, int]]) -> None:
    topic, spelling, cell = (np.array([it[n] for it in told], np.int32) for n in range(3))
    author = np.array([it[3] for it in told], np.uint64) << np.uint64(60)
    named = withdrawals._Told(topic, spelling, cell, author, author, np.zeros(len(told), np.int64))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(withdrawals, "K", 3)
        found = withdrawals.posts_there(withdrawals._rows(table), named)
        patch.setattr(withdrawals, "samples", None)
        expected = withdrawals.posts_there(withdrawals._rows(table), named)
    assert [column.tolist() for column in found] == [column.tolist() for column in expected]
    assert [column.dtype for column in found] == [column.dtype for column in expected]


@st.composite
def spoken(draw: st.DrawFn) -> Counts:
    """Rows in order of who said what and took it back, in four cells."""
    places = sorted(draw(st.sets(st.tuples(st.integers(0, 3), st.just(0), st.integers(0, 3)), max_size=8)))
    topic, spelling, cell = (np.array([place[n] for place in places], np.int32) for n in range(3))
    said = [sorted(draw(st.dictionaries(AUTHORS, st.integers(0, 9), max_size=6)).items()) for _ in places]
    gone = [draw(st.lists(st.tuples(AUTHORS, st.integers(0, 3)), max_size=3)) for _ in places]
    people, withdrawn = [one for row in said for one in row], [one for row in gone for one in row]
    return Counts(
        start=0,
        end=1,
        names=Dictionary(["#a"], [Cell(str(n), "", ()) for n in range(4)]),
        topic=topic,
        spelling=spelling,
        cell=cell,
        posts=np.array([len(row) for row in said], np.int32),
        person_ptr=pointers(np.array([len(row) for row in said], np.int64)),
        author=np.array([author for author, _ in people], np.uint64),
        text=np.array([text for _, text in people], np.uint64),
        author_posts=np.arange(1, len(people) + 1, dtype=np.int32) % 3 + 1,
        retracted_ptr=pointers(np.array([len(row) for row in gone], np.int64)),
        retracted=np.arange(len(withdrawn), dtype=np.uint64),
        retracted_author=np.array([author for author, _ in withdrawn], np.uint64),
        retracted_pane=np.array([pane for _, pane in withdrawn], np.int64),
    )


MASKS = st.none() | st.lists(st.booleans(), min_size=4, max_size=4).map(lambda inside: np.array(inside, np.bool_))


@given(st.lists(spoken(), max_size=4), MASKS, st.integers(0, 4), st.sampled_from([1, 2, 5, people.K]))
def test_supports_of_many_topics_are_read_as_one_by_one(
    tables: list[Counts], mask: np.ndarray | None, since: int, most: int
) -> None:
    topics = np.array([3, 0, 1, 2, 7], np.int32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "K", most)
        patch.setattr(reading, "K", most)
        found = reading.supports_of(tables, topics, mask, since)
        patch.setattr(people, "samples", None)
        patch.setattr(reading, "samples", None)
        expected = reading.supports_of(tables, topics, mask, since)
    assert [one and facts_of(one) for one in found] == [one and facts_of(one) for one in expected]


HASHES = st.sets(st.integers(0, (1 << 64) - 1) | st.integers(0, 40) | st.sampled_from([(1 << 64) - 1, 1 << 63]))


@given(HASHES, HASHES, st.sampled_from([1.0, 0.5, 2.0**-60]) | st.floats(0.01, 1.0))
def test_hashes_in_common_are_counted_as_without_it(one: set[int], other: set[int], theta: float) -> None:
    columns = [np.array(sorted(hashes), np.uint64) for hashes in (one, other)]
    with pytest.MonkeyPatch.context() as patch:
        found = joining.common(*columns, theta)
        patch.setattr(joining, "samples", None)
        assert found == joining.common(*columns, theta)


@pytest.mark.skipif(samples is None, reason="there is no compiler")
def test_tables_that_do_not_fit_together_are_refused() -> None:
    assert samples is not None
    number, hash_, ptr = bytes(4), bytes(8), bytes(8) + (1).to_bytes(8, "little")
    sound = (number, number, ptr, hash_, hash_, b"\1\0\0\0", bytes(16), b"", b"")
    ((told, gone),) = samples.supports([sound], number, None, 0, 3)
    assert (told[0], gone) == (hash_, None)
    assert samples.supports([sound], number, b"\1", 0, 3) == [True]
    beyond, falling = bytes(8) + (2).to_bytes(8, "little"), (1).to_bytes(8, "little") + bytes(8)
    for column, strange in ((0, b""), (1, b""), (2, beyond), (2, falling), (3, b"1"), (5, b""), (6, ptr), (8, hash_)):
        table = (*sound[:column], strange, *sound[column + 1 :])
        with pytest.raises(ValueError, match="do not fit"):
            samples.supports([table], number, None, 0, 3)
    for tables, mask in (([sound], b""), ([()], None)):
        with pytest.raises(ValueError, match="do not fit"):
            samples.supports(tables, number, mask, 0, 3)


@pytest.mark.skipif(samples is None, reason="there is no compiler")
def test_columns_of_different_lengths_are_refused() -> None:
    assert samples is not None
    one, two, posts = bytes(8), bytes(16), bytes(4)
    for columns in ((one, two, posts), (two, two, posts), (b"", one, posts), (bytes(7), bytes(7), posts)):
        with pytest.raises(ValueError, match="do not fit"):
            samples.united(*columns, 3)
        with pytest.raises(ValueError, match="do not fit"):
            samples.support(*columns, b"", 3)
        with pytest.raises(ValueError, match="do not fit"):
            samples.Taken().take(*columns)
    rows, sound = (posts,) * 4, bytes(16)
    for strange in ((*rows, sound, b"", b""), (*rows, b"\1" * 16, b"", b""), (posts, *rows, one, posts)):
        with pytest.raises(ValueError, match="do not fit"):
            samples.posts_there((*strange, posts, posts, posts, two), 3)
    assert samples.posts_there((*rows, sound, b"", b"", posts, posts, posts, one), 3) == (one, b"\0")
    with pytest.raises(ValueError, match="do not fit"):
        samples.posts_there((*rows, b"\1" * 16, b"", b"", posts, posts, posts, one), 3)
