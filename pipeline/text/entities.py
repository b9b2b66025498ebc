"""What is found in a text: hashtags, cashtags, mentions and links, each with its place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

MAX_LINK = 4_096  # characters


class Item(NamedTuple):
    """A part of a text as written, its sigil included: `text[start:end]`, counted in code points."""

    text: str
    start: int
    end: int


class Entities(NamedTuple):
    """Everything found in a text, each kind in order of occurrence."""

    hashtags: list[Item]
    cashtags: list[Item]
    mentions: list[Item]
    urls: list[Item]


class Rules(NamedTuple):
    """A dialect: the four finders of one network. None of them depends on another one having run."""

    hashtags: Callable[[str], list[Item]]
    cashtags: Callable[[str], list[Item]]
    mentions: Callable[[str], list[Item]]
    urls: Callable[[str], list[Item]]


def outside(items: list[Item], others: Iterable[Item]) -> list[Item]:
    """The items that overlap none of the others that begins before them (both in order of occurrence)."""
    kept = []
    rest = iter(others)
    other = next(rest, None)
    end = 0  # of the last of the others that began before the item
    for item in items:
        while other is not None and other.start <= item.start:
            end = max(end, other.end)
            other = next(rest, None)
        if item.start >= end:
            kept.append(item)
    return kept


def may_be_in_link(text: str, start: int, mark: str) -> bool:
    """Whether what starts here may lie inside a status: a mark that every link begins with stands before it, unspaced.

    Only a hint that spares looking for links, and true when in doubt.
    """
    begin = max(0, start - MAX_LINK)
    return text.find(mark, max(begin, text.rfind(" ", begin, start)), start) >= 0
