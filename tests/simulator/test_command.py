"""`upswell simulate` as its user meets it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import cli

UPSWELL = [sys.executable, "-c", "from pipeline.cli import main; main()", "simulate"]


def run(*flags: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*UPSWELL, *flags], capture_output=True, text=True, timeout=60)


def test_posts_go_to_standard_output_and_labels_to_their_file(tmp_path: Path) -> None:
    truth = tmp_path / "truth.ndjson"
    done = run("--duration", "2m", "--rate", "10", "--seed", "5", "--truth", str(truth))
    assert (done.returncode, done.stderr) == (0, "")
    labels = [json.loads(line) for line in truth.read_text().splitlines()]
    assert labels[-1]["kind"] == "totals"
    assert labels[-1]["lines"] == len(done.stdout.splitlines())
    assert {label["kind"] for label in labels} == {"burst", "event", "flood", "ring", "totals"}


def test_a_file_holds_the_same_bytes_as_standard_output_and_is_summed_up_in_a_line(tmp_path: Path) -> None:
    out = tmp_path / "posts.ndjson"
    flags = ("--scenario", "quiet", "--duration", "30s", "--start", "2024-02-29T12:00:00Z")
    done = run(*flags, "--out", str(out))
    assert done.returncode == 0
    assert done.stderr.count("\n") == 1
    assert f"{len(out.read_text().splitlines())} lines" in done.stderr
    assert out.read_text() == run(*flags).stdout
    assert json.loads(out.read_text().splitlines()[0])["time"] // 1_000 == 1_709_208_000


def test_a_reader_that_goes_away_ends_it_without_a_word() -> None:
    with subprocess.Popen([*UPSWELL, "--duration", "1h"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith(b'{"id":')
        process.stdout.close()
        assert process.stderr.read() == b""


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (("--duration", "soon"), "such as 2h"),
        (("--duration", "0"), "more than nothing"),
        (("--rate", "-1"), "above 0"),
        (("--rate", "nan"), "above 0"),
        (("--people", "3"), "100 to"),
        (("--start", "hier"), "RFC 3339"),
        (("--scenario", "loud"), "mixed"),
        (("--scenario", "demo", "--rate", "3"), "only --seed and --start"),
        (("--out", "missing/folder/f"), "cannot be written"),
        (("--out", "one", "--truth", "one"), "a file of its own"),
    ],
)
def test_wrong_use_is_one_line_that_helps_and_exit_code_2(
    flags: tuple[str, ...],
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["simulate", *flags]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert hint in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full to stand for a full disk")
def test_a_full_disk_is_one_line_and_exit_code_1() -> None:
    done = run("--duration", "1m", "--out", "/dev/full")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "make room" in done.stderr
