"""`upswell why`: the arithmetic of a topic's score is that of the lists, each line following from others."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_samples import START_MS, post

from pipeline.cli.terminal import moment
from pipeline.wording import languages

HOUR_MS = 3_600_000
Upswell = Callable[..., tuple[int, str, str]]
BURST_MS = START_MS + 3 * HOUR_MS
WORDS = [f"{first}{last} words #Boom" for first in "abcdefgh" for last in "klmno"]


@pytest.fixture
def evening(tmp_path: Path) -> Path:
    """Three hours of #daily, then beside it 40 people on #Boom and a ring of one text, within minutes."""
    steady = [post(n, START_MS + n * 60_000, f"{'xyz'[n % 3]} again #daily", author=f"p{n % 7}") for n in range(190)]
    burst = [post(1_000 + n, BURST_MS + n * 5_000, text) for n, text in enumerate(WORDS)]
    machine = {"bot": True, "server": "machines.example"}
    ring = [post(2_000 + n, BURST_MS + n * 5_000, "buy it #ring") | machine for n in range(30)]
    path = tmp_path / "evening.ndjson"
    told = sorted(steady + burst + ring, key=lambda it: it["time"])
    path.write_text("".join(json.dumps(it) + "\n" for it in told))
    return path


@pytest.mark.parametrize("window", ["5m", "1h"])
def test_the_arithmetic_is_that_of_the_lists(evening: Path, tmp_path: Path, upswell: Upswell, window: str) -> None:
    lists = tmp_path / "lists.ndjson"
    assert upswell("replay", evening, "--out", lists)[0] == 0
    compared = 0
    for line in lists.read_text().splitlines():
        trends = json.loads(line)
        if (trends["scope"], trends["window"]) != ("all", window) or trends["at"] not in range(
            BURST_MS + 120_000, BURST_MS + 130_000
        ):
            continue
        for row in trends["trends"]:
            code, out, _ = upswell(
                "why", row["topic"], evening, "--at", str(trends["at"]), "--window", window, "--json"
            )
            found = json.loads(out)
            used = found["terms"][found["terms"][0]["window_s"] != row["score_window_s"]]
            assert code == 0
            told = (found["score"], found["weight"], found["since"], used["support"], used["expected"])
            ours = (row["score"], row["weight"], row["since"], row["support"], row["expected"])
            assert [round(value or 0, 4) for value in told] == [value or 0 for value in ours]
            assert math.sqrt(used["variance"]) == pytest.approx(row["spread"], abs=1e-4)
            assert found["terms"][1]["posts"] == row["posts"]
            assert (found["verdict"] == "trending") == row["trending"]
            compared += 1
    assert compared > 1


def test_every_term_follows_from_those_above_it(evening: Path, upswell: Upswell) -> None:
    for topic in ("#daily", "#boom"):
        found = json.loads(upswell("why", topic, evening, "--at", moment(BURST_MS + 240_000), "--json")[1])
        past = found["past"]
        assert past == pytest.approx((1 - found["decay"] ** found["buckets"]) / (1 - found["decay"]))
        assert found["buckets"] > 1
        for terms in found["terms"]:
            assert terms["support"] == pytest.approx(terms["own"] / terms["theta"] + 2 * terms["shared"])
            assert terms["expected"] == pytest.approx(terms["level"] / past)
            assert terms["strayed"] == pytest.approx(terms["misfit"] / past)
            parts = terms["counting"] + terms["unsure"] + terms["strayed"]
            assert terms["variance"] == pytest.approx(parts + 1)
            assert terms["score"] == pytest.approx((terms["support"] - terms["expected"]) / terms["variance"] ** 0.5)
        assert found["terms"][1]["level"] > 0 if topic == "#daily" else found["terms"][1]["level"] == 0


def test_words_are_measured_by_their_usual_share(
    evening: Path, upswell: Upswell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSWELL_WORDS", "all")
    at = moment(BURST_MS + 240_000)
    found = json.loads(upswell("why", '"again"', evening, "--at", at, "--json")[1])
    grown = 0
    for terms in found["terms"]:
        g = terms["growth"]
        once = terms["window_s"] / (found["past"] * found["bucket_s"])
        assert terms["expected"] == pytest.approx(g * terms["level"] / found["past"])
        assert terms["strayed"] == pytest.approx(g**2 * terms["misfit"] / found["past"])
        assert terms["unheard"] == pytest.approx((g**2 - 1) * once**2)
        parts = terms["counting"] + terms["unsure"] + terms["strayed"] + terms["unheard"]
        assert terms["variance"] == pytest.approx(parts + 1)
        grown += g > 1
    assert grown
    out = upswell("why", '"Again"', evening, "--at", at)[1]
    assert out.count("e = g M / B") == out.count("(g² − 1) u²") == 1


def test_a_name_without_a_sign_is_whatever_is_there(
    evening: Path, upswell: Upswell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UPSWELL_WORDS", "all")
    with evening.open("a") as file:
        for n in range(6):
            file.write(json.dumps(post(3_000 + n, BURST_MS + n * 1_000, f"{'abcdef'[n] * 3} again $ACME")) + "\n")
    at = moment(BURST_MS + 120_000)
    shown = {name: upswell("why", name, evening, "--at", at)[1].split(" in ")[0] for name in ("boom", "ACME", "Again")}
    assert shown == {"boom": "#boom", "ACME": "$acme", "Again": "again"}


def test_a_phrase_of_an_event_is_explained_in_french(evening: Path, tmp_path: Path, upswell: Upswell) -> None:
    config = tmp_path / "fair.toml"
    config.write_text('words = "events"\n[[event]]\nname = "fair"\nhashtags = ["#fair"]\n')
    with evening.open("a") as file:
        for n in range(12):
            text = f"{'abcdefghijkl'[n] * 3} : l’Élue du quartier #fair"
            file.write(json.dumps(post(3_000 + n, BURST_MS + n * 1_000, text)) + "\n")
    asked = ("--at", moment(BURST_MS + 120_000), "--scope", "event:fair", "--config", config, "--lang", "fr")
    code, out, _ = upswell("why", '"élue du Quartier"', evening, *asked)
    assert code == 0
    assert out.startswith("elue du quartier dans événement fair")
    assert re.search(r"personnes\s+12\s+12\s", out)


def test_what_comes_later_has_no_say(evening: Path, tmp_path: Path, upswell: Upswell) -> None:
    at = BURST_MS + 120_000
    until = tmp_path / "until.ndjson"
    told = [line for line in evening.read_text().splitlines(keepends=True) if json.loads(line)["time"] < at]
    until.write_text("".join(told))
    whole, part = (upswell("why", "#boom", file, "--at", str(at)) for file in (evening, until))
    assert whole == part
    assert whole[0] == 0


@pytest.mark.parametrize(
    ("topic", "minute", "verdict"),
    [
        ("#boom", 3, "Trends since "),
        ("#ring", 3, "Does not trend: fewer than 5 people"),
        ("#daily", 3, "Does not trend: its score "),
        ("#daily", -160, "There is no past to compare with yet"),
    ],
)
def test_it_says_what_the_arithmetic_decides(
    evening: Path, upswell: Upswell, topic: str, minute: int, verdict: str
) -> None:
    code, out, err = upswell("why", topic, evening, "--at", moment(BURST_MS + minute * 60_000))
    assert (code, err) == (0, "")
    assert out.splitlines()[1].startswith(verdict)
    assert out.count("√v") == 1


def test_it_says_where_the_people_are_from_if_that_is_known(evening: Path, upswell: Upswell) -> None:
    ring, boom = (upswell("why", topic, evening, "--at", moment(BURST_MS + 180_000))[1] for topic in ("#ring", "#boom"))
    assert [re.split(" {2,}", line) for line in ring.splitlines()[2:4]] == [["On one server", "100%"], ["Bots", "100%"]]
    assert "Bots" not in boom


def test_each_language_says_it_in_words_of_its_own_with_the_same_formulas(evening: Path, upswell: Upswell) -> None:
    at = moment(BURST_MS + 180_000)
    said = {lang: upswell("why", "Boom", evening, "--at", at, "--lang", lang)[1] for lang in languages()}
    lines = [text.splitlines() for text in said.values()]
    assert len(set(said.values())) == len(languages())
    assert len({len(each) for each in lines}) == 1
    assert all(text.count("e = M / B") == text.count("v = ") == 1 for text in said.values())


@pytest.mark.parametrize(
    ("args", "code", "part"),
    [
        (("#bom", "--at", moment(BURST_MS + 120_000)), 1, "nearest to it: #boom"),
        (('"a words"', "--at", moment(BURST_MS + 120_000)), 1, 'or set words = "all"'),
        (("#elsewhere", "--at", moment(BURST_MS + 120_000)), 1, "most spoken of: #daily, "),
        (("#boom", "--at", moment(START_MS - 60_000)), 2, f"to {moment(START_MS + 189 * 60_000)}"),
        (("#boom", "--at", moment(START_MS + 9 * HOUR_MS)), 2, "lies outside the archive"),
        (("#boom", "--at", "noon"), 2, "--at: 'noon' is no time"),
        (("#", "--at", "2023-11-14"), 2, "is no topic"),
        (("#boom", "--at", "2023-11-14", "--lang", "xx"), 2, "use one of en, es, fr"),
        (("#boom",), 2, "--at"),
        (("#boom", "--at", "2023-11-14", "--scope", "event:none"), 2, "no such event"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_said_in_one_line(
    evening: Path, upswell: Upswell, args: tuple[str, ...], code: int, part: str
) -> None:
    topic, *flags = args
    found, out, err = upswell("why", topic, evening, *flags)
    assert (found, out, err.count("\n")) == (code, "", 1)
    assert part in err
