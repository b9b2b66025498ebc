"""The labels say exactly what a reader of the bytes finds, whatever the number of partitions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest

from pipeline.sources.simulator.corrupt import CORRUPT, OVERSIZED
from pipeline.sources.simulator.demo import demo_events, demo_scenario
from pipeline.sources.simulator.scenario import Faults, Scenario
from pipeline.sources.simulator.scenes import hostile_scenario, mixed_scenario
from pipeline.sources.simulator.simulation import Simulation
from schemas import PostError, decode_post

from .recount import Recount, key_of, recount

MINUTE_MS, HOUR_MS = 60_000, 3_600_000

SCENARIOS: dict[str, Callable[[], Scenario]] = {
    "mixed": lambda: mixed_scenario(duration_ms=40 * MINUTE_MS, rate=3, people=6_000, seed=3),
    "hostile": lambda: hostile_scenario(duration_ms=12 * MINUTE_MS, rate=8, people=6_000, seed=4),
    "short": lambda: mixed_scenario(duration_ms=MINUTE_MS, rate=80, seed=5),
    "evening": lambda: demo_scenario(6)[1],
}


@pytest.fixture(scope="module", params=SCENARIOS)
def simulated(request: pytest.FixtureRequest) -> tuple[Simulation, list[bytes]]:
    simulation = Simulation(SCENARIOS[request.param](), seed=7)
    return simulation, list(simulation.lines())


@pytest.fixture(scope="module")
def found(simulated: tuple[Simulation, list[bytes]]) -> Recount:
    return recount(simulated[1], 1)


@pytest.mark.parametrize("partitions", [1, 3, 12])
def test_the_totals_are_what_a_reader_counts(simulated: tuple[Simulation, list[bytes]], partitions: int) -> None:
    simulation, lines = simulated
    found, totals = recount(lines, partitions), simulation.totals
    assert totals.lines == found.lines
    assert totals.posts == len(found.counted)
    assert totals.late == sum(found.late.values())
    assert totals.late_by_source == dict(found.late)
    assert totals.duplicates == found.duplicates
    assert totals.displaced == found.displaced
    assert totals.future == found.future
    assert totals.corrupt == dict(found.corrupt)
    assert totals.reposts == sum("repost_of" in post for post in found.counted)
    assert totals.people == len({post["author"] for post in found.counted})
    assert totals.topics == len(set().union(*found.keys))
    assert totals.langs == Counter(post["lang"] for post in found.counted)
    assert totals.sources == Counter(post["source"] for post in found.counted)
    assert totals.first == min(post["time"] for post in found.counted)
    assert totals.last == max(post["time"] for post in found.counted)


def test_every_fault_asked_for_is_placed(simulated: tuple[Simulation, list[bytes]]) -> None:
    simulation, _ = simulated
    asked, totals = simulation.scenario.faults, simulation.totals
    placed = Faults(
        duplicates=totals.duplicates,
        late=totals.late,
        displaced=totals.displaced,
        corrupt=sum(totals.corrupt.values()) - totals.corrupt.get("too-large", 0),
        oversized=totals.corrupt.get("too-large", 0),
        future=totals.future,
    )
    assert placed == asked
    assert asked.late > 0


def test_each_label_has_its_posts_people_and_time(simulated: tuple[Simulation, list[bytes]], found: Recount) -> None:
    simulation, _ = simulated
    everyday = Simulation(
        msgspec.structs.replace(simulation.scenario, bursts=(), happenings=(), floods=(), rings=(), faults=Faults()),
        simulation.seed,
    )
    known = set().union(*recount(list(everyday.lines()), 1).keys)
    checked = Counter[str]()
    for label in simulation.labels:
        if known & set(label.topics):  # planted on an everyday topic: its posts are not the only ones
            continue
        posts = [post for post, keys in zip(found.counted, found.keys, strict=True) if keys & set(label.topics)]
        assert label.posts == len(posts), label
        assert label.people == len({post["author"] for post in posts}), label
        assert label.reposts == sum("repost_of" in post for post in posts), label
        assert (label.start, label.end) == (posts[0]["time"], posts[-1]["time"] + 1), label
        for phase in label.phases or ():
            assert phase.posts == sum(phase.start <= post["time"] < phase.end for post in posts), label
        checked[label.kind] += 1
    assert {"burst", "event", "ring", "flood"} <= set(checked)


def test_a_burst_has_exactly_the_people_asked_for(simulated: tuple[Simulation, list[bytes]]) -> None:
    simulation, _ = simulated
    labels = {label.name: label for label in simulation.labels}
    for burst in simulation.scenario.bursts:
        assert labels[burst.name].people == burst.people
    for ring in simulation.scenario.rings:
        assert labels[ring.name].people == ring.accounts == labels[ring.name].posts


def test_a_ring_says_one_thing_unless_it_is_told_otherwise_and_a_burst_many(
    simulated: tuple[Simulation, list[bytes]], found: Recount
) -> None:
    simulation, _ = simulated
    assert {label.kind for label in simulation.labels} >= {"ring", "burst"}
    for label in simulation.labels:
        texts = {post["text"] for post, keys in zip(found.counted, found.keys, strict=True) if keys & set(label.topics)}
        if label.kind == "ring":
            texts_of = {ring.name: ring.texts for ring in simulation.scenario.rings}
            assert (len(texts) == 1) == (texts_of[label.name] == "one")
        elif label.kind in ("burst", "story"):
            assert len(texts) > 0.8 * (label.posts - label.reposts)


def test_reposts_carry_the_text_of_a_post_that_came_before(found: Recount) -> None:
    texts: dict[str, str] = {}
    reposts = 0
    for post in found.counted:
        texts[post["id"]] = post["text"]
        if "repost_of" in post:
            reposts += 1
            assert texts[post["repost_of"]] == post["text"]
    assert reposts > 100


def test_no_two_posts_share_an_id_but_duplicates(found: Recount) -> None:
    ids = [(post["source"], post["id"]) for post in found.counted]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("kind", [*CORRUPT, OVERSIZED], ids=lambda kind: kind.name)
def test_a_corrupt_line_is_refused_for_the_reason_stated(kind: object) -> None:
    assert isinstance(kind, type(OVERSIZED))
    good = next(Simulation(Scenario(), seed=1).lines()).rstrip(b"\n")
    decode_post(good)
    spoilt = kind.make(good)
    assert b"\n" not in spoilt
    with pytest.raises(PostError) as error:
        decode_post(spoilt)
    assert error.value.reason == kind.reason


def test_the_truth_is_known_only_at_the_end() -> None:
    simulation = Simulation(Scenario(duration_ms=MINUTE_MS), seed=1)
    next(simulation.lines())
    with pytest.raises(RuntimeError, match="all lines"):
        _ = simulation.totals


def test_the_demo_s_events_are_those_of_its_evening() -> None:
    _, evening = demo_scenario(1)
    labels = {label.name: label.topics for label in Simulation(evening, seed=1).labels if label.kind == "event"}
    assert {event.name: [key_of(tag[1:]) for tag in event.hashtags] for event in demo_events()} == labels


def test_the_last_hours_of_the_demo_s_day_hold_what_still_happens_then() -> None:
    whole, evening = demo_scenario(1)
    rest, same = demo_scenario(1, past_ms=3 * HOUR_MS)
    assert same == evening
    assert (rest.start_ms, rest.duration_ms) == (evening.start_ms - 3 * HOUR_MS, 3 * HOUR_MS)
    began_ms = rest.start_ms - whole.start_ms
    ends = {burst.name: burst.after_ms + burst.duration_ms for burst in whole.bursts}
    assert {burst.name: burst.after_ms + burst.duration_ms + began_ms for burst in rest.bursts} == {
        name: end_ms for name, end_ms in ends.items() if end_ms > began_ms
    }
    assert [burst.people for burst in rest.bursts] == [21, 17]  # of 70 in 9.9 h, of 50 in 8.9 h


@pytest.mark.parametrize("seed", range(6))
def test_the_demo_s_first_half_hour_has_conferences_a_story_and_a_ring(seed: int) -> None:
    history, evening = demo_scenario(seed)
    assert history.start_ms + history.duration_ms == evening.start_ms
    begins = {label.kind: label.start - evening.start_ms for label in reversed(Simulation(evening, seed).labels)}
    assert begins["event"] < MINUTE_MS
    assert 20 * MINUTE_MS <= begins["story"] < begins["ring"] < 30 * MINUTE_MS
