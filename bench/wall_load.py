"""A wall under load: readers of its stream, posts by the clock, every fifth with a picture.

python -m bench.wall_load
python -m bench.wall_load --readers 200 --rate 50 --seconds 10 --json
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import sys
import time
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any

from bench.common import load_flags
from pipeline.clock import utc_ms
from tests.web.load import open_as_many_as_may_be, part

PICTURED_ONE_IN = 5
LOOKERS = 20  # of the readers, who fetch the pictures too, as browsers do
DONE_WITHIN_S = 30.0
_TELLS = re.compile(rb"wall message (\d+) ")


@dataclass(frozen=True)
class Load:
    readers: int
    rate: int  # posts a second
    seconds: int


def serve(load: Load, pipe: Connection) -> None:
    """The server's process: tells its address, takes the posts when told to, and tells what it cost."""
    asyncio.run(_serve(load, pipe))


async def _serve(load: Load, pipe: Connection) -> None:
    from pipeline.cli.demo_people import ADDRESS, drawn
    from pipeline.gc_tuning import collect_rarely
    from pipeline.web.app import create_app
    from pipeline.web.feed import Feed
    from pipeline.web.pictures import Pictures
    from pipeline.web.run import address_of, bound, server_of
    from pipeline.web.wall_service import WallService
    from schemas import Post
    from schemas.events import Event
    from schemas.posts import Media

    feed = Feed()
    service = WallService(feed, (Event("fete", hashtags=("#fete",)),), pictures=Pictures(drawn))
    held = bound("127.0.0.1", 0)
    app = create_app(feed, routers=service.routers, on_startup=[service.start], on_shutdown=[service.stop])
    server = server_of(app)
    collect_rarely()
    serving = asyncio.create_task(server.serve(sockets=[held]))
    while not server.started:
        await asyncio.sleep(0.01)
    pipe.send(address_of(held))
    await asyncio.to_thread(pipe.recv)
    began, cpu_began = time.monotonic(), time.process_time()
    assert service.intake is not None
    for number in range(load.rate * load.seconds):
        await asyncio.sleep(max(0.0, began + number / load.rate - time.monotonic()))
        pictured = number % PICTURED_ONE_IN == 0
        media = [Media(f"{ADDRESS}scene/{number % 97}.png", description="a crowd")] if pictured else None
        face = f"{ADDRESS}face/{number % 499}.png"
        text = f"wall message {number} and some more words, as people write them #fete"
        now_ms = utc_ms()
        post = Post(f"p{number}", f"a{number % 900}", text, now_ms, source="m", avatar=face, media=media)
        pipe.send((number, time.monotonic()))
        await service.intake.take([post])
    took_s = time.monotonic() - began
    pipe.send(None)
    await asyncio.to_thread(pipe.recv)
    memory_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
    pipe.send({"cpu": (time.process_time() - cpu_began) / took_s, "memory_mib": memory_mib, "took_s": took_s})
    server.should_exit = True
    await serving


class Reader(asyncio.Protocol):
    """Reads the wall's stream, and notes when it first saw each message."""

    def __init__(self) -> None:
        self.seen: dict[int, float] = {}
        self.bytes = self.snapshots = 0
        self._rest = b""

    def connection_made(self, transport: Any) -> None:
        transport.write(b"GET /api/v1/events/fete/stream?view=wall HTTP/1.1\r\nHost: load\r\n\r\n")

    def data_received(self, data: bytes) -> None:
        self.bytes += len(data)
        rest, now = self._rest + data, time.monotonic()
        self.snapshots += data.count(b"event: now")
        for told in _TELLS.finditer(rest):
            self.seen.setdefault(int(told[1]), now)
        self._rest = rest[-40:]


async def look(host: str, port: int, over: asyncio.Event, took_s: list[float]) -> int:
    """Somebody whose browser fetches the pictures that the wall shows; how many did not come."""
    import httpx

    failed, known = 0, set[str]()
    async with httpx.AsyncClient(base_url=f"http://{host}:{port}", timeout=20) as client:
        while not over.is_set():
            wall = (await client.get("/api/v1/events/fete/wall")).json()
            paths = {it["path"] for post in wall["posts"] for it in post["pictures"]} - known
            known |= paths
            for path in paths:
                began = time.monotonic()
                failed += (await client.get(path)).status_code != 200
                took_s.append(time.monotonic() - began)
            await asyncio.sleep(1)
    return failed


async def run(load: Load) -> dict[str, float]:
    """Puts the load on a server of its own."""
    ours, theirs = get_context("spawn").Pipe()
    process = get_context("spawn").Process(target=serve, args=(load, theirs), daemon=True)
    process.start()
    host, _, port = (await asyncio.to_thread(ours.recv)).removeprefix("http://").strip("/").partition(":")
    loop = asyncio.get_running_loop()
    readers = [(await loop.create_connection(Reader, host, int(port)))[1] for _ in range(load.readers)]
    over, pictures_s = asyncio.Event(), list[float]()
    lookers = [asyncio.create_task(look(host, int(port), over, pictures_s)) for _ in range(min(LOOKERS, load.readers))]
    ours.send("go")
    given: dict[int, float] = {}
    while (one := await asyncio.to_thread(ours.recv)) is not None:
        given[one[0]] = one[1]
    last, deadline = max(given), time.monotonic() + DONE_WITHIN_S
    while any(last not in reader.seen for reader in readers) and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    over.set()
    failed = sum(await asyncio.gather(*lookers))
    ours.send("over")
    cost = await asyncio.to_thread(ours.recv)
    process.join(10)
    waits = sorted(seen - given[number] for reader in readers for number, seen in reader.seen.items())
    return {
        "readers": load.readers,
        "posts": len(given),
        "missed": sum(last not in reader.seen for reader in readers),
        "seen_p50_ms": part(waits, 0.5),
        "seen_p99_ms": part(waits, 0.99),
        "snapshots_a_second": sum(reader.snapshots for reader in readers) / load.readers / cost["took_s"],
        "mib_a_second": sum(reader.bytes for reader in readers) / cost["took_s"] / 1_048_576,
        "pictures": len(pictures_s),
        "pictures_failed": failed,
        "picture_p99_ms": part(sorted(pictures_s), 0.99),
        **cost,
    }


def main() -> None:
    told = load_flags(__doc__, "the wall's stream", 50, "posts", 30)
    open_as_many_as_may_be()
    found = asyncio.run(run(Load(told.readers, told.rate, told.seconds)))
    if told.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:20} {value:,.2f}")
    sys.exit(1 if found["missed"] or found["pictures_failed"] else 0)


if __name__ == "__main__":
    main()
