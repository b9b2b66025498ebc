"""Receivers that answer with malice, addresses that are none, faults nobody foresaw: nothing goes dark in silence."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import json
import logging
import re
import sqlite3
import threading
import time
import tracemalloc
import zlib
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry

from pipeline import supervising
from pipeline.alerts import delivery, receivers
from pipeline.alerts.delivery import Delivery
from pipeline.alerts.outbox import KEPT_DAYS, Outbox
from pipeline.settings import SettingsError, load_settings
from schemas.alerts import Alert, AlertWhy, Fault, Receiver
from tests.alerts.outgoing import deliver_all, undelivered
from tests.alerts.receiving import Hook
from tests.facts import OF_TOPIC

PASSWORD = "hunter2-in-an-address"


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (delivery, supervising):
        monkeypatch.setattr(module, "FIRST_PAUSE_S", 0.01)
        monkeypatch.setattr(module, "LAST_PAUSE_S", 0.05)


def alert(topic: str, status: str = "firing", fired: int | None = None, why: AlertWhy = OF_TOPIC) -> Alert:
    at = int(time.time() * 1_000) if fired is None else fired
    return Alert(
        f"r/{topic}/1", status, "r", "trending", "warning", "all", "1h", topic, topic, at, at, at, 1.0, 1.0, [], [], why
    )  # type: ignore[arg-type]


class Answering:
    """An HTTP server that answers each POST as it is told."""

    def __init__(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> None:
        self.came = 0

        class Handler(BaseHTTPRequestHandler):
            def do_POST(handler) -> None:  # noqa: N805
                handler.rfile.read(int(handler.headers["Content-Length"]))
                self.came += 1
                with contextlib.suppress(OSError):
                    answer(handler)

            def log_message(handler, *_: object) -> None: ...  # noqa: N805

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Answering:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


async def until(what: Callable[[], Any], within_s: float = 20.0) -> None:
    end = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < end, "it did not come to pass in time"
        await asyncio.sleep(0.01)


def delivering(
    state: Path, receiver: Receiver, work: Callable[[Outbox, Delivery], Awaitable[None]], said: list[str]
) -> CollectorRegistry:
    registry = CollectorRegistry()

    async def whole() -> None:
        outbox = Outbox(state, [receiver])
        async with Delivery(outbox, [receiver], said.append, registry) as delivering:
            await work(outbox, delivering)
        outbox.close()

    asyncio.run(asyncio.wait_for(whole(), 60))
    return registry


def test_an_answer_is_neither_unpacked_nor_read_to_its_end(tmp_path: Path) -> None:
    sent = [0]
    packer = zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16)  # of gzip
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()

    def bomb(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "gzip")
        handler.end_headers()
        for at in range(0, 64 << 20, len(packed)):
            handler.wfile.write(packed)
            sent[0] = at

    tracemalloc.start()
    with Answering(bomb) as server:
        registry = deliver_all([alert("#a")], [Receiver("ops", "webhook", server.url)], tmp_path / "a.db", [])
    assert registry.get_sample_value("upswell_alerts_delivered_total", {"receiver": "ops"}) == 1
    assert sent[0] < 32 << 20
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 60 << 20


def test_an_answer_that_drips_ends_with_the_time_for_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receivers, "TIMEOUT_S", 0.3)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"x")
            handler.wfile.flush()
            time.sleep(0.1)

    said: list[str] = []
    began = time.monotonic()
    with Answering(drip) as server:
        ops = Receiver("ops", "webhook", server.url, give_up_s=1)
        registry = deliver_all([alert("#a")], [ops], tmp_path / "a.db", said)
    assert time.monotonic() - began < 9
    assert registry.get_sample_value("upswell_alerts_given_up_total", {"receiver": "ops"}) == 1
    assert "receiver ops: no answer (timeout); alerts wait, and are sent again" in said


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:99999/", "http://a..b/", "http://[::1", "file:///etc/passwd", "http://h/\r\nX: y"],
)
def test_an_address_that_is_none_is_refused_with_the_settings_and_given_up_at_once(tmp_path: Path, url: str) -> None:
    config, said = tmp_path / "upswell.toml", list[str]()
    config.write_text(f'[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = {json.dumps(url)}\n')
    with pytest.raises(SettingsError, match="this is no address of HTTP"):
        load_settings(config)
    for kind in ("webhook", "alertmanager"):
        state = tmp_path / f"{kind}.db"
        deliver_all([alert("#a")], [Receiver("ops", kind, url)], state, said)  # type: ignore[arg-type]
        assert [fault for _, _, fault in undelivered(state)] == [Fault("bad_address")]


def test_a_fault_that_nobody_foresaw_is_a_failed_attempt_and_stops_no_later_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = delivery.deliver

    async def broken(receiver: Receiver, one: Alert, *rest: Any) -> str:
        if one.topic == "#poison":
            raise ZeroDivisionError(receiver.url)
        return await real(receiver, one, *rest)

    monkeypatch.setattr(delivery, "deliver", broken)
    said: list[str] = []
    with Hook() as hook:
        ops = Receiver("ops", "webhook", hook.url)
        registry = deliver_all([alert("#poison"), alert("#b")], [ops], tmp_path / "a.db", said)
    assert hook.told() == [("firing", "#b")]
    assert "receiver ops: an unexpected fault (ZeroDivisionError); alerts wait, and are sent again" in said
    assert hook.url not in " ".join(said)
    counted = ("attempts_failed_total", "receiver"), ("unexpected_total", "task"), ("given_up_total", "receiver")
    told = [registry.get_sample_value(f"upswell_alerts_{name}", {label: "ops"}) for name, label in counted]
    assert told == [4, 5, 1]
    outbox = Outbox(tmp_path / "a.db", ())
    found = outbox.untold()  # what pages show
    assert found is not None
    assert found[1].why == Fault("unexpected", "ZeroDivisionError")
    outbox.close()


def test_a_disk_that_is_full_once_takes_no_receiver_with_it(tmp_path: Path) -> None:
    said: list[str] = []

    async def work(outbox: Outbox, delivering: Delivery) -> None:
        real, faults = outbox.delivered, iter(range(2))

        def full(number: int) -> None:
            if next(faults, None) is not None:
                raise sqlite3.OperationalError("database or disk is full")
            real(number)

        outbox.delivered = full  # type: ignore[method-assign]
        outbox.take(alert("#a"))
        delivering.wake()
        await until(lambda: not outbox.waiting())
        outbox.take(alert("#b"))
        delivering.wake()
        await until(lambda: not outbox.waiting())

    with Hook() as hook:
        registry = delivering(tmp_path / "a.db", Receiver("ops", "webhook", hook.url), work, said)
    assert hook.told() == [("firing", "#a"), ("firing", "#b")]
    assert said == ["receiver ops: an unexpected fault (OperationalError); it is tried again"] * 2
    assert registry.get_sample_value("upswell_alerts_unexpected_total", {"task": "ops"}) == 2


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of what apprise imports
@pytest.mark.parametrize("kind", ["webhook", "alertmanager", "apprise"])
def test_no_log_line_holds_what_is_secret_in_an_address(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, kind: Any
) -> None:
    said: list[str] = []
    with caplog.at_level(logging.DEBUG), Hook(lambda number: 200 if number > 1 else 503) as hook:
        place = hook.url.removeprefix("http://")
        url = f"{'json' if kind == 'apprise' else 'http'}://ann:{PASSWORD}@{place}"
        deliver_all([alert("#a")], [Receiver("ops", kind, url)], tmp_path / "a.db", said)
        away = Receiver("ops", kind, url.replace(place, "127.0.0.1:9/x"), give_up_s=1)
        deliver_all([alert("#b")], [away], tmp_path / "b.db", said)
    assert hook.requests, said
    assert PASSWORD not in caplog.text + " ".join(said)


def test_the_page_of_alerts_shows_how_a_signature_is_verified() -> None:
    text = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    scope: dict[str, Any] = {}
    exec(compile(example, "docs/alerts.md", "exec"), scope)
    body, now = b'{"version":"4"}', str(int(time.time()))
    headers = {"X-Upswell-Timestamp": now, "X-Upswell-Signature": receivers.signature("s3cret", now, body)}
    assert scope["is_ours"]("s3cret", headers, body)
    assert not scope["is_ours"]("s3cret", headers, body + b" ")
    assert not scope["is_ours"]("another", headers, body)
    old = str(int(time.time()) - 3_600)
    assert not scope["is_ours"]("s3cret", {**headers, "X-Upswell-Timestamp": old}, body)
    replayed = {"X-Upswell-Timestamp": old, "X-Upswell-Signature": receivers.signature("s3cret", old, body)}
    assert not scope["is_ours"]("s3cret", replayed, body)


class Forgetful:
    """An Alertmanager as far as its contract goes: it keeps alerts in memory, until they end."""

    def __init__(self) -> None:
        self.arrays: list[list[dict[str, Any]]] = []
        self._alerts: dict[str, dict[str, Any]] = {}

    def forget(self) -> None:
        self._alerts.clear()

    def takes(self, array: list[dict[str, Any]]) -> None:
        self.arrays.append(array)
        for one in array:
            self._alerts[json.dumps(one["labels"], sort_keys=True)] = one

    def fires(self) -> list[str]:
        return sorted(
            one["labels"]["topic"] for one in list(self._alerts.values()) if seconds(one["endsAt"]) > time.time()
        )


def seconds(moment: str) -> float:
    return dt.datetime.fromisoformat(moment.replace("Z", "+00:00")).timestamp()


@pytest.fixture
def managers() -> Iterator[tuple[Forgetful, Forgetful, list[str]]]:
    found, servers = [Forgetful(), Forgetful()], []

    def serving(manager: Forgetful) -> ThreadingHTTPServer:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                assert self.path == "/api/v2/alerts"
                manager.takes(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        servers.append(server)
        return server

    urls = [f"http://127.0.0.1:{serving(manager).server_port}" for manager in found]
    yield found[0], found[1], urls
    for server in servers:
        server.shutdown()
        server.server_close()


def test_an_alertmanager_that_forgets_is_told_all_that_fires_again_as_one_array(
    tmp_path: Path, managers: tuple[Forgetful, Forgetful, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, urls = managers
    monkeypatch.setattr(delivery, "RESEND_S", 0.05)
    long_ago = int((time.time() - 3 * 86_400) * 1_000)
    receiver = Receiver("am", "alertmanager", tuple(urls), max_age_s=7 * 86_400, resolved=False)

    async def work(outbox: Outbox, delivering: Delivery) -> None:
        outbox.take(alert("#old", fired=long_ago))
        outbox.take(alert("#a"))
        delivering.wake()
        for manager in (first, second):
            await until(lambda manager=manager: manager.fires() == ["#a", "#old"])
        first.forget()
        await until(lambda: first.fires() == ["#a", "#old"])
        assert len(first.arrays[-1]) == 2
        ends = [one["endsAt"] for one in first.arrays[-1]]
        assert all(0 < (seconds(end) - time.time()) <= 240 for end in ends)
        outbox.take(alert("#a", "resolved"))
        delivering.wake()
        await until(lambda: first.fires() == second.fires() == ["#old"])
        first.forget()
        await until(lambda: first.fires() == ["#old"])  # what is over is not told again

    delivering(tmp_path / "a.db", receiver, work, [])


def test_one_alertmanager_of_two_is_enough_and_the_other_is_counted(
    tmp_path: Path, managers: tuple[Forgetful, Forgetful, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _, urls = managers
    monkeypatch.setattr(delivery, "RESEND_S", 0.05)
    said: list[str] = []

    async def work(outbox: Outbox, delivering: Delivery) -> None:
        outbox.take(alert("#a"))
        delivering.wake()
        await until(lambda: first.fires() == ["#a"] and len(said) > 0)

    receiver = Receiver("am", "alertmanager", (urls[0], "http://127.0.0.1:9"))
    registry = delivering(tmp_path / "a.db", receiver, work, said)
    assert said[0] == "receiver am: no answer (ConnectError); what fires is sent again every minute"
    assert (registry.get_sample_value("upswell_alerts_attempts_failed_total", {"receiver": "am"}) or 0) >= 1


def test_what_ended_long_ago_is_forgotten_while_it_runs_but_not_what_an_alertmanager_is_still_told(
    tmp_path: Path,
) -> None:
    now = [time.time()]
    both = [Receiver("ops", "webhook", "http://h/"), Receiver("am", "alertmanager", "http://h/")]
    outbox = Outbox(tmp_path / "a.db", both, now_s=lambda: now[0])
    for one in (alert("#a"), alert("#b"), alert("#b", "resolved")):
        outbox.take(one)
        for receiver in both:
            waiting = outbox.next(receiver.name)
            assert waiting is not None
            outbox.delivered(waiting.id)
    now[0] += (KEPT_DAYS + 1) * 86_400
    outbox.prune()
    assert [one.topic for one in outbox.firing("am")] == ["#a"]
    rows = outbox._db.execute("SELECT receiver, key, status FROM delivery").fetchall()
    assert rows == [("am", "r/#a/1", "firing")]
    outbox.close()


def test_several_addresses_are_for_alertmanagers_alone(tmp_path: Path) -> None:
    config = tmp_path / "upswell.toml"
    table = '[[receiver]]\nname = "ops"\nkind = "{}"\nurl = ["http://a:9093", "http://b:9093"]\n'
    config.write_text(table.format("alertmanager"))
    assert load_settings(config).receivers[0].urls == ("http://a:9093", "http://b:9093")
    config.write_text(table.format("webhook"))
    with pytest.raises(SettingsError, match="several addresses are for Alertmanagers alone"):
        load_settings(config)
