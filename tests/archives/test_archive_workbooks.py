"""Workbooks of spreadsheets: what they hold is read as the tables that could be saved from them."""

from __future__ import annotations

import datetime as dt
import sqlite3
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.cli import run
from pipeline.sources.archives.read import read_archives
from schemas import Post

HEADER = ["id", "created_at", "author", "text"]
BEGIN = dt.datetime(2024, 5, 1, 10)  # noqa: DTZ001 - as cells hold it


def posts_in(path: Path) -> list[Post]:
    return [post for batch in read_archives([path]) for post in batch.posts]


def rows(text: str, first: int = 0) -> list[list[Any]]:
    return [[f"p{at}", BEGIN + dt.timedelta(minutes=at), f"u{at}", text] for at in range(first, first + 3)]


def workbook(path: Path, sheets: Mapping[str, Sequence[Sequence[Any]]], hidden: str = "") -> Path:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, table in sheets.items():
        sheet = book.create_sheet(title)
        for row in table:
            sheet.append(row)
        if title == hidden:
            sheet.sheet_state = "hidden"
    book.save(path)
    return path


def test_every_sheet_that_is_shown_is_a_table(tmp_path: Path) -> None:
    sheets = {"May": [HEADER, *rows("hi #quay")], "June": [HEADER, *rows("hi #quay", 7)], "Old": [HEADER, *rows("no")]}
    path = workbook(tmp_path / "posts.xlsx", {**sheets, "Sheet4": []}, hidden="Old")
    found = posts_in(path)
    assert [(post.id, post.author, post.text) for post in found] == [
        (f"p{at}", f"u{at}", "hi #quay") for at in (0, 1, 2, 7, 8, 9)
    ]
    assert found[0].time == 1_714_557_600_000
    with zipfile.ZipFile(tmp_path / "export.zip", "w") as packed:
        packed.write(path, "export/posts.xlsx")
    assert posts_in(tmp_path / "export.zip") == found
    assert len(posts_in(tmp_path)) == 2 * len(found)  # folders are looked through for both


def test_titles_and_a_summary_beside_are_left_out_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mentions = [["Report:", "Mentions"], [None], HEADER, *rows('said "hello",\n#quay')]
    path = workbook(tmp_path / "report.xlsx", {"Summary": [["Mentions", 3], ["Positive", 1]], "Mentions": mentions})
    assert run(["replay", str(path)]) == 0
    told = capsys.readouterr()
    assert "report.xlsx:Summary is no table of posts: it is left out" in told.out + told.err
    assert [post.text for post in posts_in(path)] == ['said "hello",\n#quay'] * 3


def test_a_workbook_without_a_table_of_posts_is_wrong_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = workbook(tmp_path / "sums.xlsx", {"Summary": [["Mentions", 3], ["Positive", 1]]})
    assert run(["replay", str(path)]) == 2
    assert "sums.xlsx:Summary has no column for text" in capsys.readouterr().err


def test_days_and_times_of_day_in_columns_of_their_own_are_joined(tmp_path: Path) -> None:
    table = [["Datum", "Uhrzeit", "Autor", "Inhalt"]]
    table += [[dt.date(2024, 5, 1), dt.time(10, at), f"u{at}", "hallo #hafen"] for at in range(3)]  # type: ignore[list-item]
    found = posts_in(workbook(tmp_path / "beitraege.xlsx", {"Tabelle1": table}))
    assert [post.time for post in found] == [1_714_557_600_000 + 60_000 * at for at in range(3)]


def test_ids_that_were_kept_as_numbers_are_rounded_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = [HEADER, *([1_785_600_000_000_000_000 + at, *row[1:]] for at, row in enumerate(rows("hi #quay")))]
    path = workbook(tmp_path / "tweets.xlsx", {"A": table})
    assert run(["replay", str(path)]) == 0
    told = capsys.readouterr()
    assert "its ids were rounded" in told.out + told.err
    assert len({post.id for post in posts_in(path)}) == 3


def test_a_workbook_that_is_broken_is_one_dead_letter(tmp_path: Path) -> None:
    whole = workbook(tmp_path / "whole.xlsx", {"A": [HEADER, *rows("hi")]})
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "cut.xlsx", "w") as cut:
        for name in source.namelist():
            cut.writestr(name, source.read(name)[:300] if "sheet1" in name else source.read(name))
    (tmp_path / "short.xlsx").write_bytes(whole.read_bytes()[:-200])
    for name in ("cut.xlsx", "short.xlsx"):
        batches = list(read_archives([tmp_path / name]))
        assert [dead.reason for batch in batches for dead in batch.dead] == ["truncated"], name
        assert any(batch.failed for batch in batches)


def test_without_the_part_that_reads_workbooks_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = workbook(tmp_path / "posts.xlsx", {"A": [HEADER, *rows("hi #quay")]})
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    assert run(["replay", str(path)]) == 1
    told = capsys.readouterr()
    assert "pip install 'upswell[xlsx]', or save its table as CSV (UTF-8)" in told.out + told.err


def test_a_database_that_is_being_written_is_not_read_by_half(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was written last stands in another file until the program that writes it ends."""
    path = tmp_path / "posts.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("CREATE TABLE posts (id, created_at, author, text)")
    database.executemany("INSERT INTO posts VALUES (?, ?, ?, ?)", [[*map(str, row)] for row in rows("hi #quay")])
    database.commit()
    assert run(["replay", str(path)]) == 1
    assert f"what was written last into this database stands in {path}-wal" in capsys.readouterr().err
    database.close()
    assert [post.author for post in posts_in(path)] == ["u0", "u1", "u2"]
