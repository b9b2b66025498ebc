"""What is compiled unites as numpy does, whatever the records hold, and refuses what does not fit together."""

from __future__ import annotations

import shutil
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.trends import counts, uniting
from pipeline.trends.columns import concat, schema_of
from pipeline.trends.counts import Counts
from pipeline.trends.names import Dictionary
from pipeline.trends.reducing import first
from pipeline.trends.uniting import united, united_in_runs

NAMES = Dictionary()
BIG = 2**64 - 1


def records() -> st.SearchStrategy[Counts]:
    """Records of few different keys, so that much is united; runs as they are, or in any order and with doubles."""
    return st.builds(made, st.integers(0, 2**32), st.integers(0, 60), st.integers(0, 5), st.booleans())


def made(seed: int, rows: int, cells: int, sorted_runs: bool) -> Counts:
    schema, random = schema_of(Counts), Random(seed)
    told: dict[str, Any] = {}
    sizes = {"row": rows, "cell": cells}
    for root in schema.roots:
        for child in schema.children(root):
            axis, (key, *_) = schema.axes[child], schema.columns[child]
            most = random.choice([0, 0, 2, axis.most() if axis.most else 4])
            lengths = [random.randint(0, most) for _ in range(sizes[root])]
            keys = [[random.choice([0, 1, 2, 3, BIG - 1, BIG]) for _ in range(length)] for length in lengths]
            if sorted_runs:
                keys = [sorted(set(run)) for run in keys]
            told[schema.pointers[child]] = np.cumsum([0, *map(len, keys)])
            told[key.name] = np.array([one for run in keys for one in run], np.uint64)
            sizes[child] = len(told[key.name])
    for name, columns in schema.columns.items():
        for each in columns:
            if each.name in told:
                continue
            if not each.dtype:
                told[each.name] = [f"p{told['example_priority'][n]}" for n in range(sizes[name])]
            elif each.reduce is first and not each.key:  # it follows from the key
                told[each.name] = np.zeros(sizes[name], each.dtype)
            elif each.key:
                told[each.name] = np.array([random.randint(0, 2) for _ in range(sizes[name])], each.dtype)
            else:
                kind = np.iinfo(each.dtype)
                values = [random.choice([0, 1, 7, kind.max, kind.min]) for _ in range(sizes[name])]
                told[each.name] = np.array(values, each.dtype)
    return Counts(start=0, end=1, names=NAMES, **{name: displaced(of) for name, of in told.items()})


def displaced(values: Any) -> Any:
    """The same where nothing is aligned, as columns that came over the wire may lie."""
    return values if isinstance(values, list) else np.frombuffer(b"." + values.tobytes(), values.dtype, offset=1)


def columns_of(record: Counts) -> dict[str, Any]:
    schema = schema_of(Counts)
    names = [*schema.pointers.values(), *(each.name for columns in schema.columns.values() for each in columns)]
    values = {name: getattr(record, name) for name in names}
    return {name: of if isinstance(of, list) else (of.dtype, of.tolist()) for name, of in values.items()}


def test_where_there_is_a_compiler_it_is_used() -> None:
    assert uniting.uniting is not None or shutil.which("cc") is None, "install again: the compiled part is missing"


@pytest.mark.skipif(uniting.uniting is None, reason="nothing is compiled")
@given(st.lists(records(), min_size=1, max_size=5), st.sampled_from([1, 2, 1_024]))
def test_records_are_united_as_numpy_does(parts: list[Counts], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "K", most)
        assert columns_of(united(parts)) == columns_of(uniting._united(concat(parts)))


@pytest.mark.skipif(uniting.uniting is None, reason="nothing is compiled")
@given(records(), st.sampled_from([1, 2, 1_024]))
def test_runs_are_united_as_numpy_does(record: Counts, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(counts, "K", most)
        assert columns_of(united_in_runs(record)) == columns_of(uniting._united_in_runs(record))


@pytest.mark.skipif(uniting.uniting is None, reason="nothing is compiled")
@pytest.mark.parametrize(
    "wrong",
    [
        {"posts": np.zeros(4, np.int32)},
        {"author": np.zeros(2, np.uint64)},
        {"person_ptr": np.array([0, 1])},
        {"person_ptr": np.array([0, 9, 1])},
        {"person_ptr": np.array([-1, 0, 1])},
        {"example": ["p0", "p1"]},
        {"example": ("p0",)},
    ],
)
def test_columns_that_do_not_fit_together_are_refused(wrong: dict[str, Any]) -> None:
    ones = np.ones(1, np.uint64)
    told: dict[str, Any] = {
        "topic": np.zeros(2, np.int32),
        "spelling": np.zeros(2, np.int32),
        "cell": np.zeros(2, np.int32),
    }
    told |= {"person_ptr": np.array([0, 0, 1]), "author": ones, "example_ptr": np.array([0, 1, 1]), "example": ["p0"]}
    record = Counts(start=0, end=1, names=NAMES, **told, text=ones, example_priority=ones)
    assert len(united([record]).topic) == 1
    with pytest.raises(ValueError, match="do not fit together"):
        united([record.changed(**wrong)])
