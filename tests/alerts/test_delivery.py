"""What was raised reaches every receiver, in order, once by key, through faults of either side."""

from __future__ import annotations

import asyncio
import hmac
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from pipeline.alerts import delivery
from pipeline.alerts import run as alerts_run
from pipeline.alerts.outbox import Outbox, OutboxError
from pipeline.alerts.recent import RecentAlerts
from pipeline.alerts.run import take_and_deliver
from pipeline.kafka.connection import KafkaUseError
from pipeline.settings import Settings, SettingsError, load_settings
from pipeline.text import printable
from pipeline.trends.alerting import Alerting
from pipeline.wording import alert_text, language
from schemas import TrendList
from schemas.alerts import Alert, Fault, GivenUp, Order, Receiver, Rule
from tests.alerts.outgoing import deliver_all, raised_by, undelivered
from tests.alerts.receiving import Hook
from tests.alerts.test_alerting import at, row, rule
from tests.facts import SAID

NOW = int(time.time()) // 60
SECRET = "a secret that signs"


def story() -> list[TrendList]:
    """Lists of the last minutes: two topics fire, one ends."""
    return [at(NOW - 5, row("#a")), at(NOW - 4, row("#a"), row("#Ü\u202e", 2)), at(NOW - 3, row("#Ü\u202e"))]


EXPECTED = [("firing", "#a"), ("firing", "#Ü"), ("resolved", "#a")]


def settings_of(*receivers: Receiver, rules: tuple[Rule, ...] = (rule(),)) -> Settings:
    return Settings(rules=rules, receivers=receivers)


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(delivery, "LAST_PAUSE_S", 0.05)


def run(settings: Settings, state: Path, lists: list[TrendList], said: list[str] | None = None) -> CollectorRegistry:
    return deliver_all(raised_by(settings.rules, lists), settings.receivers, state, said if said is not None else [])


def test_a_webhook_gets_alertmanagers_message_signed_and_with_a_key(tmp_path: Path) -> None:
    with Hook() as hook:
        ops = Receiver("ops", "webhook", hook.url, secret=SECRET, page="https://board.example")
        run(settings_of(ops), tmp_path / "alerts.db", story())
    assert hook.told() == EXPECTED
    for _, headers, body in hook.requests:
        signed = headers["X-Upswell-Timestamp"].encode() + b"." + body
        assert headers["X-Upswell-Signature"] == "sha256=" + hmac.new(SECRET.encode(), signed, "sha256").hexdigest()
        assert abs(int(headers["X-Upswell-Timestamp"]) - time.time()) < 60
        assert len(headers["Idempotency-Key"]) == 32
    first = json.loads(hook.requests[0][2])
    assert (first["version"], first["receiver"], first["status"]) == ("4", "ops", "firing")
    (one,) = first["alerts"]
    assert one["labels"] == {
        "alertname": "r",
        "severity": "warning",
        "kind": "trending",
        "scope": "all",
        "window": "1h",
        "topic": "#a",
    }
    assert one["annotations"]["link"] == "https://board.example/?scope=all&window=1h"
    assert one["endsAt"].startswith("0001-")
    assert one["annotations"]["why"] == f"#a is number 1 in all posts (1 h): {SAID}"
    over = json.loads(hook.requests[2][2])["alerts"][0]
    assert over["fingerprint"] == one["fingerprint"]
    assert over["endsAt"] > over["startsAt"]


def test_an_alertmanager_gets_alerts_as_its_api_takes_them(tmp_path: Path) -> None:
    with Hook() as hook:
        manager = Receiver("manager", "alertmanager", hook.url.removesuffix("/hook") + "/")
        run(settings_of(manager), tmp_path / "alerts.db", story())
    assert [path for path, _, _ in hook.requests] == ["/api/v2/alerts"] * 3
    alerts = [json.loads(body)[0] for _, _, body in hook.requests]
    assert alerts[0]["labels"] == alerts[2]["labels"]
    assert alerts[0]["endsAt"] > alerts[2]["endsAt"] > alerts[2]["startsAt"]


def test_what_fails_is_sent_again_in_order_and_said_once(tmp_path: Path) -> None:
    said: list[str] = []
    with Hook(lambda number: 503 if number < 5 else 200) as hook:
        registry = run(settings_of(Receiver("ops", "webhook", hook.url)), tmp_path / "alerts.db", story(), said)
    assert hook.told() == EXPECTED
    assert len(hook.requests) == 7
    assert said == [
        "receiver ops: refused with HTTP 503; alerts wait, and are sent again",
        "receiver ops: takes alerts again",
    ]
    told = {"receiver": "ops"}
    assert registry.get_sample_value("upswell_alerts_delivered_total", told) == 3
    assert registry.get_sample_value("upswell_alerts_attempts_failed_total", told) == 4
    assert registry.get_sample_value("upswell_alerts_waiting", told) == 0


def test_a_dead_receiver_delays_nobody_and_what_it_refuses_for_good_is_visible(tmp_path: Path) -> None:
    state, said = tmp_path / "alerts.db", list[str]()
    with Hook() as hook, Hook(lambda _: 400) as refusing:
        ops = Receiver("ops", "webhook", hook.url)
        dead = Receiver("dead", "webhook", "http://127.0.0.1:9/", give_up_s=1)
        closed = Receiver("closed", "webhook", refusing.url)
        registry = run(settings_of(dead, closed, ops), state, story(), said)
    assert hook.told() == EXPECTED
    assert len(refusing.requests) == 3
    faults = {(receiver, fault) for receiver, _, fault in undelivered(state)}
    outbox = Outbox(state, ())
    untold = []
    while (found := outbox.untold()) is not None:
        outbox.told(found[0])
        untold.append((found[1].receiver, found[1].status, printable(found[1].topic), found[1].why))
    outbox.close()
    assert [it for it in untold if it[0] == "closed"] == [
        ("closed", status, topic, Fault("refused", "400")) for status, topic in EXPECTED
    ]
    assert [it[1:3] for it in untold if it[0] == "dead"] == EXPECTED
    assert faults == {("dead", Fault("no_answer", "ConnectError")), ("closed", Fault("refused", "400"))}
    assert registry.get_sample_value("upswell_alerts_given_up_total", {"receiver": "closed"}) == 3
    assert "receiver closed: refused with HTTP 400; alert of rule r is given up" in said


def test_what_is_given_up_is_told_where_kafka_takes_it_and_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts_run, "REPORTS_EVERY_S", 0.01)
    monkeypatch.setattr(alerts_run, "REPORTS_AGAIN_S", 0.01)
    said, told, tried = list[str](), list[GivenUp](), list[GivenUp]()

    async def report(given_up: GivenUp) -> None:
        tried.append(given_up)
        if len(tried) < 4:
            raise KafkaUseError("no broker answers")
        told.append(given_up)

    async def whole(url: str) -> None:
        receivers = (Receiver("ops", "webhook", url),)
        outbox, whole_story = Outbox(tmp_path / "alerts.db", receivers), raised_by([rule()], story())

        async def given() -> AsyncIterator[tuple[Alert, int]]:
            for number, alert in enumerate(whole_story, 1):
                yield alert, number
            while len(told) < 3:
                await asyncio.sleep(0.01)

        registry = CollectorRegistry()
        await take_and_deliver(given(), outbox, receivers, lambda _: None, said.append, registry, report=report)

    with Hook(lambda _: 400) as refusing:
        asyncio.run(asyncio.wait_for(whole(refusing.url), 20))
    assert [(one.status, printable(one.topic)) for one in told] == EXPECTED
    assert len(tried) == 6
    assert said.count("pages do not show yet what was given up: no broker answers") == 1


def test_a_receiver_gets_what_it_is_for_and_nothing_old(tmp_path: Path) -> None:
    rules = rule(), rule(name="s", severity="critical", topics=("#a",))
    with Hook() as hook, Hook() as grave, Hook() as late:
        receivers = (
            Receiver("some", "webhook", hook.url, rules=("r",), resolved=False),
            Receiver("grave", "webhook", grave.url, at_least="critical"),
            Receiver("late", "webhook", late.url, max_age_s=60),
        )
        run(settings_of(*receivers, rules=rules), tmp_path / "alerts.db", story())
    assert hook.told() == EXPECTED[:2]
    assert grave.told() == [EXPECTED[0], EXPECTED[2]]
    assert late.requests == []


def test_alerts_said_again_after_a_restart_are_not_delivered_again(tmp_path: Path) -> None:
    with Hook() as hook:
        settings = settings_of(Receiver("ops", "webhook", hook.url))
        for _ in range(2):
            run(settings, tmp_path / "alerts.db", story())
        assert len(hook.requests) == 3


@pytest.mark.parametrize("point", ["kept", "sending", "delivered"])
def test_killed_at_any_point_nothing_is_lost_and_nothing_taken_twice(tmp_path: Path, point: str) -> None:
    alerts, config, state = tmp_path / "alerts", tmp_path / "upswell.toml", tmp_path / "alerts.db"
    alerts.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in raised_by([rule()], story())))
    with Hook() as hook:
        config.write_text(f'[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "{hook.url}"\n')

        def runs(point: str) -> int:
            command = [sys.executable, "-m", "tests.alerts.crashing", config, state, alerts, point]
            return subprocess.run(command, check=False, timeout=60).returncode

        assert [runs(point) for _ in range(3)] == [-9] * 3
        assert runs("none") == 0
        assert hook.told() == EXPECTED
        assert (len(hook.requests) > 3) == (point == "sending")


def test_two_processes_do_not_share_a_file(tmp_path: Path) -> None:
    first = Outbox(tmp_path / "alerts.db", ())
    with pytest.raises(OutboxError, match="another process uses it"):
        Outbox(tmp_path / "alerts.db", ())
    first.close()


def alerts_test(config: Path, *names: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pipeline.cli", "alerts", "test", *names, "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_a_test_alert_says_what_came_back_and_no_secret(tmp_path: Path) -> None:
    config = tmp_path / "upswell.toml"
    with Hook() as hook, Hook(lambda _: 403) as refusing:
        config.write_text(
            f'[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "{hook.url}?token=hush"\nsecret = "{SECRET}"\n'
            f'[[receiver]]\nname = "closed"\nkind = "webhook"\nurl = "{refusing.url}?token=hush"\n'
            f'[[receiver]]\nname = "chat"\nkind = "apprise"\nurl = "json://{hook.url[7:]}?token=hush"\n'
            '[[receiver]]\nname = "odd"\nkind = "apprise"\nurl = "nothing://hush"\n'
        )
        done = alerts_test(config)
        only = alerts_test(config, "ops")
        unknown = alerts_test(config, "nobody")
    assert done.stdout.splitlines() == [
        "ops: HTTP 200",
        "closed: not delivered: refused with HTTP 403",
        "chat: sent",
        "odd: not delivered: its url is none that apprise knows; see `apprise --help`",
    ]
    assert done.stderr == "upswell: 2 of 4 receivers did not take the alert\n"
    assert done.returncode == 1
    assert "hush" not in done.stdout + done.stderr
    assert "This is a test" in hook.requests[0][2].decode()
    assert "This is a test" in json.loads(hook.requests[1][2])["message"]
    assert (only.stdout, only.returncode) == ("ops: HTTP 200\n", 0)
    assert unknown.returncode == 2
    assert "no such receiver (known: ops, closed, chat, odd)" in unknown.stderr


def test_no_setting_shows_an_address_or_a_secret(tmp_path: Path) -> None:
    config = tmp_path / "upswell.toml"
    config.write_text('[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "https://hush"\nsecret = "hush hush"')
    assert "hush" not in repr(load_settings(config)) + repr(load_settings(config).receivers)
    config.write_text('[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "https://hush"\nrules = ["gone"]')
    with pytest.raises(SettingsError, match="there is no rule 'gone'"):
        load_settings(config)


def test_who_looks_after_an_alert_is_shown_with_it() -> None:
    alerting, recent = Alerting([rule()]), RecentAlerts()
    (first,) = alerting.take(at(NOW, row("#a")))
    recent.add(first)
    recent.order(Order("acknowledge", "r", "#b", "bob", NOW * 60_000))
    assert recent.of()[0].acknowledged == ""
    recent.order(Order("acknowledge", "r", "", "ann", NOW * 60_000))
    assert recent.of()[0].acknowledged == "ann"
    (over,) = alerting.take(at(NOW + 1))
    recent.add(over)
    assert [(one.status, one.acknowledged) for one in recent.of()] == [("resolved", "ann")]
    (later,) = alerting.take(at(NOW + 2, row("#a")))
    recent.add(later)
    assert recent.of()[0].acknowledged == ""  # this one fired after it was said


def test_a_digest_tells_a_day_in_one_message_once_through_restarts(tmp_path: Path) -> None:
    morning = 1_795_017_600  # 2026-11-18T16:00Z, 17:00 in Paris
    clock = [float(morning)]
    receiver = Receiver(
        "boss", "webhook", "http://127.0.0.1:9/", digest="17:30", time_zone="Europe/Paris", max_age_s=86_400
    )
    file = tmp_path / "alerts.db"

    def opened() -> Outbox:
        return Outbox(file, [receiver], now_s=lambda: clock[0])

    outbox = opened()
    assert outbox.digests() == 0
    for alert in raised_by([rule()], [at(morning // 60, row("#a"), row("#b", 2)), at(morning // 60 + 5, row("#b"))]):
        outbox.take(alert)
    assert outbox.next("boss") is None  # no message for each
    clock[0] += 1_799
    assert outbox.digests() == 0
    outbox.close()
    clock[0] += 1
    outbox = opened()
    assert (outbox.digests(), outbox.digests()) == (1, 0)
    outbox.close()
    outbox = opened()
    assert outbox.digests() == 0
    waiting = outbox.next("boss")
    assert waiting is not None
    assert waiting.alert.key == "digest/boss/2026-11-18T17:30"
    text = alert_text(waiting.alert, language("en", "Europe/Paris"))
    assert text.startswith("2 alerts since 2026-11-17, 17:30 Europe/Paris: 17:00 r: #a is number 1")
    assert text.count("still firing") == text.count("over after 5 min") == 1
    outbox.delivered(waiting.id)
    clock[0] += 86_400
    assert outbox.digests() == 0  # a day without
    assert outbox.next("boss") is None
    outbox.close()


@pytest.mark.parametrize(
    ("line", "told"),
    [('digest = "8h"', ".digest: write HH:MM, like 08:00"), ('time_zone = "Lyon"', ".time_zone: Lyon is no time zone")],
)
def test_a_digest_that_does_not_fit_is_told_with_its_line(tmp_path: Path, line: str, told: str) -> None:
    file = tmp_path / "upswell.toml"
    file.write_text(f'[[receiver]]\nname = "boss"\nkind = "webhook"\nurl = "http://127.0.0.1/"\n{line}\n')
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert "upswell.toml:5" in str(caught.value)
    assert told.split(":")[-1].strip() in str(caught.value)
