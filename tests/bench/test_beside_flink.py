"""What the comparison with Flink counts, judges and prints; the figures themselves are not tested."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bench import first_record
from bench.beside_flink import BARE, REPLAY, TUMBLING, UPSWELL_ON_KAFKA, Once, promises_of, row_of, table
from bench.common import ROOT
from bench.counted import counts_of


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "posts"
    path.write_text(
        '{"author": "a", "text": "one #Boom", "time": 300000}\n{"author": "b", "text": "#boom #x", "time": 309999}\n'
        '{"author": "c", "text": "no tag", "time": 310000}\n{"author": "d", "text": "#x", "time": 320000}\n'
    )
    return path


def test_hashtags_are_counted_by_window(file: Path) -> None:
    assert counts_of(file, sliding=False) == {("boom", 300_000): 2, ("x", 300_000): 1, ("x", 320_000): 1}
    #  a window of 300 s begins every 10 s: the first that holds 300 begins at 10, the last at 300
    sliding = counts_of(file, sliding=True)
    assert {start for tag, start in sliding if tag == "boom"} == set(range(10_000, 300_001, 10_000))
    assert (sliding["x", 10_000], sliding["x", 20_000], sliding["x", 30_000]) == (1, 1, 2)
    assert (sliding["x", 300_000], sliding["x", 310_000], sliding["x", 320_000]) == (2, 1, 1)


def test_a_row_is_the_median_and_wrong_if_any_run_was() -> None:
    row = row_of("peer", 500_000, [Once(3.0, 10.0, True), Once(1.0, 5.0, True), Once(2.0, 4.0, False)])
    assert (row.cpu_s_per_million, row.lowest, row.highest, row.posts_per_s) == (4.0, 2.0, 6.0, 100_000)
    assert row.right is False
    assert row_of("peer", 1, [Once(1.0, 1.0, None)]).right is None


def test_upswell_is_held_to_flinks_tumbling_figure_and_to_six_bare_loops() -> None:
    on_kafka, replay = promises_of({UPSWELL_ON_KAFKA: 9.0, TUMBLING: 9.0, REPLAY: 6.1, BARE: 1.0})
    assert (on_kafka.value, on_kafka.met) == (1.0, True)
    assert (replay.value, replay.met) == (6.1, False)
    rows = [row_of(TUMBLING, 10, [Once(1.0, 1.0, True)]), row_of(REPLAY, 10, [Once(1.0, 1.0, None)])]
    text = "\n".join(table(10, rows, [on_kafka, replay]))
    assert "Flink, heap, tumbling 10 s" in text
    assert "(start counts)" in text
    assert text.count("\nmet ") == text.count("\nNOT met ") == 1


def test_the_first_record_is_noted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Any] = []
    monkeypatch.setattr(first_record.CountedPartition, "take", lambda _, records: taken.append(records))
    first = tmp_path / "first"
    first_record.note_first(first)
    assert not first.exists()
    first_record.CountedPartition.take(object(), [1])
    assert first.exists()
    first.unlink()
    first_record.CountedPartition.take(object(), [2])
    assert not first.exists()
    assert taken == [[1], [2]]


def test_flinks_program_says_where_it_comes_from() -> None:
    folder = ROOT / "bench" / "flink"
    assert "Apache-2.0" in (folder / "ORIGIN.md").read_text()
    assert "class TopicCount" in (folder / "TopicCount.java").read_text()
