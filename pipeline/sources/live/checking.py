"""Trying sources out: connect to each, read one post, and say what one may expect."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

from pipeline.sources.live.model import Adapter, Fact, SourceError
from pipeline.sources.live.runner import as_fault
from pipeline.wording import DEFAULT, language
from schemas import Post


@dataclass(slots=True)
class Checked:
    """What was seen of one source; of one that was not waited for (`waited_s` 0) no post."""

    name: str
    facts: list[Fact] = field(default_factory=list)
    fault: SourceError | None = None
    post: Post | None = None
    delay_s: float = 0.0
    waited_s: float = 0.0

    def lines(self) -> list[str]:
        """For people to read; what networks wrote is not made safe for a terminal yet."""
        told = [f"{self.name}: {fact.said(language(DEFAULT))}" for fact in self.facts]
        if self.fault is not None:
            return [*told, f"{self.name}: FAULT: {self.fault}"]
        if self.post is None:
            return [*told, f"{self.name}: connected; no post came in {self.waited_s:.0f} s"]
        text = " ".join(self.post.text.split())[:80]
        return [*told, f"{self.name}: ok; newest post {_ago(self.delay_s)}: {text}"]


async def check(adapters: Sequence[Adapter], wait_s: float, *, reads: bool = True) -> list[Checked]:
    """All at the same time, each for at most so long to answer, and where it `reads` so long again for a post."""
    return list(await asyncio.gather(*[_check(adapter, wait_s, reads) for adapter in adapters]))


async def _check(adapter: Adapter, wait_s: float, reads: bool) -> Checked:
    found = Checked(adapter.name, waited_s=wait_s if reads else 0.0)
    try:
        async with asyncio.timeout(wait_s):
            found.facts = await adapter.probe()
    except Exception as error:
        found.fault = as_fault(error)
    if found.fault is not None or not reads:
        return found
    try:
        async with asyncio.timeout(wait_s), aclosing(adapter.read(None)) as items:
            async for item in items:
                if isinstance(item.content, Post):
                    found.post = item.content
                    published = item.published or int(item.content.time)
                    found.delay_s = max(0.0, time.time() - published / 1_000)
                    break
    except TimeoutError:
        pass  # connected, and nothing was published meanwhile
    except Exception as error:
        found.fault = as_fault(error)
    return found


def _ago(seconds: float) -> str:
    return f"published {seconds:.0f} s ago" if seconds < 120 else f"published {seconds / 60:.0f} min ago"
