"""The stream of changes over real HTTP: what a reader is sent, what it missed, that slow ones are told, how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import os
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncGenerator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
import redis

from pipeline.alerts.recent import RecentAlerts
from pipeline.web import streams
from pipeline.web.api import Web
from pipeline.web.feed import QUEUE, Feed, Note, Subscription, Wanted
from pipeline.web.run import STREAMS_END_WITHIN_S, start_web
from schemas import TrendList
from schemas.alerts import Alert, Order
from tests.browser.shown import alert
from tests.kafka.apache import free_port
from tests.sinks.lists import trend_list
from tests.sinks.servers import redis_server, until
from tests.web.reading import Event, Reader

STREAM = "/api/v1/stream"


def list_of(event: Event) -> TrendList:
    assert event.name == "list"
    return msgspec.json.decode(event.data, type=TrendList)


@pytest.fixture
def feed() -> Feed:
    return Feed()


@contextlib.contextmanager
def served(feed: Feed, **parts: Any) -> Iterator[str]:
    with start_web(feed, port=0, **parts) as handle:
        yield handle.address


@contextlib.contextmanager
def following(address: str, query: str = "", **options: Any) -> Iterator[Iterator[Event]]:
    with Reader(address, STREAM + query, **options) as reader:
        head = reader.head()
        assert head[0] == "http/1.1 200 ok"
        assert {"content-type: text/event-stream; charset=utf-8", "cache-control: no-store"} <= set(head)
        yield reader.events()


def test_a_reader_has_the_current_lists_and_then_each_change_of_those_it_wants(feed: Feed) -> None:
    feed.publish(trend_list("#old"))
    with served(feed) as address, following(address, "?scope=all&window=1h") as events:
        assert list_of(next(events)) == trend_list("#old")
        feed.publish(trend_list("#other", scope="lang:fr"))
        feed.publish(trend_list("#other", window="5m"))
        feed.publish(trend_list("#old"))  # no change
        feed.publish(trend_list("#new", at=120_000))
        assert list_of(next(events)) == trend_list("#new", at=120_000)


def test_a_reader_hears_how_many_alerts_fire_that_nobody_looks_after(feed: Feed) -> None:
    alerts = RecentAlerts()
    alerts.add(alert(1))
    with served(feed, alerts=alerts) as address, following(address) as events:
        assert (told := next(events)).name == "firing"
        assert told.data == b"1"
        alerts.add(alert(2))
        assert next(events).data == b"2"
        alerts.order(Order("acknowledge", "rule", "", "ann", alert(2).fired))
        assert next(events).data == b"0"


def test_how_many_alerts_fire_is_counted_once_for_all_who_ask_and_anew_when_something_changes(feed: Feed) -> None:
    class Counted(RecentAlerts):
        looks = 0

        def of(self, topic: str | None = None) -> list[Alert]:
            self.looks += 1
            return super().of(topic)

    alerts = Counted()
    web = Web(feed, alerts=alerts)
    assert ([web.firing() for _ in range(2_000)], alerts.looks) == ([0] * 2_000, 1)
    alerts.add(alert(1))
    assert (web.firing(0), web.firing(), alerts.looks) == (1, 1, 2)


def test_of_many_numbers_of_alerts_a_reader_is_told_the_newest() -> None:
    reader = Subscription(Wanted(), ())
    for number in range(1, 2 * QUEUE):
        reader.offer(Note(number, "firing", b"%d" % number))
    assert (asyncio.run(reader.next(1)), reader.dropped) == ([Note(2 * QUEUE - 1, "firing", b"511")], False)


def test_who_takes_gzip_reads_each_event_as_soon_as_it_came_and_a_whole_stream(feed: Feed) -> None:
    feed.publish(trend_list("#old"))
    with served(feed) as address, httpx.stream("GET", address.rstrip("/") + STREAM, timeout=10) as answer:
        assert (answer.headers["content-encoding"], answer.headers["vary"]) == ("gzip", "accept-encoding")
        lines = answer.iter_lines()
        assert '"#old"' in next(line for line in lines if line.startswith("data"))
        feed.publish(trend_list("#new", at=120_000))
        assert '"#new"' in next(line for line in lines if line.startswith("data"))


def test_what_many_read_is_compressed_once_and_ends_as_gzip_does() -> None:
    told = [b"event: list\ndata: %d\n\n" % (n % 3) * 2_000 for n in range(6)]

    async def events() -> AsyncGenerator[bytes, None]:
        for one in told:
            yield one

    async def sent() -> list[bytes]:
        return [piece async for piece in streams.gzipped(events())]

    streams._deflated.cache_clear()
    pieces = asyncio.run(sent())
    assert asyncio.run(sent()) == pieces
    assert streams._deflated.cache_info().misses == 3
    press = zlib.decompressobj(16 + zlib.MAX_WBITS)
    assert [press.decompress(piece) for piece in pieces[:-1]] == told
    assert gzip.decompress(b"".join(pieces)) == b"".join(told)
    assert len(b"".join(pieces)) < len(b"".join(told)) // 20


def test_who_comes_back_with_its_last_id_is_sent_only_what_it_missed(feed: Feed) -> None:
    for scope in ("all", "lang:fr", "lang:de"):
        feed.publish(trend_list("#first", scope=scope))
    with served(feed) as address:
        with following(address) as events:
            seen = [next(events) for _ in range(3)]
        feed.publish(trend_list("#passed by", scope="lang:fr", at=120_000))
        feed.publish(trend_list("#missed", scope="lang:fr", at=180_000))
        with following(address, last_id=seen[-1].id) as events:
            assert list_of(next(events)) == trend_list("#missed", scope="lang:fr", at=180_000)
            feed.publish(trend_list("#live", at=180_000))
            assert list_of(next(events)) == trend_list("#live", at=180_000)
        for unknown in ("an-other-7", "\xff", seen[-1].id.split("-")[0] + "-" + "9" * 30):
            with following(address, last_id=unknown) as events:
                assert {list_of(next(events)).scope for _ in range(3)} == {"all", "lang:fr", "lang:de"}


def test_a_silent_stream_shows_now_and_then_that_it_lives(feed: Feed) -> None:
    with served(feed, heartbeat_s=0.05) as address, following(address) as events:
        beats = [next(events) for _ in range(3)]
        assert [beat.name for beat in beats] == ["beat"] * 3
        stamps = [int(beat.data) for beat in beats]
        assert stamps == sorted(stamps)
        assert abs(stamps[0] - time.time() * 1_000) < 60_000
        feed.publish(trend_list("#a"))
        assert "list" in {next(events).name for _ in range(5)}


def test_a_reader_that_does_not_read_is_dropped_and_told_and_others_miss_nothing(feed: Feed) -> None:
    topics = [f"#{n}{'x' * 500}" for n in range(20)]
    with served(feed) as address, Reader(address, STREAM, buffer=4_096) as slow, following(address) as events:
        until(lambda: feed.readers == 2, 10, "both are there")
        sent = 0

        def told() -> bool:
            nonlocal sent
            sent += 1
            feed.publish(trend_list(*topics, at=sent))
            assert list_of(next(events)).at == sent
            return any(one.dropped for audience in feed._audiences.values() for one in audience.readers)

        until(told, 60, "the slow one is dropped")
        assert sent > QUEUE
        slow.head()
        seen = list(slow.events())  # as soon as it reads it is told, and the stream ends
        assert seen[-1].name == "dropped"
        assert b"connect again" in seen[-1].data
        assert slow.ended
        assert len(seen) < sent
        until(lambda: feed.readers == 1, 10, "it is forgotten")
        with following(address, last_id=seen[-2].id) as again:
            assert list_of(next(again)).at == sent


def test_a_reader_that_never_reads_loses_its_connection_and_others_miss_nothing(
    feed: Feed, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(streams, "READS_WITHIN_S", 0.3)
    topics = [f"#{n}{'x' * 500}" for n in range(20)]
    with served(feed) as address, Reader(address, STREAM, buffer=4_096) as slow, following(address) as events:
        until(lambda: feed.readers == 2, 10, "both are there")
        sent = 0

        def one_left() -> bool:
            nonlocal sent
            sent += 1
            feed.publish(trend_list(*topics, at=sent))
            assert list_of(next(events)).at == sent
            return feed.readers == 1

        until(one_left, 60, "the slow one is forgotten")
        with contextlib.suppress(ConnectionResetError, ValueError):  # a reset, or a chunk that is cut
            slow.head()
            assert len(list(slow.events())) < sent
        assert not slow.ended
        feed.publish(trend_list("#after", at=sent + 1))
        assert list_of(next(events)).at == sent + 1
    assert capfd.readouterr() == ("", "")


def test_a_reader_that_goes_away_is_forgotten(feed: Feed) -> None:
    with served(feed) as address:
        with following(address):
            until(lambda: feed.readers == 1, 10, "it is there")
        until(lambda: feed.readers == 0, 10, "it is forgotten")


def ends(stop: Callable[[], object], address: str, paths: list[str], fill: Callable[[], object]) -> None:
    """Stops the server while these streams run, and one whose reader does not read."""
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(Reader(address, path)) for path in paths]
        stalled = stack.enter_context(Reader(address, STREAM, buffer=4_096))
        for reader in (*readers, stalled):
            assert reader.head()[0] == "http/1.1 200 ok"
        fill()
        began = time.monotonic()
        stop()
        assert time.monotonic() - began < STREAMS_END_WITHIN_S + 4
        for reader in readers:
            assert all(event.name in ("list", "now", "beat") for event in reader.events())
            assert reader.ended


def test_a_server_that_stops_ends_its_streams_and_logs_nothing(feed: Feed, capfd: pytest.CaptureFixture[str]) -> None:
    def fill() -> None:
        for at in range(100):
            feed.publish(trend_list(*(f"#{n}{'x' * 500}" for n in range(20)), at=at, scope="lang:fr"))

    handle = start_web(feed, port=0)
    ends(handle.stop, handle.address, [STREAM + "?scope=all"] * 5, fill)
    assert capfd.readouterr() == ("", "")
    assert feed.readers == 0


@pytest.mark.parametrize("told", [signal.SIGTERM, signal.SIGINT])
def test_serve_ends_all_streams_when_told_to_stop_and_says_nothing(tmp_path: Path, told: signal.Signals) -> None:
    (tmp_path / "upswell.toml").write_text(
        '[[event]]\nname = "fete"\nhashtags = ["#fete"]\n[[token]]\nname = "ann"\nsecret = "a-secret-for-ann-0"\n'
    )
    kept, port = redis_server(tmp_path), free_port()
    kept.start()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("UPSWELL_")}
    environment["UPSWELL_REDIS_URL"] = f"redis://127.0.0.1:{kept.port}/0"
    program = "from pipeline.cli import main; main()"
    command = [sys.executable, "-c", program, "serve", "--from", "redis", "--port", str(port)]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as serving:
        try:
            assert serving.stdout is not None
            assert "serves at" in serving.stdout.readline()
            address = f"http://127.0.0.1:{port}/"
            until(lambda: answers(address), 20, "the server answers")
            until(lambda: answers(address, "/readyz"), 20, "it is ready, though there is no list at all")

            def stop() -> None:
                serving.send_signal(told)
                serving.wait(10)

            def fill() -> None:
                with redis.Redis(port=kept.port) as client:
                    client.set("upswell:list:all/1h", msgspec.json.encode(trend_list("#a")))
                    client.publish("upswell:changed", "all/1h")

            ends(stop, address, [STREAM, "/api/v1/events/fete/stream", "/api/v1/events/fete/stream?view=board"], fill)
            out, err = serving.communicate(timeout=10)
            assert out + err == ""
            assert serving.returncode == 0
        finally:
            serving.kill()
            kept.kill()


def answers(address: str, path: str = "/healthz") -> bool:
    with contextlib.suppress(OSError), Reader(address, path) as asked:
        return asked.head()[:1] == ["http/1.1 200 ok"]
    return False
