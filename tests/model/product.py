"""The product's own counting behind the model's interface: posts as messages, its closes as the model's."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.context import Context
from agents.count import CountedPartition
from agents.position import Position
from pipeline.health import Health
from pipeline.trends.counts import Counts
from pipeline.trends.panes import Grid
from schemas import MARKER_HEADER, Post
from schemas.definitions import DEFINITIONS_HEADER, Definitions
from schemas.events import Event
from schemas.topics import Topics

from .rewind import LATENESS, PANE, Close, Record

START = 1_400_000_000_000  # ms, a whole number of panes; a second of the model is a second
_HEALTH = Health(CollectorRegistry())


@dataclass
class OnKafka:
    """A record as the transport gives it."""

    offset: int
    timestamp: int
    value: bytes
    headers: tuple[tuple[str, bytes], ...] = ()
    key: bytes | None = None


def definitions(number: int) -> Definitions:
    """An event named by the number that takes every post; none for 0."""
    return Definitions(number, events=(Event(f"d{number}", hashtags=tuple("abcdef")),) if number else ())


def control(offset: int, timestamp: int, defined: Definitions) -> OnKafka:
    """A control record."""
    headers = ((DEFINITIONS_HEADER, defined.version.encode()),)
    return OnKafka(offset, timestamp, msgspec.json.encode(defined), headers)


class ProductCounter:
    """`CountedPartition` as a `Counter`. A post's id is its topic, so that a close tells what it holds."""

    def __init__(self, lateness: int = LATENESS) -> None:
        self.context = Context(Grid(PANE * 1_000, lateness * 1_000), 1, Topics(), _HEALTH)
        self.start(0, 0)

    def start(self, offset: int, defined: int) -> None:
        self.partition = CountedPartition(Position(TP("posts", 0), 0, offset), self.context, definitions(defined))

    @property
    def defined(self) -> int:
        return self.partition.definitions.at

    def read(self, record: Record) -> list[Close]:
        offset, time, taken = self.partition.position.next, *(START + at * 1_000 for at in (record.time, record.taken))
        if record.defines:
            told = control(offset, taken, definitions(record.defines))
        elif record.gone is not None:
            post = {"id": record.id, "author": "author", "time": time, "deleted": START + record.gone * 1_000}
            text = {"text": f"#{record.id}"} if record.told else {}
            told = OnKafka(offset, taken, msgspec.json.encode(post | text))
        elif record.id:
            told = OnKafka(offset, taken, msgspec.json.encode(Post(record.id, "author", f"#{record.id}", time)))
        else:
            told = OnKafka(offset, taken, b"", ((MARKER_HEADER, b"%d" % time),))
        return [self.close(counts) for counts in self.partition.take([told])]

    def rewind(self) -> int:
        return self.partition.rewind_offset

    @staticmethod
    def close(counts: Counts) -> Close:
        matched = [counts.names.cells[cell].events for cell in counts.cell.tolist()]
        ids = [
            spelling.removeprefix("#") + "".join(events).removeprefix("d")
            for spelling, events in zip(counts.spellings, matched, strict=True)
        ]
        assert set(counts.posts.tolist()) <= {0, 1}
        posted = frozenset(one for one, posts in zip(ids, counts.posts.tolist(), strict=True) if posts)
        withdrawn = np.repeat(np.arange(len(ids)), np.diff(counts.retracted_ptr)).tolist()
        panes = ((counts.retracted_pane - START) // 1_000).tolist()
        gone = [f"{ids[row]}@{pane}" for row, pane in zip(withdrawn, panes, strict=True)]
        assert len(set(gone)) == len(gone), "each once"
        start, late = (counts.start - START) // 1_000, sum(counts.late().values())
        return Close(start, posted, late, counts.duplicates, frozenset(gone))
