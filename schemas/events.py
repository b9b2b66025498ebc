"""An event: a named set of hashtags, words and accounts whose posts have trends of their own."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Colour = Annotated[str, msgspec.Meta(pattern=r"^(#[0-9a-fA-F]{6})?$")]
Layout = Literal["grid", "single", "carousel", "masonry"]
Font = Literal["plain", "serif", "rounded", "narrow"]


class Stage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How an event's big screen looks. `layout`: posts side by side, one at a time, in a row that moves on, or in
    columns of uneven cards. Colours are `#rrggbb`; ink follows the background; fonts are
    those that the screen's machine has. `logo` is a picture as a data: address;
    `sponsor` is a text with a slide of its own; so has the programme, of which `schedule` is the iCalendar address."""

    layout: Layout = "grid"
    theme: Literal["auto", "light", "dark"] = "auto"
    font: Font = "plain"
    background: Colour = ""
    accent: Colour = ""
    logo: Annotated[
        str, msgspec.Meta(pattern=r"^(data:image/(png|jpeg|webp);base64,[A-Za-z0-9+/=]+)?$", max_length=40_000)
    ] = ""
    sponsor: Annotated[str, msgspec.Meta(max_length=200)] = ""
    schedule: Annotated[str, msgspec.Meta(pattern=r"^(https://\S{1,2000})?$")] = ""


class Event(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A post belongs to the event when it carries one of its hashtags or words, is by or mentions one of its accounts,
    or names the event itself, its time lies in [start, end), and its source is one of the channels (none: any).
    With `only_accounts` nobody but its accounts writes to it: what they write with one of its hashtags or words, or all
    of it where it has neither; a post that names the event itself is not bound by that.

    Hashtags are compared by topic key, words with case and accents folded at word boundaries, accounts without case.
    `time_zone` (IANA) is for display and reports; `moderation` is how the wall begins: `auto` shows unless blocked,
    `manual` once approved; `stage` is how its big screen looks; `posting` lets people in the room write
    to it at `/post/NAME`, `posting_pictures` send a picture with it, which waits for approval.
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
    stage: Stage = Stage()
    posting: bool = False
    posting_pictures: bool = False
    only_accounts: bool = False
