"""Files of columns, Parquet first of all: their rows are read as the JSON lines that they could be written as."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import run
from pipeline.sources.archives.read import read_archives
from schemas import Post

BEGIN = dt.datetime(2024, 5, 1, 10, tzinfo=dt.UTC)


def posts_in(path: Path) -> list[Post]:
    return [post for batch in read_archives([path]) for post in batch.posts]


def parquet(path: Path, rows: list[dict[str, Any]], **options: Any) -> Path:
    table = pytest.importorskip("pyarrow").Table.from_pylist(rows)
    pytest.importorskip("pyarrow.parquet").write_table(table, path, **options)
    return path


def rows(count: int = 3) -> list[dict[str, Any]]:
    return [
        {
            "id": 1_785_610_110_366_658_617 + at,
            "created_at": BEGIN + dt.timedelta(minutes=at),
            "author": f"u{at}",
            "text": f"hi {at}",
            "hashtags": ["quay"] if at else None,
            "score": float("nan"),
        }
        for at in range(count)
    ]


@pytest.mark.parametrize("options", [{}, {"compression": "zstd"}, {"row_group_size": 2}, {"use_dictionary": False}])
def test_rows_are_posts(tmp_path: Path, options: dict[str, Any]) -> None:
    found = posts_in(parquet(tmp_path / "train-00000-of-00001.parquet", rows(), **options))
    assert [(post.id, post.author, post.text, post.tags) for post in found] == [
        ("1785610110366658617", "u0", "hi 0", None),
        ("1785610110366658618", "u1", "hi 1", ["#quay"]),
        ("1785610110366658619", "u2", "hi 2", ["#quay"]),
    ]
    assert found[0].time == 1_714_557_600_000
    assert posts_in(tmp_path) == found  # folders are looked through for them


@pytest.mark.parametrize("name", ["posts.arrow", "posts.feather", "stream.arrow", "posts.orc"])
def test_rows_of_other_files_of_columns_are_posts(tmp_path: Path, name: str) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    ipc, orc = pytest.importorskip("pyarrow.ipc"), pytest.importorskip("pyarrow.orc")
    table, path = pyarrow.Table.from_pylist(rows()), tmp_path / name
    if name.endswith(".orc"):
        orc.write_table(table, path)
    else:
        with (ipc.new_stream if name.startswith("stream") else ipc.new_file)(path, table.schema) as written:
            written.write_table(table, max_chunksize=2)
    assert posts_in(tmp_path) == posts_in(parquet(tmp_path / "beside.parquet", rows()))
    path.write_bytes(path.read_bytes()[:100])
    dead = [letter.reason for batch in read_archives([path]) for letter in batch.dead]
    assert dead == ["truncated"]


def test_a_table_of_orcids_is_no_file_of_columns(tmp_path: Path) -> None:
    path = tmp_path / "posts.csv"
    path.write_text("ORCID,id,author,text,time\n0000,1,ana,hi,2024-05-01T10:00:00Z\n")
    assert [post.text for post in posts_in(path)] == ["hi"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Paris"])
def test_times_of_each_unit_and_zone_are_read(tmp_path: Path, unit: str, zone: str | None) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    begin = int(BEGIN.timestamp()) * {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[unit]
    table = pyarrow.table(
        {
            "created_at": pyarrow.array([begin + (unit == "ns"), begin], pyarrow.timestamp(unit, zone)),
            "author": ["ana", "bo"],
            "text": ["hi", "ho"],
        }
    )
    pytest.importorskip("pyarrow.parquet").write_table(table, tmp_path / "posts.parquet")
    assert [post.time for post in posts_in(tmp_path / "posts.parquet")] == [1_714_557_600_000] * 2


def test_records_of_known_formats_are_those(tmp_path: Path) -> None:
    user = {"id_str": "7", "screen_name": "ana"}
    tweet = {"id_str": "17", "created_at": "Wed May 01 10:00:00 +0000 2024", "text": "hi #quay", "user": user}
    [post] = posts_in(parquet(tmp_path / "tweets.parquet", [tweet]))
    assert (post.id, post.author, post.source) == ("17", "ana", "twitter")


def test_a_file_that_is_cut_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = parquet(tmp_path / "posts.parquet", rows()).read_bytes()
    for cut in (whole[:-100], whole[:8], whole[:200] + bytes(50) + whole[250:]):
        (tmp_path / "posts.parquet").write_bytes(cut)
        assert run(["replay", str(tmp_path / "posts.parquet")]) == 1
        told = capsys.readouterr()
        assert "a Parquet file that is cut or corrupt" in told.out + told.err


def test_what_is_not_installed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "posts.parquet").write_bytes(b"PAR1" + bytes(40) + b"PAR1")
    monkeypatch.setattr("pipeline.extras.find_spec", lambda _: None)
    assert run(["replay", str(tmp_path / "posts.parquet")]) == 1
    told = capsys.readouterr()
    assert "pip install 'upswell[parquet]', or write it as CSV or JSON lines" in told.out + told.err
