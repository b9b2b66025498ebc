"""What a moderator has blocked does not go out any more, also when it waited for its receiver already."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from pipeline.alerts import delivery
from pipeline.alerts.blocking import Blocking
from pipeline.alerts.outbox import Outbox
from pipeline.moderation.log import MemoryLog
from pipeline.text import topic_key
from schemas import TrendList
from schemas.alerts import About, Alert, AlertWhy, Fault, Receiver
from schemas.moderation import Decision, Kind
from tests.alerts.outgoing import deliver_all, raised_by, undelivered
from tests.alerts.receiving import Hook
from tests.alerts.test_alerting import at, row, rule
from tests.facts import OF_TOPIC

NOW = int(time.time()) // 60


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(delivery, "LAST_PAUSE_S", 0.05)


class Desk:
    """A moderator with a log of decisions."""

    def __init__(self) -> None:
        self.log = MemoryLog()
        self.blocking = Blocking(self.log)
        self._made = 0

    def blocks(self, target: str, kind: Kind = "topic", event: str = "", verdict: str = "blocked") -> None:
        self._made += 1
        self.log.append(Decision(f"d{self._made}", event, kind, target, verdict, "ann", self._made))


def run(desk: Desk, hook: Hook, state: Path, lists: list[TrendList], said: list[str]) -> CollectorRegistry:
    receivers = [Receiver("ops", "webhook", hook.url)]
    return deliver_all(raised_by([rule()], lists), receivers, state, said, desk.blocking.redact)


def test_an_alert_that_waits_when_its_topic_is_blocked_is_suppressed_and_counted(tmp_path: Path) -> None:
    desk, said = Desk(), list[str]()

    def answer(number: int) -> int:
        if number == 3:
            desk.blocks("#a")
        return 503 if number <= 3 else 200

    with Hook(answer) as hook:
        registry = run(desk, hook, tmp_path / "alerts.db", [at(NOW, row("#a"), row("#b", 2))], said)
    assert hook.told() == [("firing", "#b")]
    assert len(hook.requests) == 4
    told = {"receiver": "ops"}
    assert registry.get_sample_value("upswell_alerts_suppressed_total", told) == 1
    assert registry.get_sample_value("upswell_alerts_delivered_total", told) == 1
    assert registry.get_sample_value("upswell_alerts_waiting", told) == 0
    assert "receiver ops: an alert of rule r is not sent: a moderator has blocked what it is about" in said
    assert undelivered(tmp_path / "alerts.db") == [("ops", "#a", Fault("blocked"))]


def test_the_end_of_a_blocked_alert_is_told_to_those_who_had_its_beginning_and_to_nobody_else(tmp_path: Path) -> None:
    desk, file = Desk(), tmp_path / "alerts.db"
    receivers = [Receiver(name, "webhook", "http://127.0.0.1:9/") for name in ("had", "waits")]
    fires, ends = raised_by([rule()], [at(NOW, row("#a")), at(NOW + 1)])
    outbox = Outbox(file, receivers, allowed=desk.blocking.redact)
    outbox.take(fires)
    first = outbox.next("had")
    assert first is not None
    outbox.delivered(first.id)
    desk.blocks("#a")
    outbox.take(ends)
    told = outbox.next("had")
    assert told is not None
    assert told.told is not None
    assert told.told.status == "resolved"
    for status in ("firing", "resolved"):
        waiting = outbox.next("waits")
        assert waiting is not None
        assert (waiting.alert.status, waiting.told) == (status, None)
        outbox.suppressed(waiting.id)
        desk.blocks("#a", verdict="")  # nor is the end of what was suppressed, unblocked or not
    assert outbox.next("waits") is None
    outbox.close()


def about(*topics: str) -> AlertWhy:
    return AlertWhy(counted="posts", about=[About(topic_key(topic), topic) for topic in topics])


def alert(**fields: object) -> Alert:
    told = {
        "key": "r//1",
        "status": "firing",
        "rule": "r",
        "kind": "volume",
        "severity": "info",
        "scope": "event:fete",
        "window": "1h",
        "topic": "",
        "display": "event:fete",
        "since": 1,
        "fired": 1,
        "at": 1,
        "value": 1.0,
        "threshold": 1.0,
        "flags": [],
        "examples": ["p1", "p2"],
        "why": about("#Feu", "#b", "#c"),
    } | fields
    return Alert(**told)  # type: ignore[arg-type]


def test_an_alert_about_a_whole_event_goes_out_without_what_is_blocked() -> None:
    desk = Desk()
    assert desk.blocking.redact(alert()) == alert()
    desk.blocks("#feu", event="fete")
    desk.blocks("m/p1", "post", event="fete")
    assert desk.blocking.redact(alert()) == alert(why=about("#b", "#c"), examples=["p2"])
    assert desk.blocking.redact(alert(scope="all")) == alert(scope="all")  # blocked for the event alone
    desk.blocks("b", "word")
    desk.blocks("#c")
    left = desk.blocking.redact(alert())
    assert left is not None
    assert left.why == about()


def test_a_blocked_word_in_the_spelling_and_a_blocked_post_among_the_examples_do_not_go_out() -> None:
    desk = Desk()
    one = alert(scope="all", topic="#motlaid", display="#MotLaid", kind="trending", why=OF_TOPIC)
    desk.blocks("m/p2", "post")
    shown = desk.blocking.redact(one)
    assert shown is not None
    assert (shown.examples, shown.why) == (["p1"], one.why)
    desk.blocks("laid", "word")
    assert desk.blocking.redact(one) is None


def test_what_leaves_is_what_may_be_told_and_not_what_was_kept(tmp_path: Path) -> None:
    desk = Desk()
    with Hook() as hook:
        desk.blocks("m/p1", "post")
        outbox = Outbox(tmp_path / "alerts.db", [Receiver("ops", "webhook", hook.url)])
        (alert,) = raised_by([rule()], [at(NOW, row("#a", examples=["p1", "p2"]))])
        outbox.take(alert)
        outbox.close()
        run(desk, hook, tmp_path / "alerts.db", [], [])
    assert json.loads(hook.requests[0][2])["alerts"][0]["annotations"]["examples"] == "p2"
