"""The demo and the live table, on a terminal and without one."""

from __future__ import annotations

import asyncio
import os
import pty
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from pipeline.cli import demo
from pipeline.cli.demo_backends import InProcess
from pipeline.clock import utc_ms
from pipeline.sources.simulator.scenario import Scenario
from schemas import TrendList, Window
from schemas.alerts import Alert, Order, Rule
from tests.sinks.lists import trend_list

MINUTE_MS = 60_000
PAGE_AND_PAST = (
    r"three hours of past are counted; the walls fill meanwhile: http://127\.0\.0\.1:\d+/\n"
    r"three simulated hours, [\d,]+ posts, counted in [\d.]+ s"
)
SCREEN_ON, SCREEN_OFF = b"\x1b[?1049h", b"\x1b[?1049l"


def tiny(seed: int, start_ms: int, _past_ms: int) -> tuple[Scenario, Scenario]:
    """A quiet half hour for the past, and a quarter for the evening."""
    past_ms, evening_ms = 30 * MINUTE_MS, 15 * MINUTE_MS
    return (
        Scenario(start_ms=start_ms - past_ms, duration_ms=past_ms, rate=3, people=500, topics=40),
        Scenario(start_ms=start_ms, duration_ms=evening_ms, rate=3, people=500, topics=40),
    )


class Terminal:
    """A command in a terminal of its own (80 columns, 24 lines), and all it has written there."""

    def __init__(self, *args: object) -> None:
        self.seen = b""
        self._master, slave = pty.openpty()
        program = "from pipeline.cli import main; main()"
        environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}
        command = [sys.executable, "-W", "error", "-c", program, *map(str, args)]
        self.process = subprocess.Popen(command, stdin=slave, stdout=slave, stderr=slave, env=environment)
        os.close(slave)

    def read_until(self, pattern: bytes | None, seconds: float = 60) -> None:
        """Reads until the pattern has come, or to the end."""
        deadline = time.monotonic() + seconds
        while pattern is None or not re.search(pattern, self.seen):
            assert time.monotonic() < deadline, self.seen[-2_000:]
            try:
                some = os.read(self._master, 65_536)
            except OSError:  # how Linux says that nobody writes any more
                some = b""
            if not some:
                assert pattern is None, self.seen[-2_000:]
                return
            self.seen += some

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)


@pytest.fixture
def served_after(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What the page answered once the short evening was over; then somebody pressed Ctrl-C."""
    answers: list[int] = []

    def over(show: demo._Demo) -> None:
        answers.append(httpx.get(f"{show.address}events").status_code)
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "demo_scenario", tiny)
    monkeypatch.setattr(demo._Demo, "wait", over)
    return answers


def test_without_a_terminal_the_demo_prints_lists_now_and_then_and_serves_until_ctrl_c(
    upswell: Callable[..., Any], served_after: list[int]
) -> None:
    code, out, err = upswell("demo", "--speed", "max", "--in-process")
    assert (code, served_after) == (0, [200])
    assert re.fullmatch(PAGE_AND_PAST + r" in this process\n", err)
    # a print each five minutes of ten; how many of them fall into one batch of posts is the machine's affair
    assert 1 <= len(re.findall(r"^everything  1h to ", out, re.MULTILINE)) <= 4
    assert out.splitlines()[-1].startswith("the evening is over at ")
    assert "\x1b" not in out


def test_the_demo_takes_its_posts_over_a_broker_of_its_own(
    upswell: Callable[..., Any], served_after: list[int]
) -> None:
    code, out, err = upswell("demo", "--speed", "max")
    assert (code, served_after) == (0, [200])
    assert re.fullmatch(PAGE_AND_PAST + r" on Kafka at 127\.0\.0\.1:\d+\n", err)
    assert out.splitlines()[-1].startswith("the evening is over at ")


def test_there_are_lists_of_a_lively_moment_soon() -> None:
    """Of the ten seconds that the first look may take, this is the part that the demo itself works for."""
    shown = demo._Demo(60.0, seed=1, now_ms=time.time_ns() // 1_000_000)
    began_s = time.process_time()
    shown.open(glimpse=False)
    shown.glimpse()
    worked_s = time.process_time() - began_s
    lists = {change.list.scope: change.list for change in shown.feed.all()}
    assert set(lists) == {"all", "event:capcomnet", "event:paris20"}
    assert all(shown.opens_ms - 3 * MINUTE_MS <= one.at <= shown.opens_ms for one in lists.values())
    assert lists["all"].trends[0].topic == "#capcomnet"
    assert len(lists["all"].trends) == 20
    assert worked_s < 3.0


def test_ctrl_c_ends_the_demo_cleanly() -> None:
    with Terminal("demo") as terminal:
        terminal.read_until(rb"three hours of past are")
        terminal.process.send_signal(signal.SIGINT)
        terminal.read_until(None)
        assert terminal.process.wait(10) == 0
    assert b"Traceback" not in terminal.seen
    last = terminal.seen.decode().rstrip().split("\n")[-2:]
    assert "stopped at " in "".join(last)


def test_a_paced_replay_shows_a_live_table_and_gives_the_terminal_back(archive: Path) -> None:
    with Terminal("replay", archive, "--speed", "1000x") as terminal:
        terminal.read_until(None)
        assert terminal.process.wait(10) == 0
    live, _, after = terminal.seen.partition(SCREEN_OFF)
    assert live.count(SCREEN_ON) == 1
    assert b"Ctrl-C ends" in live
    assert b"counted" in after


def test_a_replay_on_a_terminal_shows_progress_and_removes_it(archive: Path) -> None:
    with Terminal("replay", archive) as terminal:
        terminal.read_until(None)
        assert terminal.process.wait(10) == 0
    assert "━" in terminal.seen.decode()
    assert terminal.seen.decode().rstrip().split("\n")[-1].startswith("skipped")


def test_counting_in_this_process_the_demo_obeys_what_is_said_about_alerts() -> None:
    raised: list[Alert] = []
    engine = InProcess((), (Rule("news", resolve_s=0, cooldown_s=0),), list[TrendList]().append, raised.append, every)

    def heard(at: int, *topics: str) -> list[tuple[str, str]]:
        before = len(raised)
        engine.feed(())
        engine._take(trend_list(*topics, at=at * MINUTE_MS))
        return [(one.topic, one.status) for one in raised[before:]]

    assert heard(1, "#feu") == [("#feu", "firing")]
    asyncio.run(engine.give(Order("acknowledge", "news", "#feu", "ann", utc_ms())))
    assert heard(2, "#feu") == []
    asyncio.run(engine.give(Order("mute", "news", "", "ann", utc_ms(), utc_ms() + 3 * MINUTE_MS)))
    assert heard(3, "#feu", "#bal") == [("#feu", "resolved")]
    assert heard(4, "#bal") == []
    assert ("#bal", "firing") in [*heard(5, "#bal"), *heard(6, "#bal")], "the mute ends by the evening's clock"


def every(_scope: str, _window: Window) -> bool:
    return True
