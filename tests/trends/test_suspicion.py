"""Rings are told from crowds by who their first voices are and how suddenly they come; nothing else is suspect.

A stream of three hours: people who talk of sixty tags, and in the third hour rings and crowds.

    hour      0          1          2                     3
    regulars  |~~~~~~~~~~|~~~~~~~~~~|~~~~~~~~~~~~~~~~~~~~~|
    rings                           | 30 100 300 700 ...  |
    crowds                          | goal quake call-out |
"""

from __future__ import annotations

import datetime as dt
import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from pipeline.local import Local, Options
from pipeline.sources.simulator.scenario import Ring, Scenario
from pipeline.sources.simulator.simulation import simulate
from pipeline.text import fold, topics_of, words_of
from pipeline.trends.alerting import Alerting
from pipeline.trends.counts import Counts
from pipeline.trends.heard import EVERYBODY, Heard
from pipeline.trends.lists import ScopeList
from pipeline.trends.names import Cell, Dictionary, Names
from pipeline.trends.standing import Standing
from pipeline.trends.suspicion import Suspicion
from pipeline.trends.timeline import Timeline
from pipeline.trends.voices import LastSpoken, Spoken
from schemas import Post, PostError, TrendList, decode_post
from schemas.alerts import Alert, Rule
from tests.oracle.suspicion import Voice, signs

MINUTE_MS, HOUR_MS = 60_000, 3_600_000
FIRST_MS = 125 * MINUTE_MS  # after the start of the stream
KINDS = [(30, 10), (100, 24), (300, 600), (700, 60), (100, 600), (1_400, 24), (40, 90), (300, 20), (30, 600)]
RINGS = tuple(
    Ring(name, "en", (name,), "buy this now", FIRST_MS + number * 5 * MINUTE_MS, seconds * 1_000, people, texts)
    for number, (people, seconds) in enumerate(KINDS)
    for texts in ("one" if number == 7 else "lexicon",)
    for name in (f"ring{people}x{seconds}",)
)
WORDS = ["what", "a", "night", "did", "you", "see", "feel", "that", "here", "now", "they"]
CROWDS = {"goal": 200, "quake": 900, "callout": 2_500}
BUSY, BOTS = "#coffeemonday", 20  # bots on the tag that most people use
RULES = [Rule("loud", kind="surge", score=6.0), Rule("top", top=10)]


def stream() -> list[Post]:
    scenario = Scenario(duration_ms=3 * HOUR_MS, rate=0.5, people=800, topics=60, seasonal=False, rings=RINGS)
    posts = []
    for line in simulate(scenario, 3):
        try:
            posts.append(msgspec.structs.replace(decode_post(line), source="twitter", lang=None))
        except PostError:
            continue
    chance = random.Random(5)
    known = sorted({post.author for post in posts if int(post.time) < scenario.start_ms + 2 * HOUR_MS})
    for number, (name, people) in enumerate(CROWDS.items()):
        begins = scenario.start_ms + FIRST_MS + (2 + 15 * number) * MINUTE_MS
        for n in range(people):
            author = chance.choice(known) if n % 3 else f"{name}-{n}"
            time = begins + int(chance.random() ** 2 * MINUTE_MS)
            text = " ".join(chance.choices(WORDS, k=6))
            posts.append(Post(f"{name}{n}", author, f"{text} #{name}", time, source="twitter"))
    for n in range(BOTS):
        time = scenario.start_ms + FIRST_MS + n * MINUTE_MS // 3
        posts.append(Post(f"bot{n}", f"bot{n}", f"{WORDS[n % 7]} now {BUSY}", time, source="twitter", bot=True))
    return sorted(posts, key=lambda post: int(post.time))


@pytest.fixture(scope="module")
def told() -> tuple[dict[str, list[TrendList]], list[Alert]]:
    """The lists of all posts by window, and what two rules made of them."""
    lists: dict[str, list[TrendList]] = defaultdict(list)
    alerting, alerts = Alerting(RULES), list[Alert]()

    def take(one: TrendList) -> None:
        if one.scope == "all":
            lists[one.window].append(one)
            alerts.extend(alerting.take(one))

    local = Local(Options(), on_list=take)
    local.feed(stream())
    local.finish()
    return lists, alerts


def test_rings_are_suspect_raise_no_alert_and_outrank_nothing(
    told: tuple[dict[str, list[TrendList]], list[Alert]],
) -> None:
    lists, alerts = told
    for ring in RINGS:
        rows = [row for one in lists["1h"] for row in one.trends if row.topic == f"#{ring.name}" and row.signs]
        found = ["suspect" in row.flags for row in rows if not row.signs or not row.signs.undecided]
        assert all(found), ring.name  # from when it can be told to the last of its people
        assert any(found) == (ring.texts == "lexicon")  # one text never counts for more than two
    assert not {alert.topic.lstrip("#") for alert in alerts} & {ring.name for ring in RINGS}
    for one in (*lists["5m"], *lists["1h"]):
        suspect = ["suspect" in row.flags for row in one.trends]
        assert suspect == sorted(suspect)
        assert not any(row.trending for row in one.trends if "suspect" in row.flags)


def test_crowds_are_not_suspect_however_sudden(told: tuple[dict[str, list[TrendList]], list[Alert]]) -> None:
    lists, alerts = told
    for name in CROWDS:
        rows = [
            row for window in ("5m", "1h") for one in lists[window] for row in one.trends if row.topic == f"#{name}"
        ]
        assert any(row.trending and row.signs is not None and row.signs.sudden > 0.5 for row in rows)
        assert not any("suspect" in row.flags for row in rows)
        assert f"#{name}" in {alert.topic for alert in alerts}
    flagged = {row.topic for one in (*lists["5m"], *lists["1h"]) for row in one.trends if "suspect" in row.flags}
    assert flagged <= {f"#{ring.name}" for ring in RINGS} | {BUSY}


def test_a_ring_of_bots_on_a_tag_of_every_day_is_seen_by_its_bots_alone(
    told: tuple[dict[str, list[TrendList]], list[Alert]],
) -> None:
    rows = [row for one in told[0]["1h"] for row in one.trends if row.topic == BUSY and "suspect" in row.flags]
    assert rows
    for row in rows:
        assert row.signs is not None
        assert row.signs.bots
        assert 12 <= row.signs.people <= BOTS < row.authors


def test_signs_are_those_of_the_reference(told: tuple[dict[str, list[TrendList]], list[Alert]]) -> None:
    posts = [Voice(int(post.time), post.author, frozenset(map(fold, topics_of(post))), post.bot) for post in stream()]
    compared = set()
    unsure = [one for one in told[0]["1h"] if any(row.signs and row.signs.undecided for row in one.trends)]
    for one in [*told[0]["1h"][::7], *unsure[:2]]:
        for row in one.trends:
            if row.signs is None or row.authors > 500 or one.flag == "counting":
                continue
            found = row.signs
            told = signs(posts, row.topic, one.at)
            assert told is not None
            assert told[:-1] == (
                found.people,
                pytest.approx(found.sudden, abs=1e-4),
                pytest.approx(found.newcomers, abs=1e-4),
                pytest.approx(found.usual, abs=1e-4),
                found.suspect,
                found.undecided,
                found.bots,
            )
            compared.add((row.topic, found.suspect, found.undecided))
    assert len(compared) > 10
    assert {(suspect, undecided) for _, suspect, undecided in compared} == {
        (False, False),
        (True, False),
        (False, True),
    }


def test_what_a_ring_says_besides_is_suspect_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """300 accounts say one word, between others that only some of them say at a time: no phrase trends in its place."""
    chance, words = random.Random(3), [a + b for a in "bdfgklmnprst" for b in ("aran", "elon", "imor", "ovat")]
    begins = 1_650_211_200_000
    posts = []
    for n in range(5_400):
        said = " ".join(chance.choices(words, k=5))
        posts.append(Post(f"b{n}", f"regular{chance.randrange(1_500)}", said, begins + 2_000 * n, source="twitter"))
    for n in range(300):
        first, second, third = chance.choices(words, k=3)
        said, at = f"{first} {second} harbour {third}", begins + FIRST_MS + chance.randrange(40_000)
        posts.append(Post(f"r{n}", f"ring{n}", said, at, source="twitter"))
    posts.sort(key=lambda post: int(post.time))
    voices = [Voice(int(post.time), post.author, frozenset(map(fold, words_of(post.text)))) for post in posts]
    lists = list[TrendList]()
    judged: list[tuple[int, dict[str, bool]]] = []

    def look_at(of: ScopeList, living: Sequence[Standing], now: int) -> None:
        really(of, living, now)
        if any(one.suspect for one in living):
            judged.append((now, {of.key(one.slot): one.suspect for one in living}))

    really = ScopeList._look_at
    monkeypatch.setattr(ScopeList, "_look_at", look_at)
    local = Local(
        Options(words="all"), on_list=lists.append, keeps=lambda scope, window: (scope, window) == ("all", "1h")
    )
    local.feed(posts)
    local.finish()
    for one in [one for one in lists if one.at > begins + FIRST_MS + MINUTE_MS][:20]:
        assert not any(row.trending for row in one.trends if "harbour" in row.topic)
        assert any("suspect" in row.flags for row in one.trends if row.topic == "harbour")
    together = 0
    for at, found in judged[:8:2]:
        alone = {topic: one for topic in found if (one := signs(voices, topic, at)) is not None}
        suspects = {topic: one for topic, one in alone.items() if one.suspect}
        for topic, one in alone.items():
            beside = any(one.goes_with(other, f" {ring} " in f" {topic} ") for ring, other in suspects.items())
            assert found[topic] == (one.suspect or beside), topic
            together += beside and not one.suspect
    assert together


def test_who_took_part_before_is_known_again_and_state_is_restored_whole() -> None:
    names = Names()
    one = Suspicion(Timeline(names))
    topics = names.topics_of(names.spelling_numbers(["#first", "#second"])).tolist()
    one._found = {topics[0]: frozenset(range(1, 40))}
    one.end_step(5 * HOUR_MS)
    one.heard.people = np.arange(1, 40, dtype=np.uint64)
    one.heard.first, one.heard._last = np.full(39, 2, np.int32), np.full(39, 5, np.int32)
    one.heard._began = 1
    other = Suspicion(Timeline(names))
    other.restore(one.state())
    assert other.state() == one.state()
    voices = Spoken(np.arange(1, 30, dtype=np.uint64), EVERYBODY, np.zeros(0, np.uint64))
    LastSpoken().take([(6 * HOUR_MS, voices)])
    for topic, suspect in zip(topics, (False, True), strict=True):
        found = other._judge(topic, {6 * HOUR_MS: voices}, MINUTE_MS, 6 * HOUR_MS + MINUTE_MS)
        assert found is not None
        assert (found.signs.suspect, found.signs.newcomers) == (suspect, 0.0)


def test_people_are_remembered_below_a_limit_and_for_a_week(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.trends.heard.MOST", 10)
    heard = Heard()

    def speak(hour: int, *people: int) -> None:
        names = Dictionary(cells=[Cell("x", "", ())])
        authors = np.array(sorted(people), np.uint64)
        heard.take(hour * HOUR_MS, [Counts(
            start=hour * HOUR_MS, end=hour * HOUR_MS + 10_000, names=names, cell_number=np.zeros(1, np.int32),
            cell_posts=np.ones(1, np.int32), cell_person_ptr=np.array([0, len(authors)]), cell_author=authors,
        )], ())  # fmt: skip

    speak(0, *range(1, 16))
    assert (heard.people.tolist(), heard.limit) == (list(range(1, 11)), 11)
    some = np.array([1, 2, 12], np.uint64)
    assert heard.newcomers(some, 0) == (0, 0)  # nobody was heard before the stream's first hour
    assert heard.newcomers(some, 1) == (0, 2)
    speak(1, 3)
    speak(167, 4)
    speak(169, 5)
    assert heard.people.tolist() == [3, 4, 5]
    assert heard.limit == EVERYBODY


@pytest.mark.long
def test_of_a_year_of_real_posts_only_the_ring_of_may_is_suspect(data_dir: Path, tmp_path: Path) -> None:
    """Three in four people of an hour are new there, and some news brings 60 of them in ten minutes."""
    lists = tmp_path / "lists.ndjson"
    command = (sys.executable, "-m", "pipeline.cli", "replay", data_dir / "tweets-v1", "--out", lists)
    subprocess.run(command, check=True, capture_output=True)
    suspect: set[tuple[str, str]] = set()
    with lists.open("rb") as file:
        for line in file:
            one = msgspec.json.decode(line, type=TrendList)
            month = f"{dt.datetime.fromtimestamp(one.at / 1_000, dt.UTC):%Y-%m}"
            suspect |= {(month, row.topic) for row in one.trends if "suspect" in row.flags}
    assert suspect == {("2014-05", "$amzn"), ("2014-05", "$fb"), ("2014-05", "$goog"), ("2014-05", "$grpn")}
