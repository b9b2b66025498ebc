"""Which posts count: late posts, duplicates, closed panes."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .people import ALL_WORDS, Mention, mentions_of, sample, shown
from .posts import Mark, Retracted, Said, network_of, partition_of, source_name
from .withdrawing import Withdrawal, same_network, withdrawn_mentions, withdrawn_posts

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


class Counted(NamedTuple):
    """What a whole log held."""

    posts: list[Said]  # those that count, oldest first
    final: int  # every pane that ends by now is closed in every partition; 0 where nothing was posted
    late_by_source: dict[str, int]
    duplicates: int
    withdrawals: Sequence[Withdrawal] = ()  # by retractions that are used, in log order
    unused: int = 0  # retractions
    minutes: Sequence[Mention] = ()  # of the posts, each with the pane from which it is withdrawn
    hours: Sequence[Mention] = ()  # of hourly records, in the same way
    gone: Sequence[dict[int, int]] = ({}, {})  # by minutes, by hours: the pane from which each post is withdrawn


def count(
    log: Iterable[Said | Mark | Retracted], partitions: int, pane_ms: int, max_out_of_orderness_ms: int
) -> Counted:
    """The log of all partitions, read in order and to its end, where the last markers lie."""
    newest: dict[int, int] = {}
    held: dict[tuple[int, int], set[tuple[str, str]]] = defaultdict(set)
    posts: list[Said] = []
    late: Counter[str] = Counter()
    duplicates = 0
    newest_of_all = None
    withdrawals: list[Withdrawal] = []
    unknown: list[tuple[Retracted, int]] = []  # and how many posts had come by then
    unused = 0
    for record in log:
        if isinstance(record, Retracted):
            said, partition = record.said, partition_of(record.said.author, partitions)
            frontier = 0
            if partition in newest:
                frontier = max(0, (newest[partition] - max_out_of_orderness_ms) // pane_ms * pane_ms)
            home = said.time // pane_ms * pane_ms
            at = max(max(record.at, said.time) // pane_ms * pane_ms, frontier)
            told = record.tells_text
            if not told or not record.knows_post:
                if home >= frontier:
                    unknown.append((record, len(posts)))
                else:
                    unused += 1
            if record.knows_post and at - home <= DAY_MS:
                withdrawals.append(Withdrawal(said if told else without_text(said), home, at, told))
            elif told and record.knows_post:
                unused += 1
            continue
        if isinstance(record, Mark):
            newest[record.partition] = max(newest.get(record.partition, record.time), record.time)
            continue
        newest_of_all = record.time if newest_of_all is None else max(newest_of_all, record.time)
        partition = partition_of(record.author, partitions)
        pane = record.time // pane_ms * pane_ms
        name = source_name(record.source), record.id
        if partition in newest and pane < (newest[partition] - max_out_of_orderness_ms) // pane_ms * pane_ms:
            late[network_of(source_name(record.source))] += 1
        elif name in held[partition, pane]:
            duplicates += 1
        else:
            held[partition, pane].add(name)
            posts.append(record)
            newest[partition] = max(newest.get(partition, record.time), record.time)
    for record, came in unknown:
        said, home = record.said, record.said.time // pane_ms * pane_ms
        for post in posts if record.knows_post else posts[:came]:
            here = post.time // pane_ms * pane_ms == home and post.author == said.author and mentions_of(post)
            if here and (post.id == said.id or not record.knows_post) and same_network(post, said):
                withdrawals.append(Withdrawal(post._replace(source=said.source), home, home))
    if newest_of_all is None:
        return Counted([], 0, {}, 0)
    marker = end_marker(newest_of_all, pane_ms, max_out_of_orderness_ms)
    ends = [max(newest.get(partition, marker), marker) for partition in range(partitions)]
    final = (min(ends) - max_out_of_orderness_ms) // pane_ms * pane_ms
    posts.sort(key=lambda said: said.time)
    minutes, hours = withdrawn_mentions(posts, withdrawals)
    gone = withdrawn_posts(posts, withdrawals)
    return Counted(posts, final, dict(late), duplicates, withdrawals, unused, minutes, hours, gone)


def without_text(said: Said) -> Said:
    """As far as a retraction tells it that does not know the text."""
    return said._replace(spellings=(), words="off")


def end_marker(newest: int, pane_ms: int, max_out_of_orderness_ms: int) -> int:
    """The time of the markers with which a replay ends.

    A post at a full hour lies in a pane that only the next hour closes: hence the first full hour after it.
    """
    hour = newest // HOUR_MS * HOUR_MS + HOUR_MS
    return -(-(hour + max_out_of_orderness_ms) // pane_ms) * pane_ms


def counts(
    log: Iterable[Said | Mark | Retracted], partitions: int, pane_ms: int, max_out_of_orderness_ms: int
) -> tuple[dict[tuple[int, str], tuple[int, int]], int, dict[str, int], int]:
    """Closed panes as (pane start, topic) -> (posts, people rounded); late posts; the same by source; duplicates."""
    counted = count(log, partitions, pane_ms, max_out_of_orderness_ms)
    panes = defaultdict(list)
    for said in counted.posts:
        for mention in mentions_of(said):
            panes[said.time // pane_ms * pane_ms, mention.topic].append(mention)
    table = {
        place: (len(those), shown(sample(those).people, len(those)))
        for place, those in panes.items()
        if place[1] != ALL_WORDS
    }
    return table, sum(counted.late_by_source.values()), counted.late_by_source, counted.duplicates
