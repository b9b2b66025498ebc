"""Output files hold whole lines at whatever moment a run ends, and never take the place of an input."""

from __future__ import annotations

import base64
import json
import os
import signal
from pathlib import Path

import pytest
from cli_samples import trend, trend_list

from pipeline.cli.errors import CommandError, WrongUseError
from pipeline.cli.interrupts import Interrupts
from pipeline.cli.outputs import LineFile, dead_line, refuse_overlap


def test_a_signal_while_a_line_is_written_waits_for_its_end() -> None:
    done = []

    def writes_a_line() -> None:
        with interrupts.held():
            os.kill(os.getpid(), signal.SIGINT)
            done.append("the rest of the line")

    def does_something_else() -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        done.append("the rest of it")

    with Interrupts() as interrupts:
        with pytest.raises(KeyboardInterrupt):
            writes_a_line()
        with pytest.raises(KeyboardInterrupt):
            does_something_else()
    assert done == ["the rest of the line"]


def test_handlers_of_before_are_back_afterwards_and_ignored_signals_stay_ignored() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Interrupts():
            os.kill(os.getpid(), signal.SIGTERM)
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_file_is_whole_when_the_run_is_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "lists"

    def interrupted_run() -> None:
        with Interrupts() as interrupts, LineFile("--out", str(path), interrupts) as file:
            for number in range(1_000):
                file.write(trend_list(trend(1, "#a" * 100), at=number))
                if number == 700:
                    os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        interrupted_run()
    lines = path.read_text().splitlines()
    assert [json.loads(line)["at"] for line in lines] == list(range(701))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_full_disk_is_one_sentence() -> None:
    with (
        pytest.raises(CommandError, match=r"^/dev/full: No space left"),
        Interrupts() as interrupts,
        LineFile("--out", "/dev/full", interrupts, at_once=True) as file,
    ):
        file.write(trend_list())


@pytest.mark.parametrize("path", ["none/lists", ".", "a\0b"])
def test_a_file_that_cannot_be_written_is_wrong_use(path: str) -> None:
    with pytest.raises(WrongUseError, match=r"^--out .*cannot be written"):
        LineFile("--out", path, Interrupts())


def test_a_dead_record_loses_nothing() -> None:
    raw = b'{"text": "caf\xe9\x00"}'
    line = dead_line("f", 3, "not-utf8", "byte 13", raw)
    assert line.raw == '{"text": "caf\\xe9\x00"}'
    assert base64.b64decode(line.raw_base64 or "") == raw
    assert dead_line("f", 3, "not-json", "", "é\x9b".encode()).raw_base64 is None


def test_outputs_neither_share_a_file_nor_overwrite_an_input(tmp_path: Path) -> None:
    path = tmp_path / "posts"
    (tmp_path / "link").symlink_to(path)
    refuse_overlap({"--out": "-", "--counts": "a", "--dead": None}, ["-", "b"])
    with pytest.raises(WrongUseError, match="both write to -"):
        refuse_overlap({"--out": "-", "--dead": "-"}, [])
    with pytest.raises(WrongUseError, match="would overwrite"):
        refuse_overlap({"--out": str(tmp_path / "link")}, [str(path)])
