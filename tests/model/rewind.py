"""One posts partition, its workers and its reader, small enough to try every interleaving.

    log     records of a posts partition, by offset
    Worker  reads the log from the committed offset; when panes close it publishes their chunks, then commits the rewind
            offset; may be killed, or left behind as a zombie that goes on later, between any two of its steps
    Broker  the published chunks in log order, the committed offset, and which definitions control records put in force
            at which offset: all that outlives a worker
    Reader  takes the first complete set of chunks of each pane above the highest it has complete

What a worker decides (which panes a record closes, what they hold, where to rewind to) is behind `Counter`, so the
product's own class takes the place of `PaneModel`. `Rules` switches single rules off, to see that the check needs them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, Protocol

PANE = 10
LONG = 1_000  # after every record
LATENESS = 5
RETURN = 600  # within so long producers bring what they held while the broker was away
CHUNKS = 2


class Record(NamedTuple):
    """A post, or a retraction of one where it was withdrawn; a marker where it has no id; a control record, whose time
    means nothing, where it defines something."""

    time: int
    id: str = ""
    defines: int = 0  # the larger one holds
    taken: int = LONG  # when the broker took it: no time is later
    gone: int | None = None  # when the post was withdrawn
    told: bool = True  # a retraction says the text of its post


class Close(NamedTuple):
    """The complete content of a pane; it stands for its own digest."""

    pane: int
    ids: frozenset[str]  # each with the number of the definitions it was matched by (none: the first)
    late: int = 0  # of the posts that came while this pane was the frontier
    duplicates: int = 0
    gone: frozenset[str] = frozenset()  # posts withdrawn in it, as in `ids`, each with its pane


class Rules(NamedTuple):
    """The rules that can be broken on purpose."""

    markers_belong: bool = True  # every record that moves the watermark belongs to a pane
    late_under_frontier: bool = True  # else "since the last close"
    acknowledged_first: bool = True  # publish, then commit
    ascending: bool = True  # panes are published in order
    highest: bool = True  # the reader ignores panes at or below the highest it has complete
    kept_first: bool = True  # what comes in force is kept by offset, then an offset behind it is committed
    by_offset: bool = True  # a worker begins with what was in force at its offset, else with what was kept last
    by_record: bool = True  # a time is at most that at which the broker took it, else that at which it was read


RULES = Rules()


class Counter(Protocol):
    """What the model asks of the logic under test."""

    defined: int  # the definitions in force

    def start(self, offset: int, defined: int) -> None:
        """Forget everything; the next record read is at `offset`, where these definitions are in force."""

    def read(self, record: Record) -> list[Close]:
        """The panes that close by the next record, in the order in which they are to be published."""

    def rewind(self) -> int:
        """From where the log must be read again to come to the present state of the open panes."""


class PaneModel:
    """The rules as they are written down."""

    def __init__(self, rules: Rules = RULES, lateness: int = LATENESS) -> None:
        self.rules, self.lateness = rules, lateness
        self.start(0, 0)

    def start(self, offset: int, defined: int) -> None:
        self.offset, self.defined = offset, defined
        self.began = offset
        self.newest: int | None = None
        self.first: dict[int, int] = {}  # open pane -> the first offset that belongs to it
        self.ids: dict[int, dict[str, int]] = {}
        self.late: dict[int, int] = {}
        self.duplicates: dict[int, int] = {}
        self.gone: dict[int, set[str]] = {}
        self.unknown: dict[int, set[str]] = {}  # by the pane of the post
        self.late_since_close = 0

    def read(self, record: Record) -> list[Close]:
        offset, self.offset = self.offset, self.offset + 1
        if record.defines:
            self.defined = max(self.defined, record.defines)
            return []
        read = 0 if self.rules.by_record else self.began  # whoever begins later reads later
        time = min(record.time, record.taken + read)
        pane = time // PANE * PANE
        if record.gone is not None:
            self.withdraw(record, pane, min(max(record.gone, record.time), record.taken + read), offset)
            return []
        if self.newest is not None and pane < self.frontier():
            if record.id:
                self.count_late(offset)
            return []
        if record.id or self.rules.markers_belong:
            self.first.setdefault(pane, offset)
        if record.id in self.ids.get(pane, ()):
            self.duplicates[pane] = self.duplicates.get(pane, 0) + 1
            return []
        if record.id:
            self.ids.setdefault(pane, {})[record.id] = self.defined
        ahead = record.time > record.taken + read  # by a clock that is wrong
        told = time - RETURN if ahead else time
        self.newest = told if self.newest is None else max(self.newest, told)
        due = sorted(pane for pane in self.first if pane < self.frontier())
        closes = [self.close(pane) for pane in due]
        return closes if self.rules.ascending else closes[::-1]

    def withdraw(self, record: Record, pane: int, gone: int, offset: int) -> None:
        """A retraction moves no clock. It belongs to the pane in which the post is withdrawn, or to the frontier; one
        that does not tell the text to the post's, too, as long as that is open."""
        frontier = self.frontier() if self.newest is not None else 0
        at = max(gone // PANE * PANE, frontier)
        self.first.setdefault(at, offset)
        if record.told:
            self.gone.setdefault(at, set()).add(f"{record.id}{self.defined or ''}@{pane}")
        elif pane >= frontier:
            self.first.setdefault(pane, offset)
            self.unknown.setdefault(pane, set()).add(record.id)

    def frontier(self) -> int:
        assert self.newest is not None
        return (self.newest - self.lateness) // PANE * PANE

    def count_late(self, offset: int) -> None:
        if self.rules.late_under_frontier:
            self.first.setdefault(self.frontier(), offset)
            self.late[self.frontier()] = self.late.get(self.frontier(), 0) + 1
        else:
            self.late_since_close += 1

    def close(self, pane: int) -> Close:
        del self.first[pane]
        late = self.late.pop(pane, 0) + self.late_since_close
        self.late_since_close = 0
        ids = {one: f"{one}{defined or ''}" for one, defined in self.ids.pop(pane, {}).items()}
        gone = self.gone.pop(pane, set())
        gone |= {f"{ids[one]}@{pane}" for one in self.unknown.pop(pane, ()) if one in ids}
        return Close(pane, frozenset(ids.values()), late, self.duplicates.pop(pane, 0), frozenset(gone))

    def rewind(self) -> int:
        return min(self.first.values(), default=self.offset)


class Chunk(NamedTuple):
    """Part i of a published pane; the close it is a part of stands for the digest."""

    close: Close
    i: int


class Broker:
    """What outlives every worker."""

    def __init__(self) -> None:
        self.chunks: list[Chunk] = []
        self.committed = 0
        self.stale_commits = 0
        self.kept: dict[int, int] = {}  # offset of a control record -> what it put in force

    def in_force(self, offset: int, rules: Rules) -> int:
        """The definitions that a worker begins with."""
        before = [at for at in self.kept if at < offset or not rules.by_offset]
        return self.kept[max(before)] if before else 0

    def commit(self, offset: int) -> None:
        self.stale_commits += offset < self.committed
        self.committed = offset


class Worker:
    """Reads, publishes, commits: one thing a step, so that it can die between any two."""

    def __init__(self, log: Sequence[Record], broker: Broker, counter: Counter, rules: Rules) -> None:
        self.log, self.broker, self.counter, self.rules = log, broker, counter, rules
        self.offset = broker.committed
        counter.start(self.offset, broker.in_force(self.offset, rules))
        self.unkept: dict[int, int] = {}
        self.unsent: list[Chunk] = []
        self.uncommitted: int | None = None

    def step(self) -> bool:
        """Does the next thing; False where nothing is left to do."""
        waits = (self.unsent and self.rules.acknowledged_first) or (self.unkept and self.rules.kept_first)
        if self.uncommitted is not None and not waits:
            self.broker.commit(self.uncommitted)
            self.uncommitted = None
        elif self.unkept:
            self.broker.kept.update(self.unkept)
            self.unkept = {}
        elif self.unsent:
            self.broker.chunks.append(self.unsent.pop(0))
        elif self.offset < len(self.log):
            before = self.counter.defined
            closes = self.counter.read(self.log[self.offset])
            if self.counter.defined != before:
                self.unkept = {self.offset: self.counter.defined}
            self.offset += 1
            if closes or self.unkept:
                self.unsent = [Chunk(close, i) for close in closes for i in range(CHUNKS)]
                self.uncommitted = self.counter.rewind()
        else:
            return False
        return True

    def finish(self) -> None:
        while self.step():
            pass


class Read(NamedTuple):
    """What a reader of the chunks took, and what it had to see through."""

    taken: list[Close]
    repeated: int  # complete again, as it was
    changed: int  # complete again, with other content


def read(chunks: Iterable[Chunk], rules: Rules) -> Read:
    """In log order, the first complete set of chunks of each pane and digest above the highest complete pane."""
    taken: list[Close] = []
    parts: dict[Close, set[int]] = {}
    repeated = changed = 0
    for close, i in chunks:
        have = parts.setdefault(close, set())
        have.add(i)
        if len(have) < CHUNKS:
            continue
        if close in taken:
            repeated += i == CHUNKS - 1
        elif rules.highest and taken and close.pane <= taken[-1].pane:
            changed += i == CHUNKS - 1
        else:
            taken.append(close)
    return Read(taken, repeated, changed)


class Action(NamedTuple):
    """`start` a worker at the committed offset, let worker `which` do `steps` steps, or `kill` it.

    A worker that was not killed when another starts is a zombie from then on.
    """

    kind: str
    which: int = 0
    steps: int = 0


class Outcome(NamedTuple):
    """One history: what the reader took, what it should have taken, and which faults took place."""

    read: Read
    expected: list[Close]
    stale_commits: int
    torn: int  # panes of which a killed worker had published a part
    zombies: int  # awakenings in which an old worker published

    @property
    def right(self) -> bool:
        return self.read.taken == self.expected


def uninterrupted(log: Sequence[Record], counter: Counter) -> list[Close]:
    """What one worker that nothing happens to closes, by pane."""
    counter.start(0, 0)
    return sorted((close for record in log for close in counter.read(record)), key=lambda close: close.pane)


def play(
    log: Sequence[Record],
    actions: Iterable[Action],
    make: Callable[[], Counter],
    rules: Rules = RULES,
    expected: list[Close] | None = None,
) -> Outcome:
    """Plays the actions; then a last worker starts, and it and after it every zombie run to the end of the log."""
    broker = Broker()
    workers: list[Worker | None] = [Worker(log, broker, make(), rules)]
    torn = zombies = 0
    for kind, which, steps in [*actions, Action("start")]:
        worker = workers[which % len(workers)]
        if kind == "start":
            workers.append(Worker(log, broker, make(), rules))
        elif worker is not None and kind == "kill":
            workers[which % len(workers)] = None
            torn += len(worker.unsent) % CHUNKS != 0
        elif worker is not None:
            before = len(broker.chunks)
            for _ in range(steps):
                worker.step()
            zombies += worker is not workers[-1] and len(broker.chunks) > before
    for worker in reversed(workers):
        if worker is not None:
            worker.finish()
    if expected is None:
        expected = uninterrupted(log, make())
    return Outcome(read(broker.chunks, rules), expected, broker.stale_commits, torn, zombies)
