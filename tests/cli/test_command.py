"""The command itself: help that teaches, faults in one line, exit codes that scripts can rely on."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_samples import START_MS, post

from pipeline.cli import COMMANDS, HELP, common
from pipeline.cli.common import kafka_faults
from pipeline.cli.errors import CommandError
from pipeline.kafka.producer import DeliveryError

EXAMPLE = re.compile(r"^\s+(?:zcat \S+ \| )?upswell (\w+)", re.MULTILINE)


def test_help_teaches_with_examples(upswell: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = upswell("--help")
    assert (code, err) == (0, "")
    assert HELP.split(":")[0] in out
    assert set(EXAMPLE.findall(out)) <= set(COMMANDS)
    assert all(re.search(rf"^  {name} ", out, re.MULTILINE) for name in COMMANDS)
    assert "..." not in out[out.index("Commands:") : out.index("Examples:")], "a line is cut"


def test_without_a_word_the_command_shows_its_help(upswell: Callable[..., tuple[int, str, str]]) -> None:
    assert upswell() == upswell("--help")


@pytest.mark.parametrize("name", COMMANDS)
def test_each_subcommand_has_a_help_of_its_own(name: str, upswell: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = upswell(name, "--help")
    assert (code, err) == (0, "")
    assert f"Usage: upswell {name}" in out
    assert set(EXAMPLE.findall(out)) <= {name}


def test_the_version_is_that_of_the_package(upswell: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = upswell("--version")
    assert code == 0
    assert re.fullmatch(r"upswell \d+\.\d+\.\d+\n", out)


@pytest.mark.parametrize(
    ("args", "part"),
    [
        (["replya"], "Did you mean 'replay'"),
        (["replay"], "PATH"),
        (["--frobnicate"], "--frobnicate"),
        (["replay", "-", "--top", "0"], "--top"),
        (["replay", "-", "--top", "ten"], "--top"),
        (["replay", "-", "--window", "2h"], "--window"),
        (["replay", "-", "--retime", "then"], "--retime"),
        (["replay", "-", "--retime", "now"], "reads the input twice"),
        (["replay", "-", "--scope", "everything"], "use all, lang:fr"),
        (["replay", "-", "--scope", "event:nowhere"], "no such event (there is none)"),
        (["replay", "-", "--speed", "fast"], "use max, or a factor"),
        (["replay", "-", "--format", "xml"], "use one of auto, "),
        (["replay", "-", "--columns", "text"], "FIELD=COLUMN"),
        (["replay", "-", "--pane-ms", "7000"], "--pane-ms: 7000 does not divide 60000"),
        (["replay", "-", "--max-out-of-orderness-ms", "-5"], "--max-out-of-orderness-ms: "),
        (["replay", "-", "--partitions", "0"], "--partitions: "),
        (["replay", "-", "--config", "none.toml"], "none.toml: cannot be read"),
        (["replay", "no/such/file"], "no/such/file does not exist"),
        (["replay", "no*such"], "nothing matches no*such"),
        (["replay", "-", "--out", "-", "--dead", "-"], "both write to -"),
        (["replay", "-", "--out", "no/such/lists"], "--out no/such/lists: cannot be written"),
        (["replay", "bad\x1b[2Jname"], "Jname"),
        (["demo", "--speed", "0x"], "--speed: "),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(
    args: list[str], part: str, upswell: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = upswell(*args)
    assert (code, out) == (2, "")
    assert part in err
    assert err.startswith("upswell: ")
    assert err.count("\n") == 1
    assert err[:-1].isprintable()


def test_a_fault_in_the_settings_file_is_one_line_and_exit_code_2(upswell: Callable[..., tuple[int, str, str]]) -> None:
    Path("upswell.toml").write_text("pane_ms = 10000\nlateness = = 5\n")
    code, out, err = upswell("replay", "-")
    assert (code, out) == (2, "")
    assert re.fullmatch(r"upswell: upswell\.toml:2: .* TOML\)\n", err)


def test_a_misspelt_variable_is_told_and_changes_nothing(
    upswell: Callable[..., tuple[int, str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSWELL_PARTITION", "3")
    code, _, err = upswell("replay", "-", stdin=json.dumps(post(1, START_MS, "#a")).encode())
    assert code == 0
    assert "did you mean UPSWELL_PARTITIONS?" in err


def test_help_loads_none_of_the_heavy_parts() -> None:
    program = (
        "import sys; from pipeline.cli import run; code = run(['--help']);"
        "heavy = {'numpy', 'pydantic', 'msgspec', 'rich.live', 'pipeline.text'} & set(sys.modules);"
        "sys.exit(code or ' '.join(heavy) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("command", ["replay", "why", "extract", "serve", "trends", "produce", "worker"])
def test_no_command_loads_pydantic(command: str) -> None:
    """It takes as long to load as numpy, and half of that again for each command's flags."""
    program = "import sys; from pipeline.cli import run; sys.exit(run(sys.argv[1:]) or 'pydantic' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program, command, "--help"], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_replay_of_posts_loads_nothing_that_only_others_need(tmp_path: Path) -> None:
    archive = tmp_path / "posts.ndjson"
    archive.write_text(json.dumps(post(1, START_MS, "#a")) + "\n")
    program = (
        "import sys; from pipeline.cli import run; code = run(sys.argv[1:]);"
        "heavy = {'feedparser', 'mailparser_reply', 'email.policy', 'asyncio', 'pydantic', 'pipeline.text.mastodon'};"
        "heavy &= set(sys.modules);"
        "sys.exit(code or ' '.join(heavy) or 0)"
    )
    command = [sys.executable, "-c", program, "replay", str(archive)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_reader_that_goes_away_ends_the_command_quietly(
    archive: Path, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    read_end, write_end = os.pipe()
    process = started("replay", archive, "--out", "-", stdout=write_end)
    os.close(read_end)  # gone before the first list
    os.close(write_end)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 141
    assert b"Traceback" not in err
    assert b"Errno" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_says_how_far_it_came_and_leaves_whole_lines(
    number: signal.Signals, tmp_path: Path, started: Callable[..., subprocess.Popen[bytes]]
) -> None:
    out = tmp_path / "lists"
    process = started("replay", "-", "--out", out, "--speed", "100000x")
    assert process.stdin
    posts = (post(n, START_MS + n * 200, f"words {n} #topic{n % 9}") for n in range(9_000))
    process.stdin.write(b"".join(json.dumps(it).encode() + b"\n" for it in posts))
    process.stdin.flush()
    # standard input stays open: the command waits for more when the signal comes
    deadline = time.monotonic() + 60
    while not (out.exists() and out.stat().st_size) and time.monotonic() < deadline:
        assert process.poll() is None
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    lines = out.read_bytes().split(b"\n")
    said = err.decode()
    assert re.fullmatch(r"upswell: interrupted at 2023-11-14 22:\d\d UTC of event time, [\d,]+ records .*\n", said)
    assert f"holds {len(lines) - 1:,} whole lines" in said
    assert lines.pop() == b""
    assert all(json.loads(line)["trends"] for line in lines)


@pytest.mark.parametrize("command", [("worker",), ("alerts", "follow")])
def test_a_port_for_metrics_that_is_taken_is_told_in_one_line(
    started: Callable[..., subprocess.Popen[bytes]], monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("UPSWELL_METRICS_PORT", str(port))
        process = started(*command)
        _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert told.count(b"\n") == 1
    assert f"nobody can read metrics at 127.0.0.1:{port}".encode() in told
    assert b"UPSWELL_METRICS_PORT" in told


def test_who_pushes_with_a_command_is_told_to_run_it_again() -> None:
    fault = DeliveryError("3 records were not taken by Kafka at kafka:9092 (gone); 5 were")
    with pytest.raises(CommandError, match=r"; 5 were: mend the broker and run this again \("), kafka_faults():
        raise fault


def test_who_has_no_name_on_the_machine_gives_commands_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    def nameless() -> str:
        raise KeyError("getpwuid(): uid not found: 1000")

    monkeypatch.setattr(common.getpass, "getuser", nameless)
    assert common.login() == "somebody"
