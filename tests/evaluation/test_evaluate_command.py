"""`upswell evaluate`: a labelled stream in, a table or JSON out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pipeline import cli

BEGIN_MS = 1_700_000_040_000
MINUTE_MS = 60_000
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def upswell(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Outcome]:
    monkeypatch.chdir(tmp_path)

    def call(*args: object) -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
        capsys.readouterr()
        return Outcome(cli.run([str(arg) for arg in args]), *capsys.readouterr())

    return call


def words(number: int) -> str:
    """Words of their own for every number: what says the same is told by letters."""
    return f"{LETTERS[number % 26]}{LETTERS[number // 26 % 26]}{LETTERS[number // 676]} thought"


@pytest.fixture
def stream(tmp_path: Path) -> tuple[Path, Path]:
    """Three and a half hours: everyday talk, then 30 people on #Boom, half of whom talked before, a ring of 60 on #win,
    one loud account."""
    said = [(n * 60_000, f"p{n % 40}", f"{words(n)} #quiet{n % 4}") for n in range(210)]
    said += [(150 * MINUTE_MS + n * 20_000, f"{'pb'[n % 2]}{n}", f"{words(n)} #Boom") for n in range(30)]
    said += [(160 * MINUTE_MS + n * 5_000, f"r{n}", "buy this now #win") for n in range(60)]
    said += [(170 * MINUTE_MS + n * 10_000, "loud", f"{words(n)} #me") for n in range(60)]
    posts = [
        {"id": str(n), "author": author, "text": text, "time": BEGIN_MS + at, "source": "twitter"}
        for n, (at, author, text) in enumerate(sorted(said))
    ]
    path = tmp_path / "posts.ndjson"
    path.write_text("".join(json.dumps(post) + "\n" for post in posts))
    labels = [
        label("burst", "#Boom", 150, 160, 30),
        label("ring", "#win", 160, 165, 60),
        label("flood", "#me", 170, 180, 1),
        label("burst", "#never", 155, 165, 300),
        {"kind": "totals", "posts": 360},
    ]
    truth = tmp_path / "truth.ndjson"
    truth.write_text("".join(json.dumps(it) + "\n" for it in labels))
    return path, truth


def label(kind: str, topic: str, start_min: int, end_min: int, people: int) -> dict[str, Any]:
    times = {"start": BEGIN_MS + start_min * MINUTE_MS, "end": BEGIN_MS + end_min * MINUTE_MS}
    return {"kind": kind, "name": topic[1:], "topics": [topic], "people": people, "posts": people, **times}


def test_every_method_is_judged_on_the_same_labels(stream: tuple[Path, Path], upswell: Callable[..., Outcome]) -> None:
    posts, truth = stream
    code, out, err = upswell("evaluate", posts, "--truth", truth, "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["posts"] == 360
    assert told["warmup_minutes"] == 120
    methods = {it["method"]: it for it in told["methods"]}
    assert len(methods) == 11
    ours = methods["upswell"]
    assert ours["recall"] == 0.5
    assert ours["recall_by_people"] == {"1-39": 1.0, "40-119": None, "120-": 0.0}
    assert (ours["rings_listed"], ours["floods_listed"]) == (0.0, 0.0)
    assert 1 <= ours["delay_min"] <= 6
    assert ours["delay_p90_min"] == ours["delay_min"]  # of one that was found
    assert methods["plain counts, 60 min"]["false_alarms_a_day"] > ours["false_alarms_a_day"] >= 0
    assert methods["plain counts, 60 min"]["repeats"] == 0
    assert 0 < methods["plain counts, 60 min"]["churn"] < 1
    assert (ours["repeats"], ours["churn"]) == (0, pytest.approx(1 / 6))  # one row, which stays for an hour
    assert methods["plain counts, 60 min"]["rings_listed"] == 1.0  # 60 people are more than the 30 of the burst
    assert methods["plain counts, text cap, 60 min"]["rings_listed"] == 0.0
    boom, _, _, never = told["labels"]
    assert (boom["topics"], boom["judged"], boom["delay_min"]) == (["#boom"], True, ours["delay_min"])
    assert never["delay_min"] is None


def test_the_table_says_the_same_to_people(stream: tuple[Path, Path], upswell: Callable[..., Outcome]) -> None:
    posts, truth = stream
    code, out, _ = upswell("evaluate", posts, "--truth", truth)
    assert code == 0
    lines = out.splitlines()
    assert lines[0] == "360 posts in 3.4 h, of which 2 h warm-up; 2 bursts, 1 ring, 1 flood"
    of_ours, listed = (line.split() for line in lines if line.startswith("upswell "))
    assert of_ours[1:5] == ["0.50", "1.00", "-", "0.00"]
    assert listed[2:4] == ["0.00", "0.00"]
    assert "not found by upswell: #never (300 people)" in lines


def test_labels_of_the_warm_up_are_not_judged(stream: tuple[Path, Path], upswell: Callable[..., Outcome]) -> None:
    posts, truth = stream
    code, out, err = upswell("evaluate", posts, "--truth", truth, "--warmup", "200m")
    assert (code, out) == (2, "")
    assert "no burst, story or event begins in the posts after the warm-up" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("no json", "truth:2: "),
        ('{"kind": "burst", "name": "a"}', "missing required field `topics`"),
        (json.dumps(label("party", "#a", 1, 2, 3)), "'party' is none of the kinds burst, story, event, ring, flood"),
        (json.dumps(label("burst", "#", 1, 2, 3)), "it has no topics"),
        (json.dumps(label("burst", "#a", 2, 2, 3)), "it ends before it starts"),
    ],
)
def test_a_fault_in_the_labels_is_told_with_its_line(
    line: str, complaint: str, tmp_path: Path, upswell: Callable[..., Outcome]
) -> None:
    (tmp_path / "truth").write_text(json.dumps(label("burst", "#a", 1, 2, 3)) + f"\n{line}\n")
    (tmp_path / "posts.ndjson").write_text("")
    code, out, err = upswell("evaluate", "posts.ndjson", "--truth", "truth")
    assert (code, out) == (2, "")
    assert complaint in err
    assert "truth:2: " in err
    assert err.count("\n") == 1


def test_wrong_use_is_one_line(stream: tuple[Path, Path], tmp_path: Path, upswell: Callable[..., Outcome]) -> None:
    posts, truth = stream
    (tmp_path / "empty.ndjson").write_text("")
    for args, complaint in [
        ((posts, "--truth", "nowhere"), "nowhere: cannot be read"),
        (("nowhere", "--truth", truth), "nowhere"),
        (("empty.ndjson", "--truth", truth), "holds no post"),
        ((posts, "--truth", truth, "--format", "myspace"), "myspace"),
        ((posts, "--truth", truth, "--warmup", "soon"), "--warmup"),
        ((posts,), "what should trend in these posts?"),
        (("--truth", truth), "labels of which posts?"),
        ((posts, "--truth", truth, "--plot", "picture.doc"), ".png"),
    ]:
        code, out, err = upswell("evaluate", *args)
        assert (code, out) == (2, ""), args
        assert complaint in err
        assert err.count("\n") == 1


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_picture_is_drawn(
    suffix: str, stream: tuple[Path, Path], tmp_path: Path, upswell: Callable[..., Outcome]
) -> None:
    posts, truth = stream
    picture = tmp_path / f"picture.{suffix}"
    code, out, err = upswell("evaluate", posts, "--truth", truth, "--plot", picture)
    assert (code, err) == (0, f"{picture}: drawn\n")
    assert out.startswith("360 posts")
    begins = {"png": b"\x89PNG\r\n", "svg": b"<?xml"}
    assert picture.read_bytes().startswith(begins[suffix])


def test_a_picture_that_cannot_be_written_is_told(stream: tuple[Path, Path], upswell: Callable[..., Outcome]) -> None:
    posts, truth = stream
    code, _, err = upswell("evaluate", posts, "--truth", truth, "--plot", "no/such/folder/picture.png")
    assert code == 1
    assert "cannot be written" in err
    assert err.count("\n") == 1


def test_without_posts_a_simulated_stream_is_judged(
    upswell: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.cli.evaluate.SIMULATED_MS", 3 * 3_600_000)
    monkeypatch.setattr("pipeline.cli.evaluate.SIMULATED_RATE", 0.5)
    code, out, err = upswell("evaluate", "--json")
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert told["minutes"] in range(178, 183)
    assert any(label["judged"] for label in told["labels"])
