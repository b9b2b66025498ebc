"""What Prometheus reads: bounded, clean, and gone when the trend is gone."""

from __future__ import annotations

import subprocess
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from pipeline.health import ExposeError, Health, expose
from pipeline.sinks.metrics import TrendsCollector
from tests.kafka.apache import free_port
from tests.sinks.lists import trend, trend_list
from tests.sinks.servers import program


def samples(registry: CollectorRegistry, name: str) -> dict[tuple[str, ...], float]:
    """Label values in the order of label names -> value."""
    return {
        tuple(value for _, value in sorted(one.labels.items())): one.value
        for family in text_string_to_metric_families(generate_latest(registry).decode())
        for one in family.samples
        if one.name == name
    }


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_a_listed_topic_has_one_series_a_metric_and_none_once_it_has_left(registry: CollectorRegistry) -> None:
    collector = TrendsCollector(registry)
    collector.take(trend_list("#a", "#b"))
    assert samples(registry, "upswell_trend_rank") == {("all", "#a", "1h"): 1, ("all", "#b", "1h"): 2}
    assert samples(registry, "upswell_trend_score") == {("all", "#a", "1h"): 9.5, ("all", "#b", "1h"): 9.5}
    collector.take(trend_list("#b"))
    assert samples(registry, "upswell_trend_rank") == {("all", "#b", "1h"): 1}
    collector.take(trend_list())
    assert "#b" not in generate_latest(registry).decode()
    assert samples(registry, "upswell_list_trending_topics") == {("all", "1h"): 0}


def test_a_row_that_fills_the_list_up_has_no_score(registry: CollectorRegistry) -> None:
    trends = trend_list("#a")
    trends.trends.append(trend(2, "#filler", trending=False))
    TrendsCollector(registry).take(trends)
    assert samples(registry, "upswell_trend_people").keys() == {("all", "#a", "1h"), ("all", "#filler", "1h")}
    assert samples(registry, "upswell_trend_score").keys() == {("all", "#a", "1h")}


def test_there_are_never_more_than_twenty_series_a_list_and_a_bounded_number_of_scopes(
    registry: CollectorRegistry,
) -> None:
    collector = TrendsCollector(registry, max_scopes=3)
    collector.take(trend_list(*(f"#t{n}" for n in range(50)), scope="lang:fr"))
    assert len(samples(registry, "upswell_trend_rank")) == 20
    for scope in ("source:x", "lang:de", "lang:en", "event:a", "all"):
        collector.take(trend_list("#a", scope=scope))
    listed = samples(registry, "upswell_list_end_timestamp_seconds")
    assert {scope for scope, _ in listed} == {"all", "event:a", "source:x"}
    assert samples(registry, "upswell_scopes_left_out") == {(): 3}


def test_a_scope_where_nobody_talks_makes_room(registry: CollectorRegistry) -> None:
    collector = TrendsCollector(registry, max_scopes=1)
    collector.take(trend_list("#a", scope="event:a"))
    collector.take(trend_list(scope="event:a"))
    collector.take(trend_list("#b", scope="event:b"))
    assert samples(registry, "upswell_trend_rank") == {("event:b", "#b", "1h"): 1}


def test_what_may_not_be_shown_has_no_series(registry: CollectorRegistry) -> None:
    blocked: set[str] = set()
    collector = TrendsCollector(
        registry, visible=lambda one: trend_list(*(row.topic for row in one.trends if row.topic not in blocked))
    )
    collector.take(trend_list("#a", "#b"))
    blocked.add("#a")
    assert samples(registry, "upswell_trend_rank").keys() == {("all", "#b", "1h")}


HOSTILE = [
    '#a"} 1\nupswell_fake 2',
    "#<script>alert(1)</script>",
    "#\u202ertl\u2066x",
    "#a\u200bb",
    "#ab",
    "#a\\n\\",
    "#",
    "#" + "x" * 5_000,
    "#" + "x" * 4_999,
    "#" + "👩‍👩‍👧‍👦" * 300,
    "#e" + "\u0301" * 500,
    "#\x1b[31mred",
    "#\ud800",
    "",
]


def test_hostile_topics_become_clean_bounded_labels_and_stay_apart(registry: CollectorRegistry) -> None:
    TrendsCollector(registry).take(trend_list(*HOSTILE, scope="source:\x1b[31m\n"))
    exposed = generate_latest(registry).decode()
    assert "\x1b" not in exposed
    assert "\u202e" not in exposed
    labels = [labels[1] for labels in samples(registry, "upswell_trend_rank")]
    assert len(set(labels)) == len(HOSTILE)
    assert all("\n" not in label and len(label.encode()) < 1_500 for label in labels)
    assert not samples(registry, "upswell_fake")


def told(registry: CollectorRegistry) -> Health:
    health = Health(registry, now_ms=lambda: 100_000.0)
    health.counted(0, read=10, duplicates=1, late={"sms": 2}, frontier_ms=70_000, panes_open=2, rewind_records=5)
    health.counted(0, read=20, duplicates=1, late={"sms": 3, "rss": 1}, frontier_ms=90_000)
    health.dead("utf-8")
    health.rebalanced()
    health.issued(3)
    with health.flushing(), health.ranking():
        pass
    return health


def test_read_is_counted_late_and_duplicate_posts_together(registry: CollectorRegistry) -> None:
    told(registry)
    assert samples(registry, "upswell_posts_read_total") == {(): 20}
    assert samples(registry, "upswell_posts_duplicate_total") == {(): 1}
    assert samples(registry, "upswell_posts_late_total") == {("sms",): 3, ("rss",): 1}
    assert samples(registry, "upswell_posts_counted_total") == {(): 15}
    assert samples(registry, "upswell_watermark_lag_seconds") == {("0",): 10.0}


def test_a_partition_taken_over_anew_begins_at_nought_and_a_lost_one_is_not_told(registry: CollectorRegistry) -> None:
    health = told(registry)
    health.counted(0, read=4, duplicates=0, late={}, frontier_ms=90_000)
    assert samples(registry, "upswell_posts_read_total") == {(): 24}
    health.lost(0)
    health.lost(7)
    for name in ("watermark_lag_seconds", "panes_open", "rewind_distance_records"):
        assert not samples(registry, f"upswell_{name}")


def test_sources_beyond_the_bound_are_counted_as_other(registry: CollectorRegistry) -> None:
    health = Health(registry)
    health.counted(0, read=99, duplicates=0, late={f"s{n}": 1 for n in range(50)}, frontier_ms=1)
    late = samples(registry, "upswell_posts_late_total")
    assert len(late) == 33
    assert late["other",] == 18


def test_promtool_has_nothing_to_say_about_names_and_units(registry: CollectorRegistry) -> None:
    told(registry)
    TrendsCollector(registry).take(trend_list("#a"))
    done = subprocess.run(
        [program("promtool"), "check", "metrics"], input=generate_latest(registry), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_nothing_is_exposed_unless_asked_and_then_on_loopback_only(registry: CollectorRegistry) -> None:
    told(registry)
    assert expose(registry, 0) is None
    port = free_port()
    served = expose(registry, port)
    assert served is not None
    server, thread = served
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            assert b"upswell_posts_read_total 20.0" in answer.read()
        assert server.server_address == ("127.0.0.1", port)
        with pytest.raises(ExposeError, match=f"at 127.0.0.1:{port} .*UPSWELL_METRICS_PORT"):
            expose(registry, port)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
