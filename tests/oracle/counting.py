"""Which posts count: late posts, duplicates, closed panes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from .people import mentions_of, sample, shown
from .posts import Mark, Said, partition_of, source_name

HOUR_MS = 3_600_000


class Counted(NamedTuple):
    """What a whole log held."""

    posts: list[Said]  # those that count, oldest first
    final: int  # every pane that ends by now is closed in every partition; 0 where nothing was posted
    late_by_source: dict[str, int]
    duplicates: int


def count(log: Iterable[Said | Mark], partitions: int, pane_ms: int, lateness_ms: int) -> Counted:
    """The log of all partitions, read in order and to its end, where the last markers lie."""
    newest: dict[int, int] = {}
    held: dict[tuple[int, int], set[tuple[str, str]]] = defaultdict(set)
    posts: list[Said] = []
    late: Counter[str] = Counter()
    duplicates = 0
    newest_of_all = None
    for record in log:
        if isinstance(record, Mark):
            newest[record.partition] = max(newest.get(record.partition, record.time), record.time)
            continue
        newest_of_all = record.time if newest_of_all is None else max(newest_of_all, record.time)
        partition = partition_of(record.author, partitions)
        pane = record.time // pane_ms * pane_ms
        name = source_name(record.source), record.id
        if partition in newest and pane < (newest[partition] - lateness_ms) // pane_ms * pane_ms:
            late[source_name(record.source)] += 1
        elif name in held[partition, pane]:
            duplicates += 1
        else:
            held[partition, pane].add(name)
            posts.append(record)
            newest[partition] = max(newest.get(partition, record.time), record.time)
    if newest_of_all is None:
        return Counted([], 0, {}, 0)
    marker = end_marker(newest_of_all, pane_ms, lateness_ms)
    ends = [max(newest.get(partition, marker), marker) for partition in range(partitions)]
    final = (min(ends) - lateness_ms) // pane_ms * pane_ms
    return Counted(sorted(posts, key=lambda said: said.time), final, dict(late), duplicates)


def end_marker(newest: int, pane_ms: int, lateness_ms: int) -> int:
    """The time of the markers with which a replay ends.

    A post at a full hour lies in a pane that only the next hour closes: hence the first full hour after it.
    """
    hour = newest // HOUR_MS * HOUR_MS + HOUR_MS
    return -(-(hour + lateness_ms) // pane_ms) * pane_ms


def counts(
    log: Iterable[Said | Mark], partitions: int, pane_ms: int, lateness_ms: int
) -> tuple[dict[tuple[int, str], tuple[int, int]], int, dict[str, int], int]:
    """Closed panes as (pane start, topic) -> (posts, people rounded); late posts; the same by source; duplicates."""
    counted = count(log, partitions, pane_ms, lateness_ms)
    panes = defaultdict(list)
    for said in counted.posts:
        for mention in mentions_of(said):
            panes[said.time // pane_ms * pane_ms, mention.topic].append(mention)
    table = {place: (len(those), shown(sample(those).people, len(those))) for place, those in panes.items()}
    return table, sum(counted.late_by_source.values()), counted.late_by_source, counted.duplicates
