"""Definitions written as upswell.toml are read from it as they were, whatever they say."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.kafka.definitions import defined_by
from pipeline.settings import SettingsError, TableError, defined_in
from pipeline.settings.writing import toml_of
from pipeline.sources.simulator.demo import demo_events, demo_rules
from schemas.alerts import Rule
from schemas.definitions import Definitions
from schemas.events import Event, Stage
from schemas.posts import MAX_TIME_MS
from schemas.watchlists import Watchlist

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
terms = st.lists(text.map(lambda one: f"a{one}"), max_size=3).map(tuple)
names = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)
times = st.integers(0, MAX_TIME_MS - 1)
zones = st.sampled_from(["UTC", "Europe/Paris", "Africa/Monrovia", "Asia/Kathmandu", "America/St_Johns"])
spans = st.tuples(times, times).filter(lambda both: both[0] < both[1]) | st.just((None, None))


def unique(some: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(some, max_size=3, unique_by=lambda one: one.name).map(tuple)


stages = st.builds(Stage, layout=st.sampled_from(["grid", "masonry"]), accent=st.just("#0b5cad"), sponsor=text)
events = spans.flatmap(
    lambda span: st.builds(
        Event,
        names,
        title=text,
        hashtags=terms,
        words=terms,
        accounts=terms,
        start=st.just(span[0]),
        end=st.just(span[1]),
        channels=terms,
        time_zone=zones,
        stage=stages,
        posting=st.booleans(),
        posting_pictures=st.booleans(),
    )
)
watchlists = st.builds(Watchlist, names, title=text, hashtags=terms, exclude=terms, langs=st.just(("fr",)))
rules = st.builds(
    Rule, names, kind=st.just("surge"), topics=terms, score=st.floats(0.5, 9_999), posts=st.none() | st.just(7),
    quiet=st.just("22:00-07:00"), time_zone=zones, severity=st.just("critical"),
)  # fmt: skip
networks = st.lists(names, max_size=2).map(tuple)


@settings(max_examples=25, deadline=None)
@given(
    st.builds(Definitions, events=unique(events), watchlists=unique(watchlists), rules=unique(rules), networks=networks)
)
def test_what_is_written_is_read_as_it_was(definitions: Definitions) -> None:
    written = toml_of(definitions)
    assert defined_by(defined_in(written)).content == definitions.content
    assert toml_of(defined_by(defined_in(written))) == written


def test_a_table_tells_what_is_not_its_default_and_times_by_the_clock_of_its_place() -> None:
    event = Event("fete", title='La "fête"', start=1_795_000_000_500, time_zone="Europe/Paris", stage=Stage("single"))
    assert toml_of(Definitions(events=(event,), networks=("bluesky",))) == (
        'networks = ["bluesky"]\n\n[[event]]\nname = "fete"\ntitle = "La \\"fête\\""\n'
        'start = 2026-11-18T12:06:40.500+01:00\ntime_zone = "Europe/Paris"\n[event.stage]\nlayout = "single"\n'
    )


def test_the_demo_is_written_as_it_is() -> None:
    demo = Definitions(events=demo_events(), rules=demo_rules())
    assert defined_by(defined_in(toml_of(demo))).content == demo.content


def test_of_a_whole_file_what_is_defined_is_taken_and_the_environment_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UPSWELL_NETWORKS", '["sms"]')
    monkeypatch.setenv("UPSWELL_PANE_MS", "7")
    told = 'kafka_brokers = "elsewhere:1"\n[[token]]\nname = "a"\nsecret = "0123456789abcdef"\n[[event]]\nname = "a"\n'
    read = defined_in(told)
    assert (read.events, read.networks, read.tokens, read.kafka_brokers) == ((Event("a"),), (), (), "127.0.0.1:9092")


@pytest.mark.parametrize(
    ("told", "kind", "key", "part"),
    [
        ("[[event]]\nname = 'A b'\n", "event", "name", "lower-case"),
        ("[[event]]\nname = 'a'\nstage = {accent = 'red'}\n", "event", "stage.accent", "must be"),
        ("[[rule]]\nname = 'a'\non = 'event:b'\n", "rule", "on", "no such event"),
        ("[[watchlist]]\nname = 'a'\nwords = [' ']\n", "watchlist", "words", "no letters"),
        ("[[rule]]\nname = 'a'\ntop = 0\n", "rule", "top", ">= 1"),
    ],
)
def test_a_fault_names_its_table_and_key_apart(told: str, kind: str, key: str, part: str) -> None:
    with pytest.raises(TableError) as raised:
        defined_in(told)
    assert (raised.value.kind, raised.value.name, raised.value.key) == (kind, tomllib.loads(told)[kind][0]["name"], key)
    assert part in str(raised.value)
    assert str(raised.value).startswith("upswell.toml")


def test_what_is_no_settings_file_is_refused() -> None:
    for told in ("x", "events = []", "[[event]]\nname = 1\n", "networks = ['Ä']"):
        with pytest.raises(SettingsError):
            defined_in(told)


def test_the_example_is_read() -> None:
    example = (Path(__file__).parents[1] / "docs" / "upswell.example.toml").read_text()
    uncommented = "\n".join(line.removeprefix("# ") for line in example.partition("your event:\n#\n")[2].splitlines())
    (event,) = defined_in(uncommented.partition("Posts come in")[0]).events
    assert msgspec.structs.replace(event, start=None, end=None) == Event(
        "capcomnet", title="Cap'Com Net", hashtags=("#capcomnet",), words=("communication publique",)
    )
