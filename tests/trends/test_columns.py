"""A column is declared once: it travels, is kept, cut, joined and united as its declaration says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from pipeline.trends.arrays import I32
from pipeline.trends.columns import column, concat, schema_of, unpacked
from pipeline.trends.counts import CELL, PERSON, ROW, Counts, chunks_of, merge
from pipeline.trends.names import Cell, Dictionary, Names
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.wire import from_chunks, from_columns, to_chunks, to_columns
from schemas import Post
from schemas.counts import encode_counts
from tests.oracle import streams
from tests.trends.test_snapshot import closes

START = 1_650_211_200_000
BROKER_BYTES = 1 << 20


@dataclass(kw_only=True, eq=False)
class Withdrawing(Counts):
    """Counts with a column more on each axis that counts."""

    withdrawn: I32 = column(ROW, "<i4")
    withdrawn_by: I32 = column(PERSON, "<i4")
    withdrawn_in: I32 = column(CELL, "<i4")


def withdrawing(counts: Counts) -> Withdrawing:
    known = {name: getattr(counts, name) for name in Counts.__dataclass_fields__ if not name.startswith("_")}
    posts, people, cells = counts.posts, counts.author_posts, counts.cell_posts
    return Withdrawing(**known, withdrawn=posts * 2, withdrawn_by=people * 3, withdrawn_in=cells * 5)


def same(one: Any, other: Any) -> bool:
    """Whether two records say the same in all columns and names."""
    left, right = (to_columns(each) for each in (one, other))
    return encode_counts(left) == encode_counts(right)


def keeps_its_sums(counts: Any) -> None:
    assert counts.withdrawn.tolist() == (counts.posts * 2).tolist()
    assert counts.withdrawn_by.tolist() == (counts.author_posts * 3).tolist()
    assert counts.withdrawn_in.tolist() == (counts.cell_posts * 5).tolist()


def test_a_new_column_needs_its_declaration_and_nothing_else() -> None:
    names = Names()
    panes = [withdrawing(pane) for pane in closes(streams.seeded(1, posts=600, hours=0.3)) if len(pane.cell_number)]
    tables = [pane.settled(names) for pane in panes]
    whole = merge(tables, START, START + 1)
    assert isinstance(whole, Withdrawing)
    assert whole.withdrawn.sum() > 1_000
    assert len(whole.posts) < sum(len(table.posts) for table in tables), "nothing was united"
    keeps_its_sums(whole)
    keeps_its_sums(whole.take("row", np.arange(len(whole.posts))[::-2]).take("cell", np.array([1, 0])))
    parts = list(chunks_of(whole, 3_000))
    assert len(parts) > 5
    again = concat(parts)
    keeps_its_sums(again)
    assert same(again, whole)
    told = to_columns(whole)
    back = Withdrawing(start=0, end=0, names=whole.alone().names, **unpacked(Withdrawing, told.numbers, told.texts))
    keeps_its_sums(back)
    assert same(back, whole)


def test_who_does_not_know_a_column_passes_it_over_and_who_misses_one_reads_zeros() -> None:
    (pane, *_) = closes(streams.seeded(1, posts=100, hours=0.1))
    told = to_columns(withdrawing(pane))
    assert same(from_columns(told, start=pane.start, end=pane.end), pane)
    older = to_columns(pane)
    fields = unpacked(Withdrawing, older.numbers, older.texts)
    newer = Withdrawing(start=0, end=0, names=pane.names, **fields)
    assert newer.withdrawn.tolist() == [0] * len(pane.posts)
    without = {name: column for name, column in older.numbers.items() if name != "author"}
    with pytest.raises(ValueError, match="do not fit together"):
        from_columns(msgspec.structs.replace(older, numbers=without), start=0, end=0)


def test_uniting_in_any_grouping_gives_the_same_bytes() -> None:
    names = Names()
    tables = [pane.settled(names) for pane in closes(streams.seeded(2, posts=500, hours=0.2)) if len(pane.cell_number)]
    assert len(tables) > 20
    at_once = merge(tables, 0, 1)
    for step in (2, 3, 7):
        grouped = [merge(tables[first : first + step], 0, 1) for first in range(0, len(tables), step)]
        assert same(merge(grouped[::-1], 0, 1), at_once)


def closed(posts: list[Post]) -> Counts:
    """The pane of START, closed."""
    counter = PaneCounter(Grid())
    panes = [*counter.add(posts), *counter.mark(START + 20_000)]
    return next(pane for pane in panes if pane.start == START)


def a_pane_of_many_sources() -> Counts:
    """What nobody counts any more since unknown sources are one; what travels does not rely on that."""
    cells = [Cell(f"source-with-a-long-name-{number}", "fr") for number in range(12_000)]
    numbers = np.arange(len(cells), dtype=np.int32)
    ones = np.ones(len(cells), np.int32)
    names = Dictionary([f"#t{number}" for number in range(len(cells))], cells)
    hashes = np.arange(len(cells)).astype(np.uint64)
    rows: dict[str, Any] = {
        "spelling": numbers,
        "cell": numbers,
        "posts": ones,
        "person_ptr": np.arange(len(cells) + 1),
    }
    rows |= {"author": hashes, "text": hashes, "author_posts": ones, "cell_number": numbers, "cell_posts": ones}
    return Counts(start=START, end=START + 10_000, names=names, **rows)


def a_pane_of_many_late_sources() -> Counts:
    cells = [Cell(f"late-{'x' * 40}{number}", "") for number in range(16_500)]
    numbers = np.arange(len(cells), dtype=np.int32)
    names = Dictionary(cells=cells)
    return Counts(start=START, end=START + 10_000, names=names, cell_number=numbers, cell_late=numbers + 1)


def a_pane_of_crowds() -> Counts:
    sources = ["twitter", "mastodon", "bluesky", "sms", "rss", "mail"]
    langs = ["fr", "en", "de", "es", "it", "pt", "nl", "ar", "ja", "ru", "tr", "pl"]
    posts = []
    for n in range(40_000):
        source, lang = sources[n % len(sources)], langs[n // 6 % len(langs)]
        posts.append(Post(str(n), f"author{n}", f"w{n} #a #b #c #d{n % 40}", START, source=source, lang=lang))
    return closed(posts)


@pytest.mark.parametrize("made", [a_pane_of_many_sources, a_pane_of_many_late_sources, a_pane_of_crowds])
def test_no_message_is_larger_than_a_broker_takes_whatever_a_pane_holds(made: Any) -> None:
    pane = made()
    chunks = to_chunks(pane, 3, 77)
    assert len(chunks) > 1
    assert max(len(encode_counts(chunk)) for chunk in chunks) < BROKER_BYTES * 3 // 4
    arrived = from_chunks(chunks)
    assert same(arrived, pane)
    assert arrived.late() == pane.late()
    assert (arrived.spellings, arrived.cells) == (pane.spellings, pane.cells)


def test_every_column_and_count_is_told_in_the_docs() -> None:
    text = (Path(__file__).parents[2] / "docs" / "messages.md").read_text()
    schema = schema_of(Counts)
    for axis, columns in schema.columns.items():
        for each in columns:
            if each.travels:
                assert f"| `{each.name}` | {axis} | {each.dtype.lstrip('<') or 'text'} |" in text, each.name
    for child in schema.pointers:
        axis_of = schema.axes[child]
        assert f"| `{axis_of.count}` | {axis_of.within} | i4 |" in text, child
