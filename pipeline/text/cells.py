"""Where a post comes from: its source name, its language, and the hashtag dialect that source speaks."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, get_args

from pipeline.text.networks import LANGUAGES

Dialect = Literal["twitter", "mastodon", "bluesky", "unicode"]
DIALECTS: tuple[Dialect, ...] = get_args(Dialect)

_URL_HOST = re.compile(r"[a-z][a-z0-9+.-]*://(?:[^/?#@]*@)?([^/?#:@]*)")
_NOT_IN_A_NAME = re.compile(r"[^a-z0-9._-]+")
_NAME_LENGTH = 64
_PRIMARY_SUBTAG = re.compile(r"([A-Za-z]{2,3})(?![A-Za-z0-9])")

_TWITTER = frozenset({"twitter", "x", "twitter.com", "x.com", "tweets", "tweet"})
_BLUESKY = frozenset({"bluesky", "bsky", "bsky.app", "bsky.social", "atproto"})
_FEDIVERSE = frozenset(
    {
        "activitypub",
        "akkoma",
        "calckey",
        "diaspora",
        "fediverse",
        "firefish",
        "friendica",
        "gotosocial",
        "hometown",
        "iceshrimp",
        "lemmy",
        "mastodon",
        "mbin",
        "misskey",
        "peertube",
        "pixelfed",
        "pleroma",
        "sharkey",
        "threads",
    }
)
_FEDIVERSE_PARTS = re.compile("|".join(sorted(_FEDIVERSE - {"threads", "diaspora"})))


@lru_cache(maxsize=4_096)
def source_name(source: str | None) -> str:
    """The name by which posts of a source are counted together; '' for none.

    Lower case, a URL stands for its host, only `a-z 0-9 . _ -` kept, 64 characters at most.

    >>> source_name("https://Mastodon.Social/@ann"), source_name("Le Fil (SMS)")
    ('mastodon.social', 'lefilsms')
    """
    if not source:
        return ""
    name = source.lower()
    url = _URL_HOST.match(name)
    return _NOT_IN_A_NAME.sub("", url[1] if url else name)[:_NAME_LENGTH]


@lru_cache(maxsize=4_096)
def language(lang: str | None) -> str:
    """The primary subtag of a language tag in lower case, where it is the code of a language (ISO 639); else ''.

    >>> language("fr-CA"), language("PT_br"), language("und"), language("qq"), language("français")
    ('fr', 'pt', '', '', '')
    """
    found = _PRIMARY_SUBTAG.match(lang) if lang else None
    subtag = found[1].lower() if found else ""
    return subtag if subtag in LANGUAGES else ""


@lru_cache(maxsize=4_096)
def dialect_of(name: str) -> Dialect:
    """The hashtag dialect of a source name: `unicode` unless its network is known.

    >>> dialect_of("x"), dialect_of("mastodon.social"), dialect_of("bluesky"), dialect_of("sms")
    ('twitter', 'mastodon', 'bluesky', 'unicode')
    """
    if name in _TWITTER:
        return "twitter"
    if name in _BLUESKY or name.endswith((".bsky.social", ".bsky.network")):
        return "bluesky"
    if name in _FEDIVERSE or _FEDIVERSE_PARTS.search(name):
        return "mastodon"
    return "unicode"
