"""Posts of a few people, to work lists out by hand."""

from __future__ import annotations

from typing import Any

from .people import Mention
from .posts import Said
from .streams import START_MS as NOON
from .windows import MINUTE_MS


def say(author: str, minute: float, *topics: str, text: str | None = None, **more: Any) -> Said:
    """A post `minute` minutes after noon, in words of its author's own unless told otherwise."""
    time = NOON + round(minute * MINUTE_MS)
    words = f"says {author}" if text is None else text
    return Said(f"{author}@{time}{topics}", author, words, time, spellings=tuple((t, t) for t in topics), **more)


def crowd(size: int, minute: float, *topics: str, **more: Any) -> list[Said]:
    return [say("person " + "abcdefghijklmnopqrstuvwxyz"[i], minute, *topics, **more) for i in range(size)]


def mention(author: int, text: int, time: int = NOON, cell: str = "") -> Mention:
    return Mention(time, "#a", "#a", author, text, author, (cell, "", frozenset()), frozenset({"all"}))
