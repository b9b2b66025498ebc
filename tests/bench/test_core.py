"""What `python -m bench.core` measures, promises and refuses; the figures themselves are not tested."""

from __future__ import annotations

import gzip
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from bench import core, kafka, posts
from bench.common import BARE_LOOP, ROOT, Cost
from bench.core import Archived, Run, judged
from bench.posts import START_MS, write_posts
from pipeline import cli
from schemas import decode_post

Bench = Callable[..., tuple[int, str, str]]


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str]) -> Bench:
    """One bench in this process, as `python -m bench.NAME` runs it: `bench("core", "--posts", "1000")`."""

    def call(name: str, *args: object) -> tuple[int, str, str]:
        capsys.readouterr()
        code = cli.run(
            [str(arg) for arg in args], {"core": core.app, "kafka": kafka.app}[name], f"python -m bench.{name}"
        )
        return code, *capsys.readouterr()

    return call


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, for this test alone; it must be as empty afterwards as before."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def tweet(number: int) -> dict[str, Any]:
    return {
        "created_at": "Wed Jan 01 00:00:48 +0000 2014",
        "id": number,
        "id_str": str(number),
        "text": f"thought {number} #quiet",
        "user": {"id": 7, "id_str": "7", "screen_name": "someone", "created_at": "Mon Apr 30 16:54:56 +0000 2012"},
        "lang": "en",
    }


def assert_positive(cost: dict[str, float]) -> None:
    assert set(cost) == {"cpu_s", "wall_s", "peak_rss_bytes"}
    assert min(cost["cpu_s"], cost["wall_s"]) > 0
    assert 2**20 < cost["peak_rss_bytes"] < 2**34


def test_every_size_with_every_stock_of_topics_is_measured_and_nothing_is_left(bench: Bench, scratch: Path) -> None:
    code, out, err = bench("core", "--posts", "1000,5000", "--topics", "10,2000", "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert (found["rate"], found["archive"]) == (1_000, None)
    assert [(run["posts"], run["topics"]) for run in found["runs"]] == [
        (1_000, 10),
        (1_000, 2_000),
        (5_000, 10),
        (5_000, 2_000),
    ]
    for run in found["runs"]:
        assert_positive(run["bare"])
        assert_positive(run["replay"])
        assert run["ratio"] == pytest.approx(run["replay"]["cpu_s"] / run["bare"]["cpu_s"])
        assert run["cpu_s_per_million"] == pytest.approx(run["replay"]["cpu_s"] * 1e6 / run["posts"])
        assert 240 < run["file_bytes"] / run["posts"] < 330
    assert len(found["promises"]) == 3
    assert list(scratch.iterdir()) == []


def test_real_posts_are_repeated_with_times_and_ids_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    archive = tmp_path / "tweets.jsonl.gz"
    lines = [json.dumps(tweet(number)) for number in range(3)] + ['{"delete": {}}', "no json"]
    archive.write_bytes(gzip.compress("\n".join(lines).encode()))
    monkeypatch.setattr(posts, "ARCHIVE_LINES", 10)
    made = tmp_path / "made.jsonl"
    posts.write_tweets(str(made), 4, [str(archive)])
    tweets = [json.loads(line) for line in made.read_bytes().splitlines()]
    assert len({it["id"] for it in tweets}) == len(tweets) == 10
    assert all(it["id_str"] == str(it["id"]) for it in tweets)
    assert Counter(it["created_at"][11:19] for it in tweets) == {"16:00:00": 4, "16:00:01": 4, "16:00:02": 2}
    assert Counter(it["text"] for it in tweets) == {"thought 0 #quiet": 4, "thought 1 #quiet": 3, "thought 2 #quiet": 3}
    assert {it["user"]["created_at"] for it in tweets} == {tweet(0)["user"]["created_at"]}
    capsys.readouterr()
    assert cli.run(["replay", str(made)]) == 0
    printed = capsys.readouterr().out
    assert re.search(r"^counted +10$", printed, re.MULTILINE)


def test_the_table_names_each_run_and_says_of_each_promise_whether_it_is_met(bench: Bench) -> None:
    code, out, _ = bench("core", "--posts", "2000", "--topics", "50")
    assert code == 0
    assert [line.split()[:3] for line in out.splitlines()[1:3]] == [["2,000", "50", "bare"], ["2,000", "50", "replay"]]
    assert out.count("met") == 3  # "met" or "NOT met"


def test_a_promise_is_judged_by_the_worst_of_the_largest_runs() -> None:
    def run(posts: int, replay_s: float) -> Run:
        return Run(posts, 1, 1, Cost(1.0, 1.0, 1), Cost(replay_s, replay_s, 1 << 20))

    slow_wall = Archived(200_000, 1, Cost(4.0, 6.0, 1))
    ratio, cpu_s, peak, real = judged([run(1_000, 99.0), run(1_000_000, 7.0), run(1_000_000, 8.0)], slow_wall)
    assert (ratio.value, ratio.met) == (8.0, True)
    assert (cpu_s.value, cpu_s.met) == (8.0, True)
    assert (peak.value, peak.met) == (1.0, True)
    assert (round(real.value), real.met) == (30, False)
    assert not judged([run(1_000_000, 8.01)], None)[0].met


def test_the_made_posts_are_what_the_page_says(tmp_path: Path) -> None:
    file, again = tmp_path / "posts", tmp_path / "again"
    for path in (file, again):
        write_posts(str(path), 20_000, 100, 1_000, 1)
    assert file.read_bytes() == again.read_bytes()
    posts = [decode_post(line) for line in file.read_bytes().splitlines()]
    assert len({post.id for post in posts}) == 20_000
    assert all(100 <= len(post.text) <= 140 for post in posts)
    due_ms = [START_MS + number for number in range(20_000)]
    behind_ms = [due - int(post.time) for due, post in zip(due_ms, posts, strict=True)]
    assert min(behind_ms) == 0
    assert 1_900 < max(behind_ms) <= 2_000
    tags = [post.text.casefold().split("#")[1:] for post in posts]
    assert 0.38 < sum(map(bool, tags)) / len(tags) < 0.42
    assert max(map(len, tags)) == 3
    uses = Counter(tag.strip() for some in tags for tag in some)
    assert 1.7 < uses["topic0"] / uses["topic1"] < 2.3  # Zipf's law, exponent 1


def test_the_bare_loop_is_a_program_that_counts(tmp_path: Path) -> None:
    file = tmp_path / "posts"
    file.write_bytes(b'{"text": "a #Boom b #boom", "time": 10000}\n{"text": "#", "time": 10001}\n')
    program = BARE_LOOP + "print(panes)"
    done = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, check=True)
    assert done.stdout == b"{1: {'boom': 2}}\n"


@pytest.mark.parametrize(
    "args",
    [
        ["core", "flink"],
        ["kafka", "--workers", "0"],
        ["core", "--posts", "0"],
        ["core", "--posts", "many"],
        ["core", "--posts", "10,,20"],
        ["core", "--topics", "10000001"],
        ["core", "--rate", "0"],
        ["core", "--archive", "no-such-file"],
        ["core", "--archive", "-"],
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(bench: Bench, args: list[str]) -> None:
    code, out, err = bench(*args)
    assert (code, out, err.count("\n")) == (2, "", 1)


def test_an_archive_of_something_else_fails_with_a_sentence(bench: Bench, tmp_path: Path, scratch: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"text": "no tweet"}\n')
    code, out, err = bench("core", "--posts", "1000", "--archive", other)
    assert (code, out) == (1, "")
    assert "holds no posts of Twitter's v1.1 API" in err
    assert list(scratch.iterdir()) == []


def test_a_folder_without_room_is_told_before_the_work(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(core.shutil, "disk_usage", lambda _: msgspec.defstruct("Usage", [("free", int)])(1_000))
    code, _, err = bench("core")
    assert code == 1
    assert "set TMPDIR" in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_it_with_130_and_leaves_no_file(scratch: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-m", "bench.core", "--posts", "3000000"]
    with subprocess.Popen(
        command, cwd=ROOT, env=os.environ | {"TMPDIR": str(scratch)}, stderr=subprocess.PIPE
    ) as process:
        deadline = time.monotonic() + 60
        while not any(scratch.glob("*/posts.ndjson")):
            assert time.monotonic() < deadline
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, b"")
    assert list(scratch.iterdir()) == []
