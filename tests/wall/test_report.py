"""`upswell report`: the same page for the same posts, nothing in it that a browser would run."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from pipeline.cli import run
from pipeline.moderation.log import SqliteLog
from schemas.moderation import Decision, Kind
from tests.browser.axe import faults_of

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


def test_a_peak_of_posts_without_tags_is_named_by_their_words_where_words_count() -> None:
    lines, causes = [], []
    for minute in range(226):
        for number in range(30 if minute >= 220 else 1):
            said = f"Grand feu x{chr(97 + number % 26)}{chr(97 + minute % 26)}" if minute >= 220 else "bonsoir"
            author, time = f"p{minute}-{number}", START + minute * 60_000 + number * 1_000
            lines.append({"id": author, "author": author, "text": said, "time": time, "source": "m"})
    Path("posts.ndjson").write_text("".join(json.dumps(line) + "\n" for line in lines))
    settings = Path("upswell.toml").read_text()
    for words in ("off", "events"):
        Path("upswell.toml").write_text(f"words = '{words}'\n{settings}words = ['feu', 'bonsoir']\n")
        assert run(["report", "fete", "posts.ndjson", "--json", "fete.json"]) == 0
        causes.append(json.loads(Path("fete.json").read_bytes())["peaks"][0]["topics"])
    assert causes == [[], ["Grand feu"]]


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


def test_a_report_is_whole_on_a_phone_and_names_its_peaks_in_the_course(browser: Browser) -> None:
    told = reported()
    for width in (320, 1_280):
        page = browser.new_page(viewport={"width": width, "height": 800})
        page.goto(Path("fete.html").absolute().as_uri())
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        expect(page.locator(".course .badge")).to_have_text([str(n) for n in range(1, len(told["peaks"]) + 1)])
        marks = page.locator(".mark").all_inner_texts()
        assert re.fullmatch(r"\d\d:\d\d", marks[0]), "an event of one day needs no dates"
        topics = page.locator("td:last-child").first.bounding_box()
        assert topics
        assert topics["width"] > 150, "topics are not crammed into what is left of a line"
        assert faults_of(page) == []
        page.close()


def test_an_evening_that_ends_after_midnight_is_told_by_the_clock_and_says_its_two_days_once() -> None:
    night = 47_000_000  # later: from ten in the evening in Paris to one
    lines = [json.loads(line) for line in Path("posts.ndjson").read_text().splitlines()]
    Path("posts.ndjson").write_text("".join(json.dumps(it | {"time": it["time"] + night}) + "\n" for it in lines))
    reported()
    page = Path("fete.html").read_text()
    assert re.findall(r"\d\d \w{3} 2025|2025-\d\d-\d\d|\d\d?/\d\d?/2025", page).__len__() == 2
    assert re.search(r'class="mark" style="left:0.0%">\d\d:\d\d<', page)


def test_an_event_that_is_not_described_is_wrong_use(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["report", "none", "posts.ndjson"]) == 2
    assert "known: fete" in capsys.readouterr().err


def decided(*decisions: tuple[Kind, str, str]) -> None:
    """A file as `upswell serve --walls` keeps it. (kind, target, event)"""
    log = SqliteLog("walls.db")
    for number, (kind, target, event) in enumerate(decisions):
        log.append(Decision(f"d{number}", event, kind, target, "blocked", "ann", number))
    log.close()


def reported(*flags: str) -> dict[str, Any]:
    assert run(["report", "fete", "posts.ndjson", "--json", "fete.json", *flags]) == 0
    told: dict[str, Any] = json.loads(Path("fete.json").read_bytes())
    return told


def test_what_moderators_have_blocked_is_neither_counted_nor_named() -> None:
    plain = reported()
    decided(("topic", "#feu", ""), ("account", "m/p0-1", ""), ("post", "m/0-0", "fete"), ("post", "m/5-0", "other"))
    told = reported("--decisions", "walls.db")
    assert told["posts"] == plain["posts"] - 3  # a post of an account, a post, and the repost of that
    page = Path("fete.html").read_text() + Path("fete.json").read_text()
    assert "#Feu" not in page
    assert "p0-1" not in page
    assert (len(plain["top_posts"]), told["top_posts"]) == (1, [])
    assert told["topics"] == []
    assert [peak["topics"] for peak in told["peaks"]] == [[]]


def test_an_events_blocked_words_and_accounts_take_their_reposts_along() -> None:
    decided(("account", "m/p0-0", "fete"))  # somebody else has passed its post on
    assert reported("--decisions", "walls.db")["top_posts"] == []
    assert "script&gt;" in Path("fete.html").read_text() or reported()["top_posts"]
    decided(("account", "m/p0-0", "fete"), ("word", "script", "fete"))
    reported("--decisions", "walls.db")
    assert "script&gt;" not in Path("fete.html").read_text()


def test_a_post_that_waits_for_approval_is_counted_and_not_told() -> None:
    decided()
    assert len(reported("--decisions", "walls.db")["top_posts"]) == 1
    with Path("upswell.toml").open("a") as file:
        file.write("moderation = 'manual'\n")
    told = reported("--decisions", "walls.db")
    assert (told["posts"], told["top_posts"]) == (reported()["posts"], [])


@pytest.mark.parametrize(("make", "code", "said"), [(None, 2, "no such file"), (b"no database at all" * 99, 1, "none")])
def test_decisions_that_cannot_be_read_are_told(
    make: bytes | None, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if make:
        Path("none").write_bytes(make)
    assert run(["report", "fete", "posts.ndjson", "--decisions", "none"]) == code
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_a_printed_report_tears_no_list_apart(browser: Browser) -> None:
    reported()
    page = browser.new_page()
    page.goto(Path("fete.html").absolute().as_uri())
    page.emulate_media(media="print")
    for part in (".halves > section", ".cards li"):
        assert page.locator(part).first.evaluate("it => getComputedStyle(it).breakInside") == "avoid"
    assert page.locator("footer").evaluate("it => getComputedStyle(it).breakBefore") == "avoid"
    page.close()


def test_a_report_speaks_french() -> None:
    told = reported("--lang", "fr")
    page = Path("fete.html").read_text()
    assert re.search(r">messages par (minute|\d+ minutes)</p>", page)
    assert '<html lang="fr">' in page
    for heading in ("Phases", "Pics", "Sujets", "Personnes", "Messages les plus repris", "par minute"):
        assert f">{heading}</" in page
    assert f"<b>{told['posts']}</b> messages</p>" in page
    assert re.search(r"\d{2}/\d{2}/2025 \d{2}:\d{2}", page)
    assert told == reported("--lang", "en")  # the figures are the same


def test_people_are_called_by_the_names_they_gave_last_and_posts_by_their_authors_names() -> None:
    posts = [json.loads(line) for line in Path("posts.ndjson").read_text().splitlines()]
    for number, post in enumerate(posts):
        post |= {"author": f"a{number % 3}"}
        if number % 3:
            post |= {"author_name": f"{'Zoé' if number > 90 else 'Z'} <{number % 3}>"}
    Path("posts.ndjson").write_text("".join(json.dumps(post) + "\n" for post in posts))
    assert run(["report", "fete", "posts.ndjson", "--out", "fete.html", "--json", "fete.json"]) == 0
    told = json.loads(Path("fete.json").read_bytes())
    named = {one["name"]: one.get("account", "") for one in told["accounts"]}
    assert named == {"a0": "", "Zoé <1>": "a1", "Zoé <2>": "a2"}
    page = Path("fete.html").read_text()
    assert "<bdi>Zoé &lt;1&gt;</bdi> <small><bdi>a1</bdi></small>" in page
    assert "<bdi>a0</bdi></span>" in page
