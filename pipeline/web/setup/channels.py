"""Where posts come from: the sources of the server's file, each tried out when somebody asks for it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from pipeline.settings import Settings, SettingsError
from pipeline.sources.live.build import adapters_of
from pipeline.sources.live.checking import Checked, check
from pipeline.sources.live.model import SourceError
from pipeline.sources.senders import Senders
from pipeline.text import topic_key
from pipeline.wording import Language
from schemas.events import Event
from schemas.sources import Source, XSource

WAIT_S = 5.0  # for an answer, and again for a post
KEPT_S = 30.0  # what was found; who asks again within it has it told again


class Channel(NamedTuple):
    """A connection, whether it can be read, what was found out in short and at length, and what exactly is wrong: a
    sentence about the server's file is `english`."""

    name: str
    well: bool
    short: str
    facts: Sequence[str] = ()
    detail: str = ""
    english: bool = False


class Channels:
    """The sources of `settings`. Trying one out connects to the addresses of the server's file and to no others, sends
    nothing to Kafka, and shows no secret. All are tried at the same time, and by one asker at a time."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
        wait_s: float = WAIT_S,
    ) -> None:
        self._settings, self._environ, self._clock, self._wait_s = settings, environ, clock, wait_s
        self._one = asyncio.Lock()
        self._found: tuple[tuple[Event, ...], float, list[Checked]] | None = None

    def all(self) -> list[tuple[str, str]]:
        """Their names and kinds."""
        return [(source.name, str(source.kind)) for source in self._settings.sources]

    async def tried(self, events: Sequence[Event], hashtags: Sequence[str], words: Language) -> list[Channel]:
        """What was found of each, looking for these hashtags; where there are none for those of the events."""
        wanted = tuple(dict.fromkeys(key for tag in hashtags if (key := topic_key(tag))))
        looked_for = (Event("new", hashtags=wanted),) if wanted else tuple(events)
        async with self._one:
            known = self._found
            if known is None or known[0] != looked_for or self._clock() - known[1] > KEPT_S:
                tried = await asyncio.gather(*[self._try(source, looked_for) for source in self._settings.sources])
                known = self._found = looked_for, self._clock(), [one for some in tried for one in some]
        return [_channel(one, words) for one in known[2]]

    async def _try(self, source: Source, events: tuple[Event, ...]) -> list[Checked]:
        mine = msgspec.structs.replace(self._settings, sources=(source,), events=events)
        try:
            adapters = adapters_of(mine, Senders(b"only for a look"), environ=self._environ)
        except SettingsError as error:
            return [Checked(source.name, fault=_UnsetError(str(error)))]
        # to read X is to change the rules of the source that runs, and is paid for
        return await check(adapters, self._wait_s, reads=not isinstance(source, XSource))


class _UnsetError(SourceError):
    kind = "unset"


def _channel(found: Checked, words: Language) -> Channel:
    facts = [fact.said(words) for fact in found.facts]
    if found.fault is not None:
        short, english = words[f"source.found.{found.fault.kind}"], isinstance(found.fault, _UnsetError)
        return Channel(found.name, False, short, facts, found.fault.said(words), english)
    if found.post is None:
        how = "none" if found.waited_s else "connected"
        return Channel(found.name, True, words.say(f"source.found.{how}", n=round(found.waited_s)), facts)
    age_s = found.delay_s
    return Channel(found.name, True, words.say("source.found.post", fresh=age_s < 60, age=round(age_s)), facts)
