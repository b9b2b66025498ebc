"""`python -m tests.kafka.lagging FILE ...`: upswell that writes into FILE how late its event loop was, a Lag in JSON a
line each time it looked; it looks every LOOKS_EVERY_S from a thread of its own."""

from __future__ import annotations

import asyncio
import sys
import threading
import time
import traceback
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import msgspec

from pipeline.cli import main

LOOKS_EVERY_S = 0.02
LONG_S = 0.1  # after so long it is asked who holds the loop


class Lag(msgspec.Struct, array_like=True):
    """How long the loop did not come back, in ms: by the wall clock, which counts what other processes take too, and by
    what this process, all threads of it, worked meanwhile and in the 20 ms before."""

    wall_ms: float
    cpu_ms: float
    where: str = ""  # what held the loop, where it was long


def lags_in(file: Path, after: int = 0) -> list[Lag]:
    """What was written, but for the first `after`; a line that is not whole yet is none."""
    lines = file.read_text().split("\n")[:-1]
    return [msgspec.json.decode(line, type=Lag) for line in lines[after:]]


def watch(loop: asyncio.AbstractEventLoop, of_loop: int, file: Path) -> None:
    with file.open("a", buffering=1) as out:
        while loop.is_running():
            heard, where = threading.Event(), ""
            due, worked = time.monotonic() + LOOKS_EVERY_S, time.process_time()
            time.sleep(LOOKS_EVERY_S)  # who holds the interpreter holds this up, too
            loop.call_soon_threadsafe(heard.set)
            if not heard.wait(LONG_S):
                frame = sys._current_frames().get(of_loop)
                where = " < ".join(
                    f"{it.name} {Path(it.filename).name}:{it.lineno}"
                    for it in reversed(traceback.extract_stack(frame, 9) if frame else [])
                )
                heard.wait()
            wall_s, cpu_s = time.monotonic() - due, time.process_time() - worked
            out.write(msgspec.json.encode(Lag(wall_s * 1_000, cpu_s * 1_000, where)).decode() + "\n")


def watching(file: Path) -> Any:
    run = asyncio.run

    def watched(main: Coroutine[Any, Any, Any], **how: Any) -> Any:
        async def first() -> Any:
            told = asyncio.get_running_loop(), threading.get_ident(), file
            threading.Thread(target=watch, args=told, daemon=True).start()
            return await main

        return run(first(), **how)

    return watched


if __name__ == "__main__":
    asyncio.run = watching(Path(sys.argv.pop(1)))
    main()
