"""`upswell report`: the same page for the same posts, nothing in it that a browser would run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli import run

START = 1_760_000_000_000


@pytest.fixture(autouse=True)
def _a_folder_with_an_event(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("upswell.toml").write_text(
        "[[event]]\nname = 'fete'\ntitle = 'F<b>'\nhashtags = ['#fete']\ntime_zone = 'Europe/Paris'\n"
    )
    lines = []
    for minute in range(180):
        for number in range(30 if 90 <= minute < 96 else 2):
            text = "#fete #Feu" if number > 1 else "#fete <script>alert(1)</script>"
            lines.append(
                {
                    "id": f"{minute}-{number}",
                    "author": f"p{minute}-{number}",
                    "text": text,
                    "time": START + minute * 60_000 + number * 1_000,
                    "source": "m",
                }
            )
    lines.append(lines[0] | {"id": "r", "author": "z", "repost_of": "0-0", "time": lines[-1]["time"]})
    lines += [{"id": "x", "author": "o", "text": "#other", "time": lines[-1]["time"], "source": "m"}, lines[0]]
    Path("posts.ndjson").write_text(
        "".join(json.dumps(line) + "\n" for line in sorted(lines, key=lambda it: it["time"]))
    )


def test_a_report_counts_the_events_posts_and_names_the_peak_and_its_cause() -> None:
    assert run(["report", "fete", "posts.ndjson", "--json", "fete.json"]) == 0
    told = json.loads(Path("fete.json").read_bytes())
    assert (told["posts"], told["people"]) == (180 * 2 + 6 * 28 + 1, 180 * 2 + 6 * 28 + 1)
    assert told["topics"][0] == {"name": "#Feu", "posts": 6 * 28}
    (peak,) = told["peaks"]
    assert abs(peak["at"] - START - 90 * 60_000) <= 5 * 60_000
    assert peak["topics"] == ["#Feu"]
    assert told["top_posts"][0]["copies"] == 1
    assert len(told["phases"]) >= 2


def test_a_report_is_the_same_every_time_and_runs_nothing() -> None:
    pages = []
    for name in ("a.html", "b.html"):
        assert run(["report", "fete", "posts.ndjson", "--out", name]) == 0
        pages.append(Path(name).read_text())
    assert pages[0] == pages[1]
    assert "<script" not in pages[0]
    assert "<b>F" not in pages[0]
    assert "F&lt;b&gt;" in pages[0]
    assert "<svg" in pages[0]


def test_an_event_that_is_not_described_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "none", "posts.ndjson"]) == 2
    assert "known: fete" in capsys.readouterr().err
