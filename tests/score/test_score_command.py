"""Claims about `upswell score`: what it reads, writes and refuses."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from pipeline.cli.common import length_ms
from pipeline.cli.errors import CommandError, WrongUseError
from pipeline.cli.score import parse_timestamp, parse_value, score

STEP_S = 300
START_S = 1_424_986_973  # 2015-02-26 21:42:53 UTC


def a_day_and_a_burst() -> list[tuple[int, int]]:
    return [(START_S + i * STEP_S, 200 if 290 <= i < 293 else 10 + i % 3) for i in range(300)]


def write_csv(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def burst(tmp_path: Path) -> Path:
    return write_csv(tmp_path / "burst.csv", ["timestamp,value"] + [f"{s},{n}" for s, n in a_day_and_a_burst()])


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_four_columns_are_added_and_the_burst_is_news(burst: Path, tmp_path: Path) -> None:
    score([burst], tmp_path / "deep" / "out")
    rows = rows_of(tmp_path / "deep" / "out" / "burst.csv")
    assert list(rows[0]) == ["timestamp", "value", "expected", "spread", "score", "news"]
    assert [(int(row["timestamp"]), int(row["value"])) for row in rows] == a_day_and_a_burst()
    loud = [i for i, row in enumerate(rows) if float(row["news"]) > 5]
    assert loud == [290, 291, 292]


def test_what_was_written_in_the_input_is_kept_to_the_letter(tmp_path: Path) -> None:
    quoted, escaped = '"Gare, nord",2015-02-26 21:42:53.000000, 1.50', "é\x1b,2015-02-26T21:47:53Z,2e0"
    lines = ["station,timestamp,value", quoted, escaped]
    path = write_csv(tmp_path / "kept.csv", lines)
    with path.open("ab") as file:
        file.write(b"\xff,2015-02-26 22:52:53+01:00,3\n")
    score([path], tmp_path / "out")
    first, *rest = (tmp_path / "out" / "kept.csv").read_bytes().split(b"\n")[1:-1]
    assert first.startswith(b'"Gare, nord",2015-02-26 21:42:53.000000, 1.50,')
    assert rest[0].startswith("é\x1b,2015-02-26T21:47:53Z,2e0,".encode())
    assert rest[1].startswith(b"\xff,2015-02-26 22:52:53+01:00,3,")


def test_a_byte_order_mark_windows_line_ends_and_blank_lines_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "windows.csv"
    path.write_bytes(b"\xef\xbb\xbftimestamp,value\r\n1424986973,1\r\n\r\n1424987273,2\r\n\r\n")
    score([path], tmp_path / "out")
    assert [row["value"] for row in rows_of(tmp_path / "out" / "windows.csv")] == ["1", "2"]


@pytest.mark.parametrize(
    "text",
    [
        "2015-02-26 21:42:53",
        "2015-02-26 21:42:53.000000",
        "2015-02-26T21:42:53Z",
        "2015-02-26T22:42:53+01:00",
        "20150226T214253Z",
        "1424986973",
        "1424986973.0",
        "1424986973000",
    ],
)
def test_one_moment_may_be_written_in_many_ways(text: str) -> None:
    assert parse_timestamp(text) == START_S * 1_000


@pytest.mark.parametrize("text", ["", "yesterday", "2015-02-30 00:00:00", "26/02/2015 21:42", "9" * 30, "nan", "1e9"])
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no timestamp"):
        parse_timestamp(text)


@pytest.mark.parametrize("text", ["", "many", "nan", "inf", "-1", "-inf", "1e999", "1e13", "1_0", "0x1"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no count"):
        parse_value(text)


@pytest.mark.parametrize(
    ("lines", "place", "what"),
    [
        ([""], 1, "header"),
        (["timestamp,value"], 1, "no rows"),
        (["time;value", "1;2"], 1, "no column timestamp"),
        (["timestamp,count", "1,2"], 1, "no column value"),
        (["timestamp,value,value", "1,2,3"], 1, "more than one column value"),
        (["timestamp,value,news", "1,2,3"], 1, "column news already"),
        (["timestamp,value", "1,2", "2"], 3, "1 columns where the header has 2"),
        (["timestamp,value", "1,2", "2,3,4"], 3, "3 columns where the header has 2"),
        (["timestamp,value", "1,2", "noon,3"], 3, "'noon' is no timestamp"),
        (["timestamp,value", "1,2", "2,NaN"], 3, "'NaN' is no count"),
        (["timestamp,value", "1,2", "2,-3"], 3, "'-3' is no count"),
        (["timestamp,value", "1,2", "2,3", "1,4"], 4, "before the one above it; sort"),
        (["timestamp,value", "1,2", "2,3", "2,4"], 4, "comes twice"),
        (["timestamp,value", "1,2", "\0,3"], 3, ""),
        (["timestamp,value", "1,2", f"{'x' * 200_000},3"], 3, ""),
    ],
)
def test_a_fault_in_a_file_is_one_line_with_its_place(tmp_path: Path, lines: list[str], place: int, what: str) -> None:
    path = write_csv(tmp_path / "faulty.csv", lines) if lines != [""] else tmp_path / "faulty.csv"
    path.touch()
    with pytest.raises(WrongUseError, match=re.escape(f"{path}:{place}: ") + ".*" + re.escape(what)) as caught:
        score([path], tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 160
    assert not (tmp_path / "out").exists(), "nothing is written of a file that cannot be scored"


def test_the_input_is_never_overwritten(burst: Path, tmp_path: Path) -> None:
    before = burst.read_bytes()
    (tmp_path / "link").symlink_to(tmp_path)
    for out in (tmp_path, tmp_path / "link"):
        with pytest.raises(WrongUseError, match="overwrite"):
            score([burst], out)
    assert burst.read_bytes() == before


def test_wrong_paths_are_refused_before_anything_is_written(burst: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(WrongUseError, match="no such file"):
        score([burst, tmp_path / "missing.csv"], out)
    with pytest.raises(WrongUseError, match="a folder; name its files"):
        score([burst, tmp_path], out)
    with pytest.raises(WrongUseError, match="several of the files have this name"):
        score([burst, burst], out)
    with pytest.raises(WrongUseError, match="no folder"):
        score([burst], burst)
    assert not out.exists()


def test_a_folder_that_cannot_be_written_to_is_a_failure_not_wrong_use(burst: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="cannot be written") as caught:
        score([burst], tmp_path / "file" / "out")
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("text", "ms"), [("90s", 90_000), ("90m", 5_400_000), ("2h", 7_200_000), ("1.5d", 129_600_000), ("0", 0)]
)
def test_lengths_have_a_unit(text: str, ms: int) -> None:
    assert length_ms("--warmup", text) == ms


@pytest.mark.parametrize("text", ["", "2", "2 hours", "-2h", "h", "2w", "1e3h", "nan"])
def test_a_warm_up_that_is_no_length_is_wrong_use(burst: Path, tmp_path: Path, text: str) -> None:
    with pytest.raises(WrongUseError, match="--warmup"):
        score([burst], tmp_path / "out", warmup=text)


def test_the_warm_up_scores_nothing_and_a_series_within_it_says_so(
    burst: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    score([burst], tmp_path / "out", warmup="2d")
    assert {row["news"] for row in rows_of(tmp_path / "out" / "burst.csv")} == {"0"}
    said = capsys.readouterr()
    assert "shorter than the warm-up of 2d" in said.err
    assert "no news" in said.out
    score([burst], tmp_path / "out", warmup="2h")
    said = capsys.readouterr()
    assert said.err == ""
    assert "step 5 min, windows 15 min and 60 min; greatest news" in said.out


def test_the_command_line_reaches_it(burst: Path, tmp_path: Path) -> None:
    from pipeline.cli import run

    assert run(["score", str(burst), "--out", str(tmp_path / "out"), "--warmup", "2h"]) == 0
    assert run(["score", str(burst)]) == 2
    assert run(["score", str(burst), "--out", str(tmp_path)]) == 2
