"""Playing posts by their own clock: 60x makes a minute of event time last a second."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence

from schemas import Post

SLICE_S = 0.05  # posts that fall due within this much real time are fed together
NAP_S = 0.25  # the longest sleep in one piece, so that a screen can follow its window's size

_SPEED = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)x", re.ASCII)


def parse_speed(text: str) -> float | None:
    """Event seconds per real second; None for `max`. Raises ValueError.

    >>> parse_speed("60x"), parse_speed("0.5x"), parse_speed("max")
    (60.0, 0.5, None)
    """
    if text == "max":
        return None
    found = _SPEED.fullmatch(text)
    if not found or float(found[1]) == 0:
        raise ValueError(f"{text!r} is not a speed; use max, or a factor such as 60x or 1x")
    return float(found[1])


class Pace:
    """Lets posts through when they are due, counted from the first one. `clock` and `sleep` (seconds) are the real ones
    unless a test brings its own; `idle` is called before each nap."""

    def __init__(
        self,
        speed: float,
        idle: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.speed = speed
        self._idle = idle
        self._clock = clock
        self._sleep = sleep
        self._origin: tuple[int, float] | None = None

    def slices(self, posts: Sequence[Post]) -> Iterator[Sequence[Post]]:
        """The posts in their order, in runs that are due at about the same moment, each given when it is due."""
        step_ms = self.speed * SLICE_S * 1_000
        start = 0
        for index, post in enumerate(posts):
            if int(post.time) - int(posts[start].time) >= step_ms:
                self._wait_for(int(posts[start].time))
                yield posts[start:index]
                start = index
        if start < len(posts):
            self._wait_for(int(posts[start].time))
            yield posts[start:]

    def _wait_for(self, time_ms: int) -> None:
        if self._origin is None:
            self._origin = (time_ms, self._clock())
        first_ms, began = self._origin
        due = began + (time_ms - first_ms) / 1_000 / self.speed
        while (left := due - self._clock()) > 0:
            self._idle()
            self._sleep(min(left, NAP_S))
