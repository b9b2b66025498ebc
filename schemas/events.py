"""An event: a named set of hashtags, words and accounts whose posts have trends of their own."""

from __future__ import annotations

from typing import Annotated

import msgspec


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A post belongs to the event when it carries one of its hashtags or words, is by or mentions one of its accounts,
    or names the event itself, and its time lies in [start, end).

    Hashtags are compared by topic key, words with case and accents folded at word boundaries, accounts without case.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    hashtags: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=256)], ...] = ()
    words: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=256)], ...] = ()
    accounts: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=256)], ...] = ()
    start: int | None = None  # ms
    end: int | None = None  # ms
