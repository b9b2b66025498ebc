"""A source: where posts come from by themselves, as `[[source]]` tables of upswell.toml describe it."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
Host = Annotated[str, msgspec.Meta(pattern=r"^(https?://|wss?://)?[A-Za-z0-9._-]{1,253}(:\d{1,5})?/?$")]
Address = Annotated[str, msgspec.Meta(pattern=r"^https?://\S{1,2000}$")]
Relay = Annotated[str, msgspec.Meta(pattern=r"^wss?://\S{1,2000}$")]
Hashtag = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]
Hashtags = Annotated[tuple[Hashtag, ...], msgspec.Meta(max_length=100)]
Secret = Annotated[str, msgspec.Meta(max_length=4_096)]  # `$NAME`: the environment variable NAME
Seconds = Annotated[float, msgspec.Meta(ge=1, le=86_400)]


class _Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What all sources have. Posts published more than `max_age_s` before they are received are left out."""

    name: Name

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"  # tokens and passwords are for nobody's log


class MastodonSource(_Source, frozen=True, kw_only=True):
    """Hashtags on servers with the Mastodon API; with a token they stream, without one they are polled."""

    kind: Literal["mastodon"]
    servers: Annotated[tuple[Host, ...], msgspec.Meta(min_length=1, max_length=32)]
    hashtags: Hashtags = ()  # none: those of all events
    token: Secret = ""
    transport: Literal["auto", "websocket", "sse", "poll"] = "auto"
    every_s: Seconds = 30.0  # between two polls
    max_age_s: Seconds = 3_600.0


class BlueskySource(_Source, frozen=True, kw_only=True):
    """Bluesky by Jetstream: posts with a hashtag or word, or by one of the accounts."""

    kind: Literal["bluesky"]
    hosts: Annotated[tuple[Host, ...], msgspec.Meta(max_length=32)] = ()  # none: the public ones
    protocol: Literal["v1", "v2"] = "v1"
    hashtags: Hashtags = ()
    words: Hashtags = ()  # neither hashtags nor words: those of all events, and where there are none, all posts
    dids: Annotated[tuple[Hashtag, ...], msgspec.Meta(max_length=10_000)] = ()
    max_age_s: Seconds = 3_600.0


class FeedSource(_Source, frozen=True, kw_only=True):
    """RSS, Atom and JSON feeds."""

    kind: Literal["feed"]
    urls: Annotated[tuple[Address, ...], msgspec.Meta(min_length=1, max_length=200)]
    every_s: Seconds = 300.0
    max_age_s: Seconds = 86_400.0


class ImapSource(_Source, frozen=True, kw_only=True):
    """A mailbox: each mail is a post."""

    kind: Literal["imap"]
    host: Host
    user: Secret
    password: Secret
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 993
    folder: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] = "INBOX"
    tls: bool = True
    max_age_s: Seconds = 86_400.0


class MaildirSource(_Source, frozen=True, kw_only=True):
    """A folder of mails, as a mail server on this machine writes it."""

    kind: Literal["maildir"]
    path: Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]
    every_s: Seconds = 2.0
    max_age_s: Seconds = 86_400.0


class NostrSource(_Source, frozen=True, kw_only=True):
    """Hashtags on Nostr relays."""

    kind: Literal["nostr"]
    relays: Annotated[tuple[Relay, ...], msgspec.Meta(min_length=1, max_length=32)]
    hashtags: Hashtags = ()  # none: those of all events
    max_age_s: Seconds = 3_600.0


class XSource(_Source, frozen=True, kw_only=True):
    """X's filtered stream: posts that fit a rule. X asks money for each."""

    kind: Literal["x"]
    token: Annotated[Secret, msgspec.Meta(min_length=1)]
    rules: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)], ...], msgspec.Meta(max_length=1_000)
    ] = ()
    hashtags: Hashtags = ()  # neither rules nor hashtags: the hashtags of all events
    api: Address = "https://api.x.com"
    max_age_s: Seconds = 3_600.0


Source = MastodonSource | BlueskySource | FeedSource | ImapSource | MaildirSource | NostrSource | XSource
SOURCE_KINDS: dict[str, type[Source]] = {
    "mastodon": MastodonSource,
    "bluesky": BlueskySource,
    "feed": FeedSource,
    "imap": ImapSource,
    "maildir": MaildirSource,
    "nostr": NostrSource,
    "x": XSource,
}
