"""The stream looks like people: their hours, their favourite topics, their habits; and it is the same every time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections import Counter
from typing import Any

import numpy as np
import pytest

from pipeline.sources.simulator.background import season
from pipeline.sources.simulator.keys import topic_key
from pipeline.sources.simulator.scenario import (
    DAY_MS,
    DEFAULT_LANGUAGES,
    HOUR_MS,
    MINUTE_MS,
    Burst,
    Flood,
    Scenario,
    Voice,
)
from pipeline.sources.simulator.scenes import mixed_scenario, quiet_scenario
from pipeline.sources.simulator.simulation import Simulation, simulate
from pipeline.sources.simulator.topics import SPELLINGS, Topics
from pipeline.sources.simulator.words import LANGUAGES

MIXED = {"duration_ms": 5 * MINUTE_MS, "rate": 20.0, "people": 6_000, "seed": 3}
IN_ANOTHER_PROCESS = """
import hashlib
from pipeline.sources.simulator.scenes import mixed_scenario
from pipeline.sources.simulator.simulation import Simulation
simulation = Simulation(mixed_scenario(duration_ms=300_000, rate=20.0, people=6_000, seed=3), seed=11)
digest = hashlib.sha256(b"".join(simulation.lines()))
digest.update(b"".join(simulation.truth()))
print(digest.hexdigest())
"""


def posts_of(scenario: Scenario, seed: int = 1) -> list[dict[str, Any]]:
    return [json.loads(line) for line in simulate(scenario, seed)]


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_same_seed_gives_the_same_bytes_in_another_process(hash_seed: str) -> None:
    simulation = Simulation(mixed_scenario(**MIXED), seed=11)
    digest = hashlib.sha256(b"".join(simulation.lines()))
    digest.update(b"".join(simulation.truth()))
    other = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        env={**os.environ, "PYTHONHASHSEED": hash_seed, "TZ": "Asia/Tokyo"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert other.stdout.strip() == digest.hexdigest()


def test_lines_can_be_taken_twice() -> None:
    simulation = Simulation(mixed_scenario(**MIXED), seed=11)
    assert list(simulation.lines()) == list(simulation.lines())


def test_another_seed_gives_another_stream() -> None:
    scenario = quiet_scenario(duration_ms=MINUTE_MS)
    assert list(simulate(scenario, 1)) != list(simulate(scenario, 2))


def test_what_is_planted_changes_nothing_in_the_background() -> None:
    mixed = Simulation(mixed_scenario(**MIXED), seed=11)
    quiet = Simulation(quiet_scenario(duration_ms=5 * MINUTE_MS, rate=20.0, people=6_000), seed=11)
    everyday = set(quiet.lines())
    # but the posts whose time was displaced
    assert len(everyday - set(mixed.lines())) == mixed.scenario.faults.displaced


def test_days_have_a_quiet_night_and_a_lively_evening() -> None:
    posts = posts_of(quiet_scenario(start_ms=1_650_153_600_000, duration_ms=2 * DAY_MS, rate=0.5))
    hours = Counter(post["time"] % DAY_MS // HOUR_MS for post in posts)
    assert len(posts) == pytest.approx(86_400, rel=0.015)
    for hour in range(24):
        expected = 3_600 * season((hour + 0.5) * HOUR_MS)
        assert hours[hour] == pytest.approx(expected, abs=5 * expected**0.5 + 0.02 * expected)
    assert hours[20] > 4 * hours[4]


def test_topics_follow_zipf_within_a_language() -> None:
    french = (("fr", 1.0),)
    posts = posts_of(Scenario(duration_ms=20 * MINUTE_MS, rate=100, seasonal=False, languages=french, topics=2_000))
    keys = Counter(
        topic_key(word)
        for post in posts
        if "repost_of" not in post and post["source"] != "rss"
        for word in post["text"].split()
        if word.startswith("#")
    )
    counts = np.array(sorted(keys.values(), reverse=True)[:300], dtype=float)
    slope = np.polyfit(np.log(np.arange(10, 300) + 3.0), np.log(counts[10:]), 1)[0]
    assert slope == pytest.approx(-1.0, abs=0.08)
    assert counts[0] < 0.06 * sum(keys.values())


def test_few_people_write_much_and_many_seldom() -> None:
    posts = posts_of(Scenario(duration_ms=20 * MINUTE_MS, rate=50, seasonal=False, people=20_000))
    people = sorted(Counter(post["author"] for post in posts).values(), reverse=True)
    assert sum(people[: len(people) // 10]) > 0.3 * len(posts)
    assert people[0] < 0.01 * len(posts)
    assert sum(count <= 5 for count in people) > 0.3 * len(people)


def test_an_account_keeps_its_source_and_language() -> None:
    seen: dict[str, tuple[str, str]] = {}
    for post in posts_of(Scenario(duration_ms=10 * MINUTE_MS)):
        assert seen.setdefault(post["author"], (post["source"], post["lang"])) == (post["source"], post["lang"])
    assert {source for source, _ in seen.values()} == {"twitter", "mastodon", "bluesky", "rss", "sms", "mail"}
    assert {lang for _, lang in seen.values()} == set(LANGUAGES)


def test_one_topic_is_spelt_in_several_ways() -> None:
    spellings: dict[str, set[str]] = {}
    for post in posts_of(Scenario(duration_ms=10 * MINUTE_MS, topics=200)):
        for word in post["text"].split():
            if word.startswith("#"):
                spellings.setdefault(topic_key(word), set()).add(word)
    assert any(len(ways) == 3 and any(not way.isascii() for way in ways) for ways in spellings.values())


def test_every_topic_has_a_key_of_its_own_and_is_found_by_it() -> None:
    topics = Topics(9_000, DEFAULT_LANGUAGES, 1.0)
    seen = set()
    for lang, size in enumerate(topics.sizes.tolist()):
        for rank in range(size):
            keys = {topic_key(topics.tag(lang, rank, variant)) for variant in range(SPELLINGS)}
            assert len(keys) == 1
            assert topics.number(keys.pop()) == topics.offsets[lang] + rank
            seen.add(topics.tag(lang, rank, 2))
    assert len(seen) == topics.size == 9_000


@pytest.mark.parametrize("key", ["#capcomnet", "#concertlyon01", "#concertlyon1", "#", "#2022"])
def test_other_keys_are_no_everyday_topics(key: str) -> None:
    assert Topics(9_000, DEFAULT_LANGUAGES, 1.0).number(key) is None


def test_words_need_no_escaping() -> None:
    for language in LANGUAGES.values():
        for pieces in language:
            assert len(set(pieces)) == len(pieces)
            for piece in pieces:
                assert piece.isprintable()
                assert not set(piece) & set('"\\#@$')


@pytest.mark.parametrize(
    ("shape", "first_half"), [("step", (0.4, 0.6)), ("ramp", (0.15, 0.35)), ("spike", (0.85, 0.98))]
)
def test_bursts_have_their_shape(shape: Any, first_half: tuple[float, float]) -> None:
    voice = Voice("fr", ("PontSuspendu",), ("le pont",))
    burst = Burst("bridge", (voice,), after_ms=MINUTE_MS, duration_ms=30 * MINUTE_MS, people=400, shape=shape)
    posts = [post for post in posts_of(Scenario(rate=5, bursts=(burst,))) if "PontSuspendu" in str(post)]
    begin = posts[0]["time"] if shape != "ramp" else Scenario().start_ms + MINUTE_MS
    low, high = first_half
    assert low < sum(post["time"] < begin + 15 * MINUTE_MS for post in posts) / len(posts) < high


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rate": 0.0}, "rate"),
        ({"duration_ms": 0}, "duration"),
        ({"people": 3}, "people"),
        ({"topics": 2}, "topics"),
        ({"zipf": 0.0}, "Zipf"),
        ({"languages": (("tlh", 1.0),)}, "languages"),
        ({"start_ms": -1}, "1970"),
        ({"floods": (Flood("loud", "fr", "a", after_ms=HOUR_MS, duration_ms=1, posts=1),)}, "does not lie within"),
    ],
)
def test_a_scenario_that_does_not_fit_is_refused_in_a_sentence(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scenario(**wrong)


def test_a_burst_of_more_people_than_there_are_is_refused() -> None:
    burst = Burst("bridge", (Voice("ar", ("a",), ("b",)),), after_ms=0, duration_ms=MINUTE_MS, people=400)
    with pytest.raises(ValueError, match="400 people who speak ar"):
        Simulation(Scenario(people=500, bursts=(burst,)), seed=1)
