"""The posts of one event in four queues: shown, waiting, stashed, blocked; and its screen."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable
from itertools import islice
from typing import NamedTuple

from pipeline.moderation.state import QUEUES, Moderation, Queue, means, original_ref, post_ref
from pipeline.moderation.words import BlockedWords
from pipeline.text import fold, source_name, topics_of
from pipeline.web.wall.entries import Decided, Entry, Link, Shown, Wanted
from pipeline.web.wall.screen import PLACES, Screen
from pipeline.web.wall.tally import EventTally
from schemas import Post
from schemas.events import Event
from schemas.moderation import EVERYWHERE, Decision

CAPACITY = 20_000  # entries kept; the oldest that need nobody's decision go first
KNOWN_IDS = 4 * CAPACITY
MOST_REPEATED = 10  # posts that a board tells of
TAKEN_AWAY = 100  # references of posts that were shown and may not be any more, the last ones


class Found(NamedTuple):
    """Posts of a queue, how many there are in all, and how many the whole queue has of each source and held for
    each reason."""

    posts: list[Shown]
    number: int
    sources: dict[str, int]
    whys: dict[str, int]


class Wall:
    """The wall of one event. Posts come by `take`, decisions (already in `moderation`) by `obey`."""

    def __init__(self, event: Event, moderation: Moderation, link: Link) -> None:
        self.event = event
        self.screen = Screen()
        self.screen.places = PLACES[event.stage.layout]
        self.tally = EventTally()
        self.version = 0  # grows with every change that a page could show
        self.taken_away: deque[str] = deque(maxlen=TAKEN_AWAY)  # newest last; pages may still hold older posts
        self._moderation = moderation
        self._link = link
        self._entries: dict[str, Entry] = {}
        self._queues: dict[Queue, dict[str, Entry]] = {queue: {} for queue in QUEUES}
        self._known: dict[str, str] = {}  # references that came, to know a post that comes again -> its id
        self._by_id: dict[str, str] = {}  # id -> reference of its entry; of ids that two sources share, the last

    def take(self, post: Post, now_ms: int, *, old: bool = False) -> bool:
        """Takes a post of the event; whether it is new. `old` ones, from before a restart, are on the screen at once,
        unless it was frozen when they came."""
        ref = post_ref(post)
        if ref in self._known:
            return False
        self._known[ref] = post.id
        self._by_id[post.id] = original_ref(post)
        if len(self._known) > KNOWN_IDS:
            self._by_id.pop(self._known.pop(next(iter(self._known))), None)
        self.tally.take(post)
        self.version += 1
        entry = self._entries.get(original_ref(post))
        if entry is None:
            entry = self._entries[original_ref(post)] = Entry(post, now_ms)
            self._place(entry, now_ms, quiet=old)
            if old and entry.queue == "shown":
                frozen_ms = self._moderation.frozen_at(self.event.name)
                if frozen_ms is None or now_ms < frozen_ms:
                    self.screen.restore(entry)
            self._make_room()
            return True
        if post.repost_of:
            entry.copies += 1
        elif entry.post.repost_of and not self._approved(entry):
            # the original comes after its reposts, and takes its place; what was approved stays what was approved
            entry.post, entry.copies = post, entry.copies + 1
            entry.read()
            self._place(entry, now_ms, quiet=old)
        return True

    def withdraw(self, retraction: Post) -> bool:
        """A post, or all of an author, is withdrawn: it leaves the wall, with its reposts; whether it was there."""
        if retraction.id:
            ref = self._by_id.get(retraction.id, "")
            concerned = [entry for entry in (self._entries.get(ref),) if entry is not None]
        else:
            concerned = list(self._entries.values())
        gone = [entry for entry in concerned if means(retraction, entry.post)]
        for entry in gone:
            del self._entries[entry.ref], self._queues[entry.queue][entry.ref]
            self.screen.remove(entry.ref)
            self.taken_away.append(entry.ref)
        self.version += bool(gone)
        return bool(gone)

    def redefine(self, event: Event, now_ms: int) -> None:
        """The event is described so from now on; posts that came stay."""
        if event == self.event:
            return
        self.event = event
        self.screen.places = PLACES[event.stage.layout]
        self.version += 1
        for entry in list(self._entries.values()):
            self._place(entry, now_ms, quiet=True)

    def apply(self, decision: Decision, now_ms: int) -> bool:
        """Puts every post where the decision wants it; whether this wall is concerned."""
        if decision.event not in (self.event.name, EVERYWHERE):
            return False
        self.version += 1
        if decision.kind == "post" and decision.target in self._entries:
            self._place(self._entries[decision.target], now_ms)
        elif decision.kind == "post":
            # a repost, or one that came as repost of another
            for entry in [it for it in self._entries.values() if post_ref(it.post) == decision.target]:
                self._place(entry, now_ms)
        elif decision.kind not in ("pin", "freeze"):
            for entry in self._concerned(decision):
                self._place(entry, now_ms, quiet=decision.kind != "trust")
        return True

    def _concerned(self, decision: Decision) -> list[Entry]:
        """The entries that the decision may move: looking at all words again for each post would take seconds."""
        entries = list(self._entries.values())
        if decision.kind in ("account", "trust"):
            return [entry for entry in entries if entry.account == decision.target]
        if decision.kind == "word" and decision.verdict:
            word = BlockedWords([decision.target])
            return [entry for entry in entries if word.found_in(entry.reading)]
        if decision.kind == "word":
            return [entry for entry in entries if entry.why and entry.why.why == "word"]
        if decision.kind == "topic":
            return [it for it in entries if decision.target in map(fold, topics_of(it.post))]
        return entries

    def tick(self, now_ms: int) -> None:
        """Moves the screen on."""
        if self.screen.tick(now_ms, frozen=self._moderation.frozen(self.event.name)):
            self.version += 1

    def find(self, ref: str) -> Entry | None:
        """The entry of this reference, in whatever queue."""
        return self._entries.get(ref)

    def entries(self) -> Iterable[Entry]:
        """All posts of the wall, in whatever queue, the newest first."""
        return reversed(self._entries.values())

    def find_copy(self, post: Post) -> Entry | None:
        """The entry that shows a post which came here, or the original that it repeats."""
        return self._entries.get(original_ref(post)) if post_ref(post) in self._known else None

    def as_moderated(self, entry: Entry) -> Shown:
        """An entry as moderators see it."""
        trusted = self._moderation.trusted(self.event.name, entry.post)
        return entry.shown(self._link, pinned=entry.ref in self._pins(), full=True, trusted=trusted)

    def of_id(self, post_id: str) -> Post | None:
        """What the wall shows for the post of this id; None where it has not come."""
        entry = self._entries.get(self._by_id.get(post_id, ""))
        return entry.post if entry else None

    def counts(self) -> dict[Queue, int]:
        """How many entries each queue holds."""
        return {queue: len(entries) for queue, entries in self._queues.items()}

    def waits_s(self, now_ms: int) -> float:
        """For how long the first entry that waits for approval has been here; 0: none does."""
        first = next(iter(self._queues["waiting"].values()), None)
        return 0.0 if first is None else max(now_ms - first.came_ms, 0) / 1_000

    def page(self, queue: Queue, limit: int = 50) -> list[Shown]:
        """The newest entries of a queue, newest first; of those waiting the oldest, oldest first."""
        pins = self._pins()
        return [entry.shown(self._link, pinned=entry.ref in pins) for entry in islice(self._ordered(queue), limit)]

    def found(self, queue: Queue, wanted: Wanted, limit: int = 50) -> Found:
        """The same as moderators see it, of those that are wanted."""
        entries = [entry for entry in self._ordered(queue) if wanted.takes(entry)]
        posts = [self.as_moderated(entry) for entry in entries[:limit]]
        sources = Counter(source_name(entry.post.source) for entry in self._queues[queue].values())
        whys = Counter(entry.why.why for entry in self._queues[queue].values() if entry.why)
        return Found(posts, len(entries), dict(sources.most_common()), dict(whys.most_common()))

    def voices(self, accounts: Collection[str]) -> dict[str, Decided]:
        """The last post of each of these accounts that is here, for a log of decisions."""
        return {it.account: it.decided() for it in self._entries.values() if it.account in accounts} if accounts else {}

    def _ordered(self, queue: Queue) -> Iterable[Entry]:
        entries = self._queues[queue]
        return entries.values() if queue == "waiting" else reversed(entries.values())

    def pinned(self) -> list[Shown]:
        """The pinned posts that may be shown, in the order they were pinned."""
        return [entry.shown(self._link, pinned=True) for entry in self._pins().values() if entry.queue == "shown"]

    def on_screen(self) -> list[Shown]:
        """What the screen shows besides what is pinned, newest first."""
        pins = self._pins()
        return [
            entry.shown(self._link) for entry in self.screen.items if entry.ref not in pins and entry.queue == "shown"
        ]

    def repeated(self) -> list[Shown]:
        """The posts most repeated, of those that may be shown."""
        entries = [entry for entry in self._queues["shown"].values() if entry.copies]
        entries.sort(key=lambda entry: (-entry.copies, int(entry.post.time), entry.ref))
        return [entry.shown(self._link) for entry in entries[:MOST_REPEATED]]

    def _pins(self) -> dict[str, Entry]:
        found = ((self._entries.get(ref), content) for ref, content in self._moderation.pins(self.event.name).items())
        return {entry.ref: entry for entry, content in found if entry is not None and entry.content == content}

    def _approved(self, entry: Entry) -> bool:
        return self._moderation.approved(self.event.name, entry.post)

    def _place(self, entry: Entry, now_ms: int, *, quiet: bool = False) -> None:
        name = self.event.name
        was = entry.queue if entry.ref in self._queues[entry.queue] else None
        entry.why = self._moderation.blocked_because(name, entry.post, entry.reading)
        queue = self._moderation.queue(name, entry.post, self.event.moderation, entry.reading)
        if was != queue:
            if was is not None:
                del self._queues[was][entry.ref]
            if was == "shown":
                self.taken_away.append(entry.ref)
            self._queues[queue][entry.ref] = entry
        entry.queue = queue
        if queue != "shown":
            self.screen.remove(entry.ref)
        elif not quiet and was != "shown":
            self.screen.offer(entry, now_ms, approved=self._approved(entry))

    def _make_room(self) -> None:
        while len(self._entries) > CAPACITY:
            order: tuple[Queue, ...] = ("blocked", "shown", "waiting", "stashed")
            queue = next(self._queues[name] for name in order if self._queues[name])
            ref = next(iter(queue))
            del queue[ref], self._entries[ref]
            self.screen.remove(ref)
