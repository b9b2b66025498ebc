"""All walls of a server: posts come in, decisions are kept and obeyed, and whoever watches is told at once."""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress

from pipeline.clock import utc_ms
from pipeline.moderation.log import DecisionLog, LogError, MemoryLog
from pipeline.moderation.state import WITHDRAWN_KNOWN, ConflictError, Moderation, means, original_ref, post_ref
from pipeline.text import EventMatcher, language, network_of, printable, source_name, topics_of
from pipeline.web.wall.entries import Decided, Link, no_pictures
from pipeline.web.wall.store import PostStore
from pipeline.web.wall.wall import Wall
from schemas import Post, TrendList
from schemas.events import Event
from schemas.moderation import EVERYWHERE, Decision, Kind

TICK_S = 0.2
AUDIT_KEPT = 2_000  # decisions that can be looked up and undone here; the log keeps all
DECISIONS_TOLD = 20  # of them

audit = logging.getLogger("upswell.audit")
_log = logging.getLogger(__name__)


class FillingError(Exception):
    """Asked about a post that may still come back: the posts of before a start are not all read yet."""


class Walls:
    """The walls of these events. Not thread-safe: belongs to one event loop."""

    def __init__(
        self,
        events: Sequence[Event],
        log: DecisionLog | None = None,
        store: PostStore | None = None,
        *,
        clock: Callable[[], int] = utc_ms,
        link: Link = no_pictures,
    ) -> None:
        """Replays the log and takes the kept posts; `link` tells under which path pages load pictures. Raises
        LogError."""
        self.moderation = Moderation()
        self.audit: list[Decision] = []
        self.walls: dict[str, Wall] = {}
        self.clock = clock
        self.filling = False  # whether posts of before this start are still read back
        self._link = link
        self._matcher = EventMatcher(events)
        self._decisions = log or MemoryLog()
        self._store = store
        self._unkept: list[tuple[str, int, Post]] = []
        self._changed = asyncio.Event()
        self._heard: list[Callable[[], None]] = []
        self._withdrawn: dict[str, str] = {}  # reference of a post -> its author
        self._unforgotten: list[Post] = []  # retractions of posts that the store may hold
        self._unheard = False  # whether lists may name a post that was withdrawn since the last tick
        for decision in self._decisions.fresh():
            self.moderation.apply(decision)
            self._remember(decision)
        self.walls = {event.name: self._wall(event) for event in events}

    def redefine(self, events: Sequence[Event]) -> set[str]:
        """These are the events from now on: a new one gets a wall, with the posts that are kept of it; one that changed
        keeps its wall, one that is gone loses it. Returns the names of the new ones. Raises ValueError (nothing changes
        then), LogError."""
        matcher = EventMatcher(events)
        walls = {event.name: self.walls.get(event.name) or self._wall(event) for event in events}
        for event in events:
            walls[event.name].redefine(event, self.clock())
        new = walls.keys() - self.walls.keys()
        self.walls, self._matcher = walls, matcher
        self._tell()
        return new

    def _wall(self, event: Event) -> Wall:
        wall = Wall(event, self.moderation, self._link)
        for came_ms, post in self._store.of(event.name) if self._store else ():
            wall.take(post, came_ms, old=True)
        return wall

    def on_decision(self, heard: Callable[[], None]) -> None:
        """Calls `heard` after every decision, whoever made it: what shows lists asks `visible` again."""
        self._heard.append(heard)

    def take(
        self, posts: Sequence[Post], came_ms: Sequence[int] | None = None, on: Collection[str] | None = None
    ) -> int:
        """Puts posts on the walls of their events, or on those of them that are named by `on`; how many places they
        took (a post of two events: two). `came_ms` is told of those from before a restart, or before there was the
        event: screens show the newest of them as if they had never left."""
        taken = 0
        old = came_ms is not None
        times = [self.clock()] * len(posts) if came_ms is None else came_ms
        for post, now in zip(posts, times, strict=True):
            if post.deleted is not None:
                self._withdraw(post)
                continue
            if self._withdrawn.get(post_ref(post)) == post.author:
                continue
            for name in self._matcher.match(post, topics_of(post)):
                if (on is None or name in on) and self.walls[name].take(post, now, old=old):
                    taken += 1
                    if self._store:
                        self._unkept.append((name, now, post))
        if taken:
            self._tell()
        return taken

    def _withdraw(self, retraction: Post) -> None:
        """A post, or all of an author, is withdrawn: nothing shows it any more, nor after a restart; a post that comes
        after its retraction never does."""
        if retraction.id:
            self._withdrawn[post_ref(retraction)] = retraction.author
            if len(self._withdrawn) > WITHDRAWN_KNOWN:
                del self._withdrawn[next(iter(self._withdrawn))]
            self.moderation.withdraw(retraction.id)
            self._unheard = True
        there = [wall.withdraw(retraction) for wall in self.walls.values()]
        if any(there):
            self._unkept = [it for it in self._unkept if not means(retraction, it[2])]
            self._unforgotten.append(retraction)
            self._tell()

    def is_withdrawn(self, ids: Collection[str]) -> bool:
        """Whether a post of one of these ids, whatever its source, is known to be withdrawn."""
        return any(ref.partition("/")[2] in ids or ref.rpartition("/")[2] in ids for ref in self._withdrawn)

    def decide(self, event: str, kind: Kind, target: str, verdict: str, by: str, content: str = "") -> Decision:
        """Makes, keeps and obeys a decision. An approval or a pin is of the `content` that its maker saw (see
        content_of; "": of what is there now). Raises ConflictError: see Moderation.decide, and where that is not what
        the wall has; FillingError where it may not have it yet; LogError when not kept."""
        if verdict in ("approved", "pinned"):
            wall = self.walls.get(event)
            entry = wall.find(target) if wall else None
            if entry is None and self.filling:
                raise FillingError("posts are still read back after the start; ask again in a moment")
            if entry is None or (kind == "pin" and entry.queue != "shown"):
                raise ConflictError(
                    "only a post that is shown can be pinned; approve it first"
                    if kind == "pin"
                    else "only a post that has come to the event's wall can be approved"
                )
            if content not in ("", entry.content):
                raise ConflictError("the post is another one since you looked; look at it again")
            content = entry.content
        made = self.moderation.decide(
            id=uuid.uuid4().hex,
            event=event,
            kind=kind,
            target=target,
            verdict=verdict,
            by=by,
            at=self.clock(),
            content=content,
        )
        return self._keep(made)

    def undo(self, decision_id: str, by: str) -> Decision:
        """Takes a decision back. Raises ConflictError when it is not known or no longer holds, LogError."""
        decision = next((it for it in reversed(self.audit) if it.id == decision_id), None)
        if decision is None:
            raise ConflictError("there is no such decision among the last ones")
        return self._keep(self.moderation.undo(decision, id=uuid.uuid4().hex, by=by, at=self.clock()))

    def decisions_of(self, event: str) -> list[Decision]:
        """The last decisions about an event or everything, newest first."""
        found = [it for it in reversed(self.audit[-AUDIT_KEPT:]) if it.event in (event, EVERYWHERE)]
        return found[:DECISIONS_TOLD]

    def decided(self, decisions: Iterable[Decision]) -> dict[str, Decided]:
        """The posts that these decisions are about, and the last ones of the accounts, by target, where they are on a
        wall, in whatever queue."""
        posts, accounts = (
            {it.target for it in decisions if it.kind in kinds} for kinds in (("post", "pin"), ("account", "trust"))
        )
        found = {it: entry.decided() for it in posts for wall in self.walls.values() if (entry := wall.find(it))}
        for wall in self.walls.values():
            found |= wall.voices(accounts)
        return found

    def visible(self, trends: TrendList) -> TrendList:
        """The list without what may not be shown (see Moderation.visible)."""
        return self.moderation.visible(trends, self._known)

    def may_show(self, topic: str, display: str, scope: str) -> bool:
        """Whether a topic may be shown (see Moderation.may_show)."""
        return self.moderation.may_show(topic, display, scope)

    def may_show_example(self, post_id: str, scope: str) -> bool:
        """Whether a post may be an example (see Moderation.may_show_example)."""
        return self.moderation.may_show_example(post_id, scope, self._known)

    def belongs(self, post: Post, scope: str) -> bool:
        """Whether lists of the scope count the post; of a watchlist, which walls do not know, they may."""
        kind, _, name = scope.partition(":")
        if kind == "event":
            return name in self._matcher.match(post, topics_of(post))
        if kind == "lang":
            return language(post.lang) == name
        return kind != "source" or network_of(source_name(post.source), frozenset((name,))) == name

    def shows(self, post: Post, scope: str) -> bool:
        """Whether a post may be seen beside a topic of this scope: not blocked there, and shown on the wall of every
        event that it belongs to (where exactly this must be approved, it is)."""
        if self._withdrawn.get(post_ref(post)) == post.author:
            return False
        event = scope.removeprefix("event:") if scope.startswith("event:") else EVERYWHERE
        of_events = self._matcher.match(post, topics_of(post))
        return self.moderation.visible_post(post, event) and all(
            self.moderation.queue(name, post, wall.event.moderation) == "shown"
            for name, wall in self.walls.items()
            if name in of_events or wall.find(original_ref(post))
        )

    def tick(self) -> None:
        """Hears decisions made elsewhere, moves the screens on, keeps what came. Call it every TICK_S."""
        for decision in self._decisions.fresh():
            if self.moderation.apply(decision):
                self._obey(decision)
            self._remember(decision)
        if self._unheard:
            self._unheard = False
            for heard in self._heard:
                heard()
        now = self.clock()
        before = self._version()
        for wall in self.walls.values():
            wall.tick(now)
        if self._version() != before:
            self._tell()
        if self._store and self._unforgotten:
            self._store.withdraw(self._unforgotten)
        self._unforgotten = []
        if self._store and self._unkept:
            self._store.add(self._unkept)
            self._unkept = []

    async def run(self) -> None:
        """Ticks until it is cancelled; a fault of the file is logged once a minute at most, and tried again."""
        told_s = float("-inf")
        try:
            while True:
                try:
                    self.tick()
                except LogError as error:
                    if time.monotonic() - told_s > 60:
                        told_s = time.monotonic()
                        _log.error("%s", printable(str(error)))
                await asyncio.sleep(TICK_S)
        finally:
            if self._store:
                with suppress(LogError):
                    self._store.withdraw(self._unforgotten)
                    self._store.add(self._unkept)

    def next_change(self) -> asyncio.Event:
        """Is set at the next change of any wall. Ask before looking, wait after: nothing then passes unseen."""
        return self._changed

    def filled(self) -> None:
        """The posts of before this start are read back."""
        self.filling = False
        self._tell()

    def close(self) -> None:
        """Lets go of the files."""
        self._decisions.close()
        if self._store:
            self._store.close()

    def _keep(self, decision: Decision) -> Decision:
        self._decisions.append(decision)
        if self.moderation.apply(decision):
            self._obey(decision)
        self._remember(decision)
        return decision

    def _obey(self, decision: Decision) -> None:
        for wall in self.walls.values():
            wall.apply(decision, self.clock())
        self._tell()
        for heard in self._heard:
            heard()

    def _remember(self, decision: Decision) -> None:
        if any(it.id == decision.id for it in self.audit[-AUDIT_KEPT:]):
            return
        self.audit.append(decision)
        del self.audit[: max(0, len(self.audit) - 2 * AUDIT_KEPT)]
        audit.info(
            "%s %s %s %s in %s at %d%s",
            printable(decision.by),
            printable(decision.verdict) or "nothing",
            decision.kind,
            printable(decision.target),
            decision.event or "everywhere",
            decision.at,
            f" undoes {printable(decision.undoes)}" if decision.undoes else "",
        )

    def _known(self, post_id: str) -> list[Post]:
        found = (wall.of_id(post_id) for wall in self.walls.values())
        return [post for post in found if post is not None]

    def _version(self) -> int:
        return sum(wall.version for wall in self.walls.values())

    def _tell(self) -> None:
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()
