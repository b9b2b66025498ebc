"""The past of all lists: how long it is kept, what is asked of it, and a file that cannot be used."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.testing import TestClient

import pipeline.web.history as history_of
from pipeline.cli import run
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.history import DAY_MS, History, HistoryError
from schemas import TrendList
from tests.sinks.lists import trend, trend_list

NOON = 20_000 * DAY_MS + DAY_MS // 2


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "trends.db"


@pytest.fixture
def two_days(file: Path) -> Iterator[History]:
    history = History(file, keep_days=2)
    yield history
    history.close()


def kept(history: History, *moments: int) -> None:
    for at in moments:
        history.add(trend_list("#a", at=at))
        history.flush()


def test_a_list_goes_when_it_is_older_than_told_and_its_points_with_it(two_days: History) -> None:
    kept(two_days, NOON, NOON + DAY_MS, NOON + 2 * DAY_MS)
    assert two_days.spans([("all", "1h")]) == [(NOON, NOON + 2 * DAY_MS)]  # exactly as old as told: stays
    kept(two_days, NOON + 3 * DAY_MS)
    assert two_days.spans([("all", "1h")]) == [(NOON + DAY_MS, NOON + 3 * DAY_MS)]
    points = two_days.timeline("#a", "all", "1h", 0, NOON + 9 * DAY_MS)
    assert [point.at for point in points] == [NOON + DAY_MS, NOON + 2 * DAY_MS, NOON + 3 * DAY_MS]


def test_lists_of_other_scopes_go_by_the_newest_of_all(two_days: History) -> None:
    two_days.add(trend_list("#a", scope="event:old", at=NOON))
    kept(two_days, NOON + 3 * DAY_MS)
    assert two_days.spans([("event:old", "1h")]) == [None]


def test_an_old_list_said_again_does_not_turn_the_clock_back(two_days: History) -> None:
    kept(two_days, NOON + 5 * DAY_MS, NOON, NOON + 5 * DAY_MS + DAY_MS // 12)
    assert two_days.spans([("all", "1h")]) == [(NOON + 5 * DAY_MS, NOON + 5 * DAY_MS + DAY_MS // 12)]


def test_what_is_kept_outlives_the_process_and_the_first_list_of_a_moment_stays(file: Path) -> None:
    for topic in ("#first", "#again"):
        history = History(file)
        history.add(trend_list(topic, at=NOON))
        history.close()
    history = History(file)
    found = history.at("all", "1h", NOON)
    history.close()
    assert found == trend_list("#first", at=NOON)


def test_before_the_oldest_kept_list_there_is_none_and_after_it_the_newest_not_later(two_days: History) -> None:
    kept(two_days, NOON, NOON + 3 * DAY_MS, NOON + 4 * DAY_MS)
    two_days.add(trend_list("#so far", at=NOON + 5 * DAY_MS, final=False))
    two_days.flush()
    with TestClient(create_app(Feed(), two_days)) as client:

        def at(moment: int) -> int | str:
            answer = client.get(f"/api/v1/trends?at={moment}")
            assert answer.status_code in (200, 404)
            return int(answer.json()["at"]) if answer.status_code == 200 else str(answer.json()["detail"])

        nothing = "no list of this scope and window was kept at or before that time"
        assert at(NOON) == at(NOON + 3 * DAY_MS - 1) == nothing  # forgotten
        assert at(NOON + 3 * DAY_MS) == at(NOON + 4 * DAY_MS - 1) == NOON + 3 * DAY_MS
        assert at(NOON + 9 * DAY_MS) == NOON + 4 * DAY_MS


def test_a_file_that_is_no_history_is_refused_in_one_line(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_bytes(b"not a database at all" * 100)
    with pytest.raises(HistoryError, match=r"trends.db: cannot keep the history there .*; name another file"):
        History(file)
    assert run(["serve", "--history", str(file), "--port", "0"]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "trends.db" in err
    assert "name another file" in err


def test_a_file_that_somebody_holds_is_refused_in_one_line(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history_of, "LOCKED_S", 0.05)
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("create table other (a)")
    holder.execute("begin exclusive")
    try:
        with pytest.raises(HistoryError, match="database is locked"):
            History(file)
    finally:
        holder.close()


def test_lists_that_cannot_be_written_are_counted_and_told_in_one_line_and_those_after_are_kept(
    file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(history_of, "LOCKED_S", 0.05)
    history, holder = History(file), sqlite3.connect(file, isolation_level=None)
    holder.execute("begin immediate")
    kept(history, NOON)
    holder.execute("rollback")
    holder.close()
    kept(history, NOON + 60_000)
    assert history.lost == 1
    assert history.spans([("all", "1h")]) == [(NOON + 60_000, NOON + 60_000)]
    history.close()
    (told,) = caplog.messages
    assert "trends.db: 1 lists could not be kept (database is locked)" in told
    assert "Traceback" not in caplog.text


def test_a_file_that_breaks_while_it_is_read_is_a_503_and_one_line_and_current_lists_go_on(
    file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    history, feed = History(file), Feed()
    kept(history, *range(NOON, NOON + 200 * 60_000, 60_000))
    history.close()
    damaged = bytearray(file.read_bytes())
    damaged[4_096:] = bytes(byte ^ 0x5A for byte in damaged[4_096:])
    history = History(file.with_name("other.db"))  # opens; and then another content is found under its name
    broken = file.with_name("broken.db")
    broken.write_bytes(damaged)
    history._db.close()
    history._db = sqlite3.connect(broken, check_same_thread=False)
    feed.publish(trend_list("#a", at=NOON))
    caplog.set_level(logging.ERROR)
    with TestClient(create_app(feed, history)) as client:
        answer = client.get(f"/api/v1/trends?at={NOON}")
        assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
        assert answer.json()["detail"] == "the history cannot be read; the server's log says why"
        assert client.get("/api/v1/trends").status_code == 200
    history.close()
    (told,) = [record for record in caplog.records if record.name.startswith("pipeline")]
    assert "the history cannot be read" in told.getMessage()
    assert told.exc_info is None


def day_list(at: int, posts: int) -> TrendList:
    made = trend_list(window="24h", at=at)
    made.trends.append(trend(1, "#a", people=posts // 2))
    return made


def test_tags_tell_seven_days_from_the_history() -> None:
    feed, history = Feed(), History()
    feed.on_list(history.add)
    midnight = 20_000 * DAY_MS
    hour = DAY_MS // 24
    for at, posts in (
        (midnight - 8 * DAY_MS, 1_000),  # too long ago
        (midnight - 5 * DAY_MS - hour, 60),
        (midnight - 5 * DAY_MS, 66),  # ends with the day
        (midnight - 2 * DAY_MS - 3 * hour, 20),  # later that evening it was not listed any more
        (midnight - 2 * DAY_MS + 5 * hour, 999),  # mostly tells of the day before
        (midnight, 10),
        (midnight + 9 * hour, 8),
    ):
        feed.publish(day_list(at, posts))
    history.flush()
    with TestClient(create_app(feed, history)) as client:
        (tag,) = client.get("/api/v1/trends/tags").json()
    history.close()
    assert tag["name"] == "a"
    today = midnight // 1_000
    assert tag["history"] == [
        {"day": str(today - n * 86_400), "uses": uses, "accounts": accounts}
        for n, (uses, accounts) in enumerate(
            [("8", "4"), ("10", "5"), ("0", "0"), ("20", "10"), ("0", "0"), ("0", "0"), ("66", "33")]
        )
    ]


def test_without_a_history_tags_still_have_seven_days() -> None:
    feed = Feed()
    feed.publish(trend_list("#a"))
    with TestClient(create_app(feed)) as client:
        (tag,) = client.get("/api/v1/trends/tags").json()
    assert [day["uses"] for day in tag["history"]] == ["100"] + ["0"] * 6
