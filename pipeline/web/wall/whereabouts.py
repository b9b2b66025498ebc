"""Where somebody's post is: on the wall, in another queue, withdrawn, not of the event, or never come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from pipeline.kafka.lookback import LookedBack
from pipeline.text import EventMatcher, topics_of
from pipeline.web.wall.entries import Shown
from pipeline.web.wall.recent import RecentPosts
from pipeline.web.wall.walls import Walls
from schemas import Post
from schemas.events import Event

Where = Literal["screen", "shown", "waiting", "stashed", "blocked", "withdrawn", "foreign", "past", "never"]
Foreign = Literal["", "early", "over", "source", "account", "words"]

_SCHEME = re.compile(r"^https?://(?:www\.|m\.|mobile\.)?", re.IGNORECASE)
# the part of an address that names the post, wherever else it leads
_NAMES = re.compile(r"/(?:status|statuses|post|notice|p|@[^/]+)/([^/?#]{3,})/?(?:[?#].*)?$")
_PLAIN = re.compile(r"[A-Za-z0-9]+")  # no producer writes these as escapes
SAME_HOSTS = {"x.com": "twitter.com", "twitter.com": "twitter.com"}


class Whereabouts(msgspec.Struct):
    """What became of a post."""

    where: Where
    post: Shown | None = None  # as the wall has it: the original, where it came as a repost
    foreign: Foreign = ""  # why it is none of the event
    behind_s: int = 0  # how long after it was written it came to the wall
    folded: bool = False  # it repeats another post, and is shown as that
    since: int | None = None  # ms: where it never came, how far back was looked
    whole: bool = False  # and that is all that is kept


def whereabouts(walls: Walls, recent: RecentPosts, name: str, asked: str) -> Whereabouts:
    """What became of the post with this address or id, for the wall of that name."""
    wall = walls.walls[name]
    names = names_of(asked)
    entry = next((it for it in wall.entries() if names & names_of_post(it.post)), None)
    folded = False
    if entry is None:
        passing = recent.posts()
        post = next((it for it in reversed(passing) if names & names_of_post(it)), None)
        if post is not None:
            entry = wall.find_copy(post)
            folded = entry is not None
        if entry is None:
            if post is not None:
                return Whereabouts("foreign", foreign=_foreign(wall.event, post))
            if walls.is_withdrawn(names):
                return Whereabouts("withdrawn")
            return Whereabouts("never", since=recent.since())
    shown = wall.as_moderated(entry)
    on_screen = entry.queue == "shown" and any(it.ref == entry.ref for it in (*wall.pinned(), *wall.on_screen()))
    return Whereabouts(
        "screen" if on_screen else entry.queue,
        shown,
        behind_s=max(entry.came_ms - int(entry.post.time), 0) // 1_000,
        folded=folded,
    )


def in_the_past(walls: Walls, name: str, found: LookedBack) -> Whereabouts:
    """The same of a post that a look back through what is kept has found, or has not."""
    if found.post is None:
        return Whereabouts("never", since=found.since_ms, whole=found.whole)
    if found.post.deleted is not None:
        return Whereabouts("withdrawn")
    why = _foreign(walls.walls[name].event, found.post)
    return Whereabouts("foreign", foreign=why) if why else Whereabouts("past", since=int(found.post.time))


def may_be_of(names: frozenset[str]) -> Callable[[bytes], bool]:
    """Whether a record may hold a post of one of these names, by its bytes: quick, and never wrongly no.

    >>> may_be = may_be_of(names_of("https://x.com/Ana/status/17?s=20"))
    >>> may_be(b'{"id": "17"}'), may_be(b'{"id": "18"}')
    (True, False)
    """
    parts = [max(_PLAIN.findall(name.rpartition("/")[2]), key=len, default="") for name in names]
    wanted = [part.lower().encode() for part in parts]
    return lambda value: any(part in low for low in (value.lower(),) for part in wanted)


def names_of(asked: str) -> frozenset[str]:
    """What a post that is asked for may be called: its id, its address without what varies, the end of the address.

    >>> sorted(names_of("https://x.com/ana/status/1715?s=20"))
    ['1715', 'twitter.com/ana/status/1715']
    >>> sorted(names_of(" 17 "))
    ['17']
    """
    asked = asked.strip()
    found = {asked}
    if _SCHEME.match(asked):
        found = {_plain(asked)}
        if (named := _NAMES.search(asked)) is not None:
            found.add(named[1])
    elif asked.startswith("at://"):
        found.add(asked.rpartition("/")[2])
    return frozenset(filter(None, found))


def names_of_post(post: Post) -> frozenset[str]:
    """What a post may be asked for by."""
    found = {post.id, _plain(post.id), post.id.rpartition("/")[2]}
    if post.url:
        found |= names_of(post.url)
    return frozenset(filter(None, found))


def _plain(address: str) -> str:
    host, slash, path = _SCHEME.sub("", address).partition("/")
    host = host.lower()
    return SAME_HOSTS.get(host, host) + slash + re.split(r"[?#]", path)[0].rstrip("/")


def _foreign(event: Event, post: Post) -> Foreign:
    """Why a post that came is none of the event: the first condition without which it would be."""

    def belongs(**changes: object) -> bool:
        return bool(EventMatcher([msgspec.structs.replace(event, **changes)]).match(post, topics_of(post)))

    if belongs():
        return ""  # the event was described otherwise when it came
    time = int(post.time)
    lifted: Iterable[tuple[Foreign, dict[str, object]]] = (
        ("early" if event.start is not None and time < event.start else "over", {"start": None, "end": None}),
        ("source", {"channels": ()}),
        ("account", {"only_accounts": False}),
    )
    everything: dict[str, object] = {}
    for why, change in lifted:
        everything |= change
        if belongs(**everything):
            return why
    return "words"
