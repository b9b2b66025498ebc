"""What is compiled of uniting samples of people gives what numpy gives, of entries in any order."""

from __future__ import annotations

import shutil
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.trends import people
from pipeline.trends._compiled import samples
from pipeline.trends.people import text_priority_of_one, united

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


@pytest.mark.skipif(samples is None, reason="there is no compiler")
def test_columns_of_different_lengths_are_refused() -> None:
    assert samples is not None
    one, two, posts = bytes(8), bytes(16), bytes(4)
    for columns in ((one, two, posts), (two, two, posts), (b"", one, posts), (bytes(7), bytes(7), posts)):
        with pytest.raises(ValueError, match="do not fit"):
            samples.united(*columns, 3)
