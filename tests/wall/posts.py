"""Two events, posts for their walls, and a clock that tests move by hand."""

from __future__ import annotations

from pipeline.web.wall.walls import Walls
from schemas import Post
from schemas.events import Event

A = Event(name="a", hashtags=("#a",))
B = Event(name="b", hashtags=("#b",), moderation="manual")


class Clock:
    def __init__(self) -> None:
        self.ms = 1_000_000

    def __call__(self) -> int:
        return self.ms


def post(number: int, text: str = "", **fields: object) -> Post:
    told = {
        "id": str(number),
        "author": f"p{number}",
        "text": text or f"message {number} #a",
        "time": 1_000,
        "source": "m",
    }
    return Post(**(told | fields))  # type: ignore[arg-type]


def run(walls: Walls, clock: Clock, ms: int) -> None:
    for _ in range(ms // 100):
        clock.ms += 100
        walls.tick()


def refs(walls: Walls, event: str, queue: str = "shown") -> list[str]:
    return [it.ref for it in walls.walls[event].page(queue)]  # type: ignore[arg-type]
