"""The daily digest tells the truth: what is over, how high it went, and every alert of every night."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import msgspec
import pytest

from pipeline.alerts import digest as digests
from pipeline.alerts.digest import last_due
from pipeline.alerts.outbox import Outbox
from pipeline.trends.alerting import Alerting
from pipeline.wording import alert_text, language
from schemas import TrendList
from schemas.alerts import Alert, Receiver
from tests.alerts.outgoing import raised_by
from tests.alerts.test_alerting import at, row, rule
from tests.alerts.test_blocking import Desk

MORNING = dt.datetime(2026, 11, 18, 16, tzinfo=dt.UTC)


def minute_of(moment: dt.datetime) -> int:
    return int(moment.timestamp()) // 60


class Day:
    """An outbox with a clock that the test moves."""

    def __init__(self, folder: Path, receiver: Receiver, now: dt.datetime = MORNING) -> None:
        self.file, self.receiver, self.now, self.desk = folder / "alerts.db", receiver, now, Desk()
        self.alerting = Alerting([rule()])
        self.outbox = self.opened()
        self.outbox.digests()

    def opened(self) -> Outbox:
        return Outbox(self.file, [self.receiver], now_s=lambda: self.now.timestamp(), allowed=self.desk.blocking.redact)

    def take(self, trends: TrendList) -> None:
        for alert in self.alerting.take(trends):
            self.outbox.take(alert)

    def again(self) -> None:
        snapshot, self.alerting = self.alerting.snapshot(), Alerting([rule()])
        assert self.alerting.restore(snapshot) == []
        self.outbox.close()
        self.outbox = self.opened()

    def digest(self) -> Alert | None:
        """The one that waits, as it would be told now; it is delivered."""
        waiting = self.outbox.next(self.receiver.name)
        if waiting is None:
            return None
        self.outbox.delivered(waiting.id)
        return waiting.told


def boss(**fields: object) -> Receiver:
    told = {
        "name": "boss",
        "kind": "webhook",
        "url": "http://127.0.0.1:9/",
        "digest": "17:30",
        "time_zone": "Europe/Paris",
        "max_age_s": 86_400,
    } | fields
    return Receiver(**told)  # type: ignore[arg-type]


def text(alert: Alert) -> str:
    return alert_text(alert, language("en", "Europe/Paris"))


def test_who_is_not_told_of_ends_is_not_told_that_what_has_ended_fires_still(tmp_path: Path) -> None:
    day, minute = Day(tmp_path, boss(resolved=False)), minute_of(MORNING)
    day.take(at(minute, row("#a"), row("#b", 2)))
    day.take(at(minute + 5, row("#b")))
    day.now += dt.timedelta(minutes=30)
    assert day.outbox.digests() == 1
    told = day.digest()
    assert told is not None
    assert text(told).startswith("2 alerts since 2026-11-17, 17:30 Europe/Paris: 17:00 r: #a is number 1")
    assert text(told).count("over after 5 min") == text(told).count("still firing") == 1
    day.take(at(minute + 60))  # the end of #b alone is no news for it
    day.now += dt.timedelta(days=1)
    assert day.outbox.digests() == 0
    day.outbox.close()


def test_an_end_that_comes_to_light_late_is_told_all_the_same(tmp_path: Path) -> None:
    day, minute = Day(tmp_path, boss(max_age_s=60)), minute_of(MORNING)
    day.take(at(minute, row("#a")))
    day.now += dt.timedelta(minutes=20)
    day.take(at(minute + 5))
    day.now += dt.timedelta(minutes=10)
    assert day.outbox.digests() == 1
    told = day.digest()
    assert told is not None
    assert "(over after 5 min; peak" in text(told)
    day.outbox.close()


def test_each_alert_is_told_with_its_peak_through_restarts_and_lists_read_again(tmp_path: Path) -> None:
    day, minute = Day(tmp_path, boss()), minute_of(MORNING)
    lists = [
        at(minute + step, row("#a", authors=people, score=people / 10.0))
        for step, people in enumerate((20, 1_200, 300, 1_200))
    ]
    for one in lists[:2]:
        day.take(one)
    day.again()
    for one in [*lists, at(minute + 4, row("#b", authors=7)), at(minute + 5)]:
        day.take(one)
    day.again()
    day.now += dt.timedelta(minutes=30)
    assert day.outbox.digests() == 1
    told = day.digest()
    assert told is not None
    assert "(over after 4 min; peak 1,200 people, at 17:01)" in text(told)
    assert "(over after 1 min; peak 7 people," in text(told)
    day.outbox.close()


def test_a_scope_as_a_whole_has_a_peak_of_posts_and_what_fires_still_is_told_as_it_fired(tmp_path: Path) -> None:
    minute, now = minute_of(MORNING), [MORNING.timestamp()]
    outbox = Outbox(tmp_path / "alerts.db", [boss()], now_s=lambda: now[0])
    outbox.digests()
    rules = [rule(name=f"r{posts}", kind="volume", on="event:fete", posts=posts) for posts in (10, 99)]
    numbers = enumerate((120, 1_900, 40, 12))
    lists = [
        msgspec.structs.replace(at(minute + step, scope="event:fete"), posts=posts, authors=posts // 10)
        for step, posts in numbers
    ]
    for alert in raised_by(rules, lists):
        outbox.take(alert)
    now[0] += 1_800
    assert outbox.digests() == 1
    waiting = outbox.next("boss")
    assert waiting is not None
    assert "(over after 2 min; peak 1,900 posts by 190 people, at 17:01)" in text(waiting.alert)
    assert "(still firing; 120 posts by 12 people when it fired)" in text(waiting.alert)
    outbox.close()


def test_a_digest_that_waits_does_not_tell_what_is_blocked_meanwhile(tmp_path: Path) -> None:
    day = Day(tmp_path, boss())
    day.take(at(minute_of(MORNING), row("#a"), row("#b", 2)))
    day.now += dt.timedelta(minutes=30)
    assert day.outbox.digests() == 1
    day.desk.blocks("#a")
    waiting = day.outbox.next("boss")
    assert waiting is not None
    assert waiting.told is not None
    assert text(waiting.told).startswith("1 alert since 2026-11-17, 17:30 Europe/Paris: 17:00 r: #b")
    assert "#a" not in text(waiting.told)
    assert waiting.told.key == waiting.alert.key
    day.desk.blocks("#b")
    waiting = day.outbox.next("boss")
    assert waiting is not None
    assert waiting.told is None
    day.outbox.close()


SPRING = dt.datetime(2026, 3, 28, 22, tzinfo=dt.UTC)  # in Paris clocks go from 02:00 to 03:00 at 01:00Z
AUTUMN = dt.datetime(2026, 10, 24, 22, tzinfo=dt.UTC)  # and from 03:00 to 02:00 at 01:00Z


@pytest.mark.parametrize("night", [SPRING, AUTUMN])
@pytest.mark.parametrize("time", ["02:00", "02:30", "03:00", "03:10"])
def test_no_alert_of_a_night_of_clock_change_is_lost_or_told_twice(
    tmp_path: Path, night: dt.datetime, time: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(digests, "MOST", 1_000)
    day = Day(tmp_path, boss(digest=time), night)
    told: list[str] = []
    for step in range(0, 30 * 60, 10):  # something fires every ten minutes, and is over
        minute = minute_of(night) + step
        day.now = night + dt.timedelta(minutes=step)
        day.take(at(minute, row(f"#t{step}")))
        day.outbox.digests()
        day.take(at(minute + 1))
        while (digest := day.digest()) is not None:
            told += [alert.topic.removeprefix("#") for alert in digest.why.alerts]
    due = last_due(day.receiver, day.now.timestamp())
    expected = [f"t{step}" for step in range(0, 30 * 60, 10) if night + dt.timedelta(minutes=step) <= due]
    assert len(expected) > 10
    assert told == expected
    day.outbox.close()


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-29T00:59", "2026-03-28T01:30"),
        ("2026-03-29T01:10", "2026-03-28T01:30"),
        ("2026-03-29T01:30", "2026-03-29T01:30"),
        ("2026-03-30T00:29", "2026-03-29T01:30"),
        ("2026-03-30T00:30", "2026-03-30T00:30"),
        ("2026-10-25T01:40", "2026-10-25T00:30"),
    ],
)
def test_a_digest_is_due_by_the_instant_not_by_what_clocks_show(now: str, due: str) -> None:
    moment = dt.datetime.fromisoformat(f"{now}+00:00").timestamp()
    assert last_due(boss(digest="02:30"), moment) == dt.datetime.fromisoformat(f"{due}+00:00")
