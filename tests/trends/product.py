"""The product, fed with the oracle's plain posts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from pipeline.local import Local, Options, Stats
from schemas import Post, TrendList, decode_post
from schemas.definitions import Words
from schemas.events import Event
from tests.oracle.posts import Retracted, Said, as_post, as_retraction
from tests.oracle.streams import EVENTS, MAX_OUT_OF_ORDERNESS_MS, PANE_MS

Panes = dict[tuple[int, str], tuple[int, int]]


def run(
    log: Iterable[Said | Retracted],
    partitions: int = 4,
    max_out_of_orderness_ms: int = MAX_OUT_OF_ORDERNESS_MS,
    batch: int = 1_000_000,
    words: Words = "off",
) -> tuple[list[dict[str, Any]], Panes, Stats]:
    """(lists as dicts, panes as the oracle's counts, stats) of a whole log, fed in batches."""
    lists: list[TrendList] = []
    panes: Panes = {}

    def keep(pane: Any) -> None:
        for key, posts, people in pane.topics():
            assert (pane.start, key) not in panes, "a pane is final once"
            panes[pane.start, key] = posts, people

    events = tuple(Event(name) for name in EVENTS)
    local = Local(
        Options(PANE_MS, max_out_of_orderness_ms, partitions, events, words=words), on_panes=keep, on_list=lists.append
    )
    posts = [post_of(record) for record in log]
    for first in range(0, len(posts), batch):
        local.feed(posts[first : first + batch])
    local.finish()
    return in_order(msgspec.to_builtins(lists)), panes, local.stats


def post_of(record: Said | Retracted) -> Post:
    """The message."""
    if isinstance(record, Retracted):
        told = as_retraction(record) | (_declared(record.said) if record.knows_text else {})
        return decode_post(msgspec.json.encode(told))
    return msgspec.convert(as_post(record) | _declared(record), Post)


def _declared(said: Said) -> dict[str, Any]:
    """The spellings as declared tags, too: not every dialect knows cashtags."""
    return {"tags": [written for written, _ in said.spellings]}


def in_order(lists: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """By time, window and scope, as the oracle gives them."""
    return sorted(lists, key=lambda one: (one["at"], one["window_s"], one["scope"]))
