"""A server with walls for tests: a real one on a free port, so that streams and browsers work as they do for people."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import uvicorn
from litestar import Litestar

from pipeline.web.events import event_routes
from pipeline.web.moderation import moderation_routes
from pipeline.web.wall.intake import Intake
from pipeline.web.wall.tokens import Gate
from pipeline.web.wall.walls import Walls
from schemas import Post
from schemas.access import Token
from schemas.events import Event

ANN = Token("ann", "a-secret-for-ann-0", "write")
BOB = Token("bob", "a-secret-for-bob-0", "write")
EVE = Token("eve", "a-secret-for-eve-0", "read")
EVENTS = (
    Event(name="fete", title="Fête <b>de</b> la ville", hashtags=("#fete",)),
    Event(name="conf", title="Conf", hashtags=("#conf",), moderation="manual"),
)


class Served:
    """The server's address, and a way to put posts on its walls and to look at them."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.walls: Walls
        self.intake: Intake
        self.loop: asyncio.AbstractEventLoop

    def take(self, *posts: Post) -> int:
        return asyncio.run_coroutine_threadsafe(self.intake.take(posts), self.loop).result(10)


def eventually(claim: Callable[[], object], within_s: float = 10.0) -> float:
    """Waits until the claim holds; how long it took."""
    began = time.monotonic()
    while not claim():
        assert time.monotonic() - began < within_s, "it did not come true in time"
        time.sleep(0.02)
    return time.monotonic() - began


@contextlib.contextmanager
def serving(tokens: Sequence[Token] = (ANN, BOB, EVE), events: Sequence[Event] = EVENTS) -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    served = Served(port)

    @contextlib.asynccontextmanager
    async def life(_app: Litestar):  # type: ignore[no-untyped-def]
        served.loop = asyncio.get_running_loop()
        served.intake = Intake(served.walls)
        running = asyncio.create_task(served.walls.run())
        yield
        running.cancel()

    async def main() -> None:
        served.walls = Walls(events)
        app = Litestar([event_routes(served.walls), moderation_routes(served.walls, Gate(tokens))], lifespan=[life])
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning", timeout_graceful_shutdown=1))
        stop.append(server)
        await server.serve()

    stop: list[uvicorn.Server] = []
    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    eventually(lambda: stop and stop[0].started)
    try:
        yield served
    finally:
        stop[0].should_exit = True
        thread.join(10)
