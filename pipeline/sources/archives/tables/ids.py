"""Whether a column names posts: the numbers of rows, people and threads name none of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from pipeline.sources.archives.rounded import looks_rounded
from pipeline.sources.archives.tables.cells import whole

# networks that name posts alike wherever they stand
OF_ONE_COUNT = frozenset({"twitter", "mastodon", "bluesky", "reddit", "hackernews", "4chan", "youtube", "weibo"})
_ROWS_OF_ONE = 4  # so many different rows that share an id, on average, tell that it is no post's
_SHARED = 2  # so many ids, and half of those seen more than once, that people or moments share tell the same
_COUNTED = 3  # rows
_MANY = 20  # rows that fall by one each


def name_posts(ids: Sequence[str], said: Sequence[tuple[str, ...]], whence: Sequence[tuple[str, ...]]) -> bool:
    """Whether the ids of these rows name the posts in them; `said` is what each row says, `whence` the part of it that
    stays where a post is seen once more: its author and time.

    >>> twice = [("ana", "10:40")] * 2 + [("bo", "10:41")] * 2
    >>> name_posts(["7", "7", "8", "8"], [("hi",), ("hi!",), ("ho",), ("ho",)], twice)
    True
    >>> answers = [("ana", "10:40"), ("bo", "10:41"), ("cy", "10:42"), ("di", "10:43")]
    >>> name_posts(["7", "7", "8", "8"], [("hi",), ("ho",), ("ha",), ("he",)], answers)
    False
    """
    if any(map(looks_rounded, ids)):
        return True  # which is told
    if len(ids) >= _ROWS_OF_ONE and _ROWS_OF_ONE * len(set(ids)) < len(set(said)):
        return False
    seen: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for identity, origin in zip(ids, whence, strict=True):
        seen[identity].append(origin)
    often = [origins for origins in seen.values() if len(origins) > 1]
    shared = sum(len(set(origins)) > 1 for origins in often)
    return shared < _SHARED or 2 * shared < len(often)


def are_row_numbers(ids: Sequence[str]) -> bool:
    """Whether ids count the rows, as programs do that write a table: from 0 or 1 on, and anew where another begins; or
    down to these, as in a table that was turned round.

    >>> are_row_numbers(["0", "1", "2"]), are_row_numbers(["1.0", "2.0", "id", "1.0"]), are_row_numbers(["7", "8", "9"])
    (True, True, False)
    >>> are_row_numbers(["3", "2", "1"]), are_row_numbers(["9", "8", "7"])
    (True, False)
    """
    numbers = [int(cell) for cell in map(whole, ids) if cell.isdecimal() and len(cell) < 10]
    follow = all(number in (before + 1, 0, 1) for before, number in zip([0, *numbers], numbers, strict=False))
    falling = all(number == before - 1 for before, number in pairwise(numbers))
    fall = falling and (numbers[-1:] in ([0], [1]) or len(numbers) >= _MANY)
    return len(numbers) >= _COUNTED and (follow or fall)
