"""A server under load: readers of the stream and requests by the clock, each in a process of its own, while lists come.

The server is what `upswell serve` runs (page, API, history in a file, metrics), fed from a script instead of Kafka. It
measures itself: the time from a request's arrival in the application to its last byte, and how late its event loop
wakes, which is what a request waits before. Requests come by the clock, whether the last was answered or not, and the
client's times count from the moment a request was due.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import xxhash

from schemas.trends import WINDOWS, Peak, Trend, TrendList, Why

ROOT = Path(__file__).resolve().parents[2]
SCOPES = ("all", "lang:fr", "event:fete", "watch:us")
LISTS = [(scope, window) for scope in SCOPES for window in WINDOWS]
PATHS = (
    "/api/v1/trends",
    "/api/v1/trends?scope=lang:fr&window=5m",
    "/api/v1/trends?scope=event:fete&window=24h&limit=5",
    "/api/v1/topics/%23topic10",
    "/api/v1/scopes",
    "/api/v1/trends/tags",
    "/?lang=fr",
    "/api/v1/trends",
    "/api/v1/alerts",
    "/api/v1/trends?at=1795000060000",
)
BEGIN_MS = 1_795_000_000_000 // 60_000 * 60_000
PIPES = 50  # connections that requests share
WARM_UP_S = 2.0  # requests before anything counts
DONE_WITHIN_S = 120.0


@dataclass(frozen=True)
class Load:
    """What is put on the server. Every list changes `steps` times, once in `pace_s`."""

    readers: int
    rate: int  # requests a second
    steps: int
    pace_s: float = 1.0


@dataclass(frozen=True)
class Outcome:
    """Times in ms; memory in MiB."""

    requests: int
    failed: int
    server_p50: float
    server_p99: float
    wait_p99: float  # what a request waits before, because the event loop is busy
    client_p50: float
    client_p99: float
    client_worst: float
    rss_start: float
    rss_full: float  # with all readers
    rss_end: float  # when they have gone
    cpu: float  # of the server, as a share of one core
    dropped: int  # readers
    received: dict[str, list[str]]  # by list: the digests of what readers got, each once


def lists_of(step: int) -> Iterator[TrendList]:
    """Every list as it is after so many steps; like those of an evening in their size."""
    for number, (scope, window) in enumerate(LISTS):
        rows = [row_of(rank, step + number + rank) for rank in range(1, 21)]
        at = BEGIN_MS + -(-step // 5) * 60_000
        yield TrendList(scope, window, WINDOWS[window], at, step % 5 == 0, "", rows, 900 + step, 500 + step)


def row_of(rank: int, seed: int) -> Trend:
    people = 400 - 19 * rank + seed % 7
    return Trend(
        rank,
        f"#topic{seed % 40}",
        True,
        f"#Topic{seed % 40}",
        [f"#TOPIC{seed % 40}"],
        people * 2,
        people,
        float(people),
        35.0,
        8.0,
        11.6,
        190.5,
        900,
        "rising",
        BEGIN_MS,
        Peak(12.0, BEGIN_MS),
        [],
        [],
        [f"post{seed}-{n}" for n in range(3)],
        [float((seed * n) % 50) for n in range(20)],
        Why(people, 900, False, float(people), 35.0, 8.0, 11.6, 0.96),
    )


# the server's process


class Timed:
    """An ASGI application that notes how long each answer took; streams are left out, they are no answers."""

    def __init__(self, app: Any) -> None:
        self.app, self.state = app, app.state
        self.took: list[float] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or scope["path"].endswith("/stream"):
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        await self.app(scope, receive, send)
        self.took.append(time.perf_counter() - began)


async def watch(waits: list[float]) -> None:
    """What somebody who came in each millisecond would have waited until the event loop had time again, s."""
    while True:
        due = time.perf_counter() + 0.005
        await asyncio.sleep(0.005)
        late_ms = int((time.perf_counter() - due) * 1_000)
        waits.extend([0.0] * 5)
        waits.extend(ms / 1_000 for ms in range(late_ms))


def memory_mib() -> float:
    fields = Path("/proc/self/status").read_text().split("VmRSS:")[1].split()
    return int(fields[0]) / 1024


async def serve(load: Load) -> None:
    """Told on standard input what to do, a word a line; tells on standard output what came of it, JSON a line."""
    from prometheus_client import CollectorRegistry

    from pipeline.gc_tuning import collect_rarely
    from pipeline.sinks.metrics import TrendsCollector
    from pipeline.web.app import create_app
    from pipeline.web.feed import Feed
    from pipeline.web.history import History
    from pipeline.web.run import address_of, bound, server_of

    feed, registry = Feed(), CollectorRegistry()
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder) / "trends.db")
        feed.on_list(history.add)
        feed.on_list(TrendsCollector(registry).take)
        app = Timed(create_app(feed, history, registry=registry))
        held = bound("127.0.0.1", 0)
        server = server_of(app)  # type: ignore[arg-type]
        collect_rarely()
        serving = asyncio.create_task(server.serve(sockets=[held]))
        while not server.started:
            await asyncio.sleep(0.01)
        for one in lists_of(0):
            feed.publish(one)
        say(address=address_of(held), rss=memory_mib())
        waits: list[float] = []
        cpu = 0.0
        while word := (await asyncio.to_thread(sys.stdin.readline)).strip():
            if word == "feed":
                app.took.clear()
                watching = asyncio.create_task(watch(waits))
                began, cpu_began = time.monotonic(), time.process_time()
                for step in range(1, load.steps + 1):
                    await asyncio.sleep(max(0.0, began + step * load.pace_s - time.monotonic()))
                    for one in lists_of(step):
                        feed.publish(one)
                watching.cancel()
                cpu = (time.process_time() - cpu_began) / (time.monotonic() - began)
            say(took=sorted(app.took), waits=sorted(waits), cpu=cpu, rss=memory_mib(), readers=feed.readers)
        server.should_exit = True
        await serving
        history.close()


def say(**told: Any) -> None:
    print(json.dumps(told), flush=True)


# the readers' process


class StreamReader(asyncio.Protocol):
    """Reads one list's stream and keeps a digest of what the events said; ids differ from run to run."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.digest = xxhash.xxh3_128()
        self.events = 0
        self.dropped = False
        self._rest = b""
        self._head = True

    def connection_made(self, transport: Any) -> None:
        transport.write(f"GET {self.path} HTTP/1.1\r\nHost: load\r\n\r\n".encode())

    def data_received(self, data: bytes) -> None:
        rest = self._rest + data if self._rest else data
        if self._head:
            _, found, rest = rest.partition(b"\r\n\r\n")
            self._head = not found
        at = 0
        while (end := rest.find(b"\r\n", at)) >= 0:
            size = int(rest[at:end], 16)
            if len(rest) < end + size + 4:
                break
            for event in rest[end + 2 : end + 2 + size].split(b"\n\n"):
                self._take(event)
            at = end + size + 4
        self._rest = rest[at:]

    def _take(self, event: bytes) -> None:
        if event.startswith(b"event: list"):
            self.digest.update(event.partition(b"\ndata: ")[2])
            self.events += 1
        self.dropped = self.dropped or event.startswith(b"event: dropped")


async def read(load: Load, host: str, port: int) -> None:
    loop = asyncio.get_running_loop()
    readers = []
    for number in range(load.readers):
        scope, window = LISTS[number % len(LISTS)]
        reader = StreamReader(f"/api/v1/stream?scope={scope}&window={window}")
        readers.append((scope, window, reader))
        await loop.create_connection(lambda reader=reader: reader, host, port)
    say(connected=len(readers))
    await asyncio.to_thread(sys.stdin.readline)  # the last list was published
    deadline = time.monotonic() + DONE_WITHIN_S
    while any(not it.dropped and it.events <= load.steps for *_, it in readers) and time.monotonic() < deadline:
        await asyncio.sleep(0.1)
    received: dict[str, set[str]] = {}
    for scope, window, it in readers:
        received.setdefault(f"{scope}/{window}", set()).add(f"{it.events} lists {it.digest.hexdigest()}")
    say(received={name: sorted(seen) for name, seen in received.items()}, dropped=sum(it.dropped for *_, it in readers))


# requests, from the process that asks for it all


class Requests:
    """Requests by the clock over kept connections."""

    def __init__(self, host: str, port: int) -> None:
        self.took: list[float] = []
        self.failed = 0
        self._host, self._port = host, port

    async def go(self, rate: int, over: asyncio.Event) -> None:
        if not rate:
            return
        every = PIPES / rate
        began = time.perf_counter()
        await asyncio.gather(*(self._pipe(n, began + every * n / PIPES, every, over) for n in range(PIPES)))

    async def _pipe(self, number: int, due: float, every: float, over: asyncio.Event) -> None:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        while not over.is_set():
            await asyncio.sleep(due - time.perf_counter())
            path = PATHS[number % len(PATHS)]
            number += 1
            writer.write(f"GET {path} HTTP/1.1\r\nHost: load\r\n\r\n".encode())
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n", 1)[0]))
            self.took.append(time.perf_counter() - due)
            self.failed += not head.startswith(b"http/1.1 200")
            due += every
        writer.close()
        await writer.wait_closed()


@contextlib.contextmanager
def child(role: str, load: Load, *args: object) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "tests.web.load", role, json.dumps(asdict(load)), *map(str, args)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def heard(process: subprocess.Popen[str], word: str = "") -> dict[str, Any]:
    """What the child says next, after it was told the word."""
    assert process.stdin is not None
    assert process.stdout is not None
    if word:
        process.stdin.write(f"{word}\n")
        process.stdin.flush()
    told: dict[str, Any] = json.loads(process.stdout.readline())
    return told


def run(load: Load) -> Outcome:
    """Puts the load on a server of its own and tells what came of it."""
    return asyncio.run(_run(load))


async def _run(load: Load) -> Outcome:
    with child("server", load) as server:
        start = await asyncio.to_thread(heard, server)
        host, port = start["address"].removeprefix("http://").strip("/").split(":")
        with child("readers", load, host, port) as readers:
            await asyncio.to_thread(heard, readers)
            requests, over = Requests(host, int(port)), asyncio.Event()
            asking = asyncio.create_task(requests.go(load.rate, over))
            await asyncio.sleep(WARM_UP_S if load.rate else 0)
            requests.took.clear()
            fed = await asyncio.to_thread(heard, server, "feed")
            over.set()
            await asking
            seen = await asyncio.to_thread(heard, readers, "over")
        end = await asyncio.to_thread(heard, server, "tell")
        while end["readers"]:
            end = await asyncio.to_thread(heard, server, "tell")
    took = sorted(requests.took)
    return Outcome(
        len(took),
        requests.failed,
        part(fed["took"], 0.5),
        part(fed["took"], 0.99),
        part(fed["waits"], 0.99),
        part(took, 0.5),
        part(took, 0.99),
        part(took, 1.0),
        start["rss"],
        fed["rss"],
        end["rss"],
        fed["cpu"],
        seen["dropped"],
        seen["received"],
    )


def part(times_s: Sequence[float], share: float) -> float:
    """The time in ms that this share of the sorted times does not exceed."""
    return times_s[min(len(times_s) - 1, int(share * len(times_s)))] * 1_000 if times_s else 0.0


def unloaded(load: Load) -> Outcome:
    """The same lists, ten times as fast, for one reader of each and without a request."""
    return run(replace(load, readers=len(LISTS), rate=0, pace_s=load.pace_s / 10))


def open_as_many_as_may_be() -> None:
    """Every reader is a connection, on both sides."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def main(role: str, told: str, *rest: str) -> None:
    open_as_many_as_may_be()
    load = Load(**json.loads(told))
    asyncio.run(serve(load) if role == "server" else read(load, rest[0], int(rest[1])))


if __name__ == "__main__":
    main(*sys.argv[1:])
