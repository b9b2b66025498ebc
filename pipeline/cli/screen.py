"""The parts of the terminal that move: a live screen, and the progress of a long run. Pipes and files get none."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from types import TracebackType

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn
from rich.text import Text

REFRESH_S = 0.1


class LiveScreen:
    """The whole terminal shows the lines that `frame(width, height)` gives, drawn anew when `update` is called, at most
    ten times a second. On anything but a terminal it does nothing."""

    def __init__(self, console: Console, frame: Callable[[int, int], Iterable[Text]]) -> None:
        self._console = console
        self._frame = frame
        self._live = Live(console=console, screen=True, auto_refresh=False) if console.is_terminal else None
        self._drawn = float("-inf")

    def __enter__(self) -> LiveScreen:
        if self._live:
            self._live.start()
            self.update()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._live:
            self._live.stop()

    def update(self) -> None:
        """Draws what is true now, unless that was done a moment ago."""
        now = time.monotonic()
        if self._live and now - self._drawn >= REFRESH_S:
            self._drawn = now
            width, height = self._console.size
            self._live.update(Group(*list(self._frame(width, height))[:height]), refresh=True)


class RateColumn(ProgressColumn):
    """What the run says about itself: the event time it has reached, and its speed."""

    def render(self, task: Task) -> Text:
        return Text(str(task.fields.get("note", "")), style="dim", no_wrap=True)


class RunProgress:
    """A bar on the console while it is open, gone afterwards; nothing at all where there is no terminal."""

    def __init__(self, console: Console, title: str, shown: bool = True) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TaskProgressColumn(),
            RateColumn(),
            console=console,
            transient=True,
            refresh_per_second=5,
            disable=not (shown and console.is_terminal),
        )
        self._task = self._progress.add_task(title, total=None, note="")

    def __enter__(self) -> RunProgress:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def update(self, done: float, total: float | None, note: str) -> None:
        """`done` of `total` (None: not known), and a few words."""
        self._progress.update(self._task, completed=done, total=total, note=note)
