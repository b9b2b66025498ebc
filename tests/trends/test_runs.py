"""What is compiled of uniting runs gives what numpy gives, whatever runs there are."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.trends import columns
from pipeline.trends._compiled import runs
from pipeline.trends.arrays import I32, I64, U64, pointers
from pipeline.trends.columns import Axis, Record, column, runs_of
from pipeline.trends.people import least_text
from pipeline.trends.reducing import first, largest

ROW = Axis("row")
ALL, FEW = Axis("all", "row"), Axis("few", "row", lambda: 3)
APART = Axis("apart", "row", lambda: 3, united=False)
KEYS = st.sampled_from([0, 1, 1 << 63, (1 << 64) - 1, *range(100, 130)])


@dataclass(kw_only=True, eq=False)
class Sample(Record):
    """An axis of each kind that counts have."""

    topic: I32 = column(ROW, "<i4", key=True)
    all_ptr: I64 = runs_of(ALL)
    author: U64 = column(ALL, "<u8", key=True)
    text: U64 = column(ALL, "<u8", least_text)
    posts: I32 = column(ALL, "<i4")
    few_ptr: I64 = runs_of(FEW)
    person: U64 = column(FEW, "<u8", key=True)
    origin: I32 = column(FEW, "<i4", largest)
    apart_ptr: I64 = runs_of(APART)
    priority: U64 = column(APART, "<u8", key=True)
    example: list[str] = column(APART, reduce=first)


def sample(rows: list[tuple[int, list[int]]], ascending: bool) -> Sample:
    """A record with these keys in the run of each row, of each axis; `ascending`, as those are that were united."""
    held = [sorted(set(keys)) if ascending else keys for _, keys in rows]
    keys = np.array([key for of_row in held for key in of_row], np.uint64)
    ptr, number = pointers(np.array(list(map(len, held)), np.int64)), np.arange(len(keys), dtype=np.int32)
    return Sample(
        topic=np.array([topic for topic, _ in rows], np.int32),
        all_ptr=ptr, author=keys, text=number.astype(np.uint64) * 77, posts=number + 1,
        few_ptr=ptr, person=keys, origin=number,
        apart_ptr=ptr, priority=keys, example=[f"p{key}" for key in keys.tolist()],
    )  # fmt: skip


def told(record: Sample) -> dict[str, Any]:
    """All columns, with their kinds."""
    values = {name: getattr(record, name) for name in Sample.__dataclass_fields__}
    return {name: each if isinstance(each, list) else (each.dtype.str, each.tolist()) for name, each in values.items()}


def test_where_there_is_a_compiler_it_is_used() -> None:
    assert runs is not None or shutil.which("cc") is None, "install again: the compiled part is missing"


@given(st.lists(st.tuples(st.integers(0, 4), st.lists(KEYS, max_size=40)), max_size=12), st.booleans())
def test_runs_are_united_as_without_it(rows: list[tuple[int, list[int]]], ascending: bool) -> None:
    record = sample(rows, ascending)
    found = told(record.unite()), told(record.unite_runs("row"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "runs", None)
        expected = told(record.unite()), told(record.unite_runs("row"))
    assert found == expected


@pytest.mark.parametrize(
    ("keys", "place", "order", "starts"),
    [
        (4, [0, 5], None, None),
        (4, [0, 3, 2], None, None),
        (4, [-1, 4], None, None),
        (4, [], None, None),
        (4, [0, 4], [1], [0]),
        (4, [0, 4], [0, 0], [0]),
        (4, [0, 4], [0], [2]),
        (4, [0, 2, 4], [0, 1], [1, 0]),
    ],
)
def test_runs_that_do_not_fit_together_are_refused(
    keys: int, place: list[int], order: list[int] | None, starts: list[int] | None
) -> None:
    if runs is None:
        pytest.skip("not compiled here")
    given_ = [None if told is None else np.array(told, np.int64) for told in (place, order, starts)]
    with pytest.raises(ValueError, match=r"merged: "):
        runs.merged(np.arange(keys).astype(np.uint64), *given_, 0, True)  # type: ignore[arg-type]
