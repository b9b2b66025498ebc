"""A post as a plain tuple, its cell, its scopes and its partition."""

from __future__ import annotations

from typing import Any, NamedTuple

from xxhash import xxh64_intdigest as xxh64


class Said(NamedTuple):
    """One post. `spellings` are (as written, key): the oracle extracts nothing, the test says what the text holds."""

    id: str
    author: str
    text: str
    time: int  # ms
    source: str | None = None
    lang: str | None = None
    repost_of: str | None = None
    spellings: tuple[tuple[str, str], ...] = ()
    events: tuple[str, ...] = ()
    bot: bool = False
    server: str | None = None
    words: str = "off"  # of which posts words are topics: off, events, all


class Retracted(NamedTuple):
    """A retraction: the post as it was, and when it was withdrawn. It may not know the text, or the post: then it is of
    all that the author has posted."""

    said: Said
    at: int  # ms
    knows_text: bool = True
    knows_post: bool = True

    @property
    def tells_text(self) -> bool:
        """A text that is empty is as good as none."""
        return self.knows_text and full_text(self.said) != ""


class Mark(NamedTuple):
    """A marker: an empty post that moves the clock of one partition."""

    partition: int
    time: int


def full_text(said: Said) -> str:
    """The words and every spelling, parted by spaces, so that an extraction finds exactly the spellings."""
    return " ".join([said.text, *(written for written, _ in said.spellings)]).strip()


def as_post(said: Said) -> dict[str, Any]:
    """The fields of the message on the `posts` topic that says the same."""
    fields: dict[str, Any] = {"id": said.id, "author": said.author, "text": full_text(said), "time": said.time}
    if said.source is not None:
        fields["source"] = said.source
    if said.lang is not None:
        fields["lang"] = said.lang
    if said.repost_of is not None:
        fields["repost_of"] = said.repost_of
    if said.events:
        fields["events"] = list(said.events)
    if said.bot:
        fields["bot"] = True
    if said.server is not None:
        fields["server"] = said.server
    return fields


def as_retraction(retracted: Retracted) -> dict[str, Any]:
    """The fields of the message on the `posts` topic that says the same."""
    fields = as_post(retracted.said) | {"deleted": retracted.at}
    without = (
        *(() if retracted.knows_text else ("text", "lang", "repost_of")),
        *(() if retracted.knows_post else ("id",)),
    )
    return {name: value for name, value in fields.items() if name not in without}


def source_name(source: str | None) -> str:
    """Lower case, a URL stands for its host, only `a-z 0-9 . _ -`, at most 64 characters.

    >>> source_name("https://Mastodon.Example/@me"), source_name("Mail Box!"), source_name(None)
    ('mastodon.example', 'mailbox', '')
    """
    name = (source or "").lower()
    if "://" in name:
        name = name.split("://", 1)[1]
        for end in "/?#":
            name = name.split(end, 1)[0]
        name = name.split("@")[-1].split(":")[0]
    return "".join(c for c in name if c in "abcdefghijklmnopqrstuvwxyz0123456789._-")[:64]


def origin_of(said: Said) -> int:
    """The 32 bits of the author's account: those of its server, and the lowest 1 for a bot; 0 where nothing is known.

    >>> origin_of(Said("1", "a", "", 0)), origin_of(Said("1", "a", "", 0, bot=True, server="?"))
    (0, 1)
    """
    name = source_name(said.server)
    server = xxh64(name.encode()) >> 33 | 1 if name else 0
    return 2 * server + said.bot


def network_of(name: str) -> str:
    """What a source name counts with: itself where the streams here use a known one, else its network, or `other`.

    >>> network_of("sms"), network_of("mastodon.example"), network_of("lefil"), network_of("")
    ('sms', 'mastodon', 'other', '')
    """
    if name in ("", "sms", "twitter", "other"):
        return name
    return "mastodon" if "mastodon" in name else "other"


def language(lang: str | None) -> str:
    """The primary subtag, lower case, where it is a language that the streams here use; "" for none.

    >>> language("fr-CA"), language("und"), language("EN_us"), language("klingon")
    ('fr', '', 'en', '')
    """
    primary = (lang or "").lower().replace("_", "-").split("-", 1)[0]
    return primary if primary in ("fr", "en") else ""


def cell_of(said: Said) -> tuple[str, str, frozenset[str]]:
    """(source, language, events)."""
    return network_of(source_name(said.source)), language(said.lang), frozenset(said.events)


def scopes_of(said: Said) -> frozenset[str]:
    """The scopes in which the post counts."""
    source, lang, events = cell_of(said)
    scopes = {"all"} | {f"event:{name}" for name in events}
    if lang:
        scopes.add(f"lang:{lang}")
    if source:
        scopes.add(f"source:{source}")
    return frozenset(scopes)


def murmur2(data: bytes) -> int:
    """The hash by which Kafka's own producers place a key (32 bits, unsigned).

    >>> murmur2(b"21") - (1 << 32), murmur2(b"abc")   # from the tests of Kafka's clients
    (-973932308, 479470107)
    """
    word, m = (1 << 32) - 1, 0x5BD1E995
    h = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for i in range(0, whole, 4):
        k = int.from_bytes(data[i : i + 4], "little") * m & word
        k = (k ^ k >> 24) * m & word
        h = h * m & word ^ k
    if data[whole:]:
        h = (h ^ int.from_bytes(data[whole:], "little")) * m & word
    h = (h ^ h >> 13) * m & word
    return h ^ h >> 15


def partition_of(author: str, partitions: int) -> int:
    """The partition in which an author's posts lie."""
    return (murmur2(author.encode()) & 0x7FFFFFFF) % partitions
