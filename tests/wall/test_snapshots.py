"""What the streams of walls tell: made once for all who read it, and nothing passes unseen."""

from __future__ import annotations

import asyncio
import time
from itertools import count
from typing import Any, cast

from litestar.exceptions import NotFoundException

from pipeline.web.events import Snapshots


class Changing:
    """What a look gives, and how often somebody looked."""

    def __init__(self) -> None:
        self.value: int | None = 0
        self.looks = 0
        self._changed = asyncio.Event()

    def next_change(self) -> asyncio.Event:
        return self._changed

    def set(self, value: int | None) -> None:
        self.value = value
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    def look(self) -> int:
        if self.value is None:
            raise NotFoundException
        self.looks += 1
        return self.value


async def told_of(snapshots: Snapshots, wanted: int) -> list[bytes]:
    """What a reader is told until the value comes."""
    told = []
    async for one in snapshots.read():
        told.append(one)
        if one == b"event: now\ndata: %d\n\n" % wanted:
            break
    return told


def test_many_readers_cost_one_look_and_all_see_the_last_change() -> None:
    async def run() -> None:
        changing = Changing()
        snapshots = Snapshots(cast(Any, changing), changing.look, 0.02)
        readers = [asyncio.create_task(told_of(snapshots, 60)) for _ in range(200)]
        for value in range(1, 61):  # faster than they are told
            await asyncio.sleep(0.005)
            changing.set(value)
        told = await asyncio.wait_for(asyncio.gather(*readers), 10)
        assert all(one[-1] == b"event: now\ndata: 60\n\n" for one in told)
        assert changing.looks < 25, "one in each pace, not one for each reader"

    asyncio.run(run())


def test_a_reader_who_comes_later_sees_what_is_there_and_all_end_with_the_event() -> None:
    async def run() -> None:
        changing = Changing()
        snapshots = Snapshots(cast(Any, changing), changing.look, 0.01)
        early = asyncio.create_task(collected(snapshots))
        await asyncio.sleep(0.03)
        late = asyncio.create_task(collected(snapshots))
        await asyncio.sleep(0.03)
        changing.set(1)
        await asyncio.sleep(0.05)
        changing.set(None)
        assert await asyncio.wait_for(asyncio.gather(early, late), 5) == [[b"0", b"1"], [b"0", b"1"]]

    asyncio.run(run())


def test_the_more_read_a_view_the_less_often_each_is_told() -> None:
    async def run() -> None:
        changing = Changing()
        snapshots = Snapshots(cast(Any, changing), changing.look, 0.01)
        readers = [asyncio.create_task(collected(snapshots)) for _ in range(400)]  # 0.2 s
        began = time.monotonic()
        for value in count(1):
            await asyncio.sleep(0.01)
            changing.set(value)
            if value == 60:
                break
        changing.set(None)
        told = await asyncio.wait_for(asyncio.gather(*readers), 5)
        assert max(map(len, told)) <= (time.monotonic() - began) / 0.2 + 3

    asyncio.run(run())


async def collected(snapshots: Snapshots) -> list[bytes]:
    return [one.split()[-1] async for one in snapshots.read() if one.startswith(b"event")]


def test_a_reader_hears_how_many_alerts_fire_when_that_changes() -> None:
    async def run() -> None:
        changing, fires = Changing(), [2]
        told = Snapshots(cast(Any, changing), changing.look, 0.01).read(lambda: fires[-1])
        assert [await anext(told) for _ in range(2)] == [b"event: now\ndata: 0\n\n", b"event: firing\ndata: 2\n\n"]
        changing.set(1)
        assert await anext(told) == b"event: now\ndata: 1\n\n"
        fires.append(0)
        assert await anext(told) == b"event: firing\ndata: 0\n\n"
        await told.aclose()

    asyncio.run(run())
