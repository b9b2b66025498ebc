"""An event: a named set of hashtags, words and accounts whose posts have trends of their own."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A post belongs to the event when it carries one of its hashtags or words, is by or mentions one of its accounts,
    or names the event itself, its time lies in [start, end), and its source is one of the channels (none: any).

    Hashtags are compared by topic key, words with case and accents folded at word boundaries, accounts without case.
    `time_zone` (IANA) is for display and reports; `moderation` is how the wall begins: `auto` shows unless blocked,
    `manual` once approved.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    hashtags: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=256)], ...] = ()
    words: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=256)], ...] = ()
    accounts: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=256)], ...] = ()
    start: int | None = None  # ms
    end: int | None = None  # ms
    channels: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=256)], ...] = ()  # source names
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] = "UTC"
    moderation: Literal["auto", "manual"] = "auto"
