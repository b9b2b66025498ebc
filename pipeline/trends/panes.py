"""Counting one partition's posts in panes of event time: what is open, what closes, what came late or twice.

The state is a function of the partition's log alone. A pane collects posts until the watermark (newest time read less
the lateness) passes its end; then it is summed up once and never changes. See docs/trending.md and docs/invariants.md.

    pane_ms = 10 s     0        10        20        30        40
    posts              |..x..x..|.x.x.x...|...xxx...|..
                                                    ^ newest (37 s)
    watermark = newest - lateness (5 s) = 32 s: panes 0, 10 and 20 are closed, 30 is open, the frontier is 30
"""

from __future__ import annotations

from dataclasses import dataclass

from xxhash import xxh64_intdigest as xxh64

from pipeline.text import EventMatcher, how_read, network_of, source_name, text_key, topics_of, words_of
from pipeline.trends._compiled import plain
from pipeline.trends.counts import Counts
from pipeline.trends.names import WHOLE
from pipeline.trends.open_pane import Label, Labelled, OpenCell, OpenPane, find_unknown, sum_up, sum_up_news
from pipeline.trends.origins import origin_of
from pipeline.trends.people import text_hash
from pipeline.trends.retracting import WITHIN_MS, Unknown, WithdrawnPosts
from schemas import Post
from schemas.definitions import Words

_RULES = (how_read, topics_of, text_key, origin_of, words_of)  # that the compiled part asks
if plain is not None:
    plain.learn(Post, OpenPane, OpenCell, WithdrawnPosts)

AHEAD_MS = 1_000  # a clock that is so far ahead of the log's is wrong
SLOW_MS = 300_000  # and one that is further behind
HELD_MS = 2 * SLOW_MS  # producers may hold posts so long while the broker is away


@dataclass(frozen=True)
class Grid:
    """Pane length and how far posts of a partition may come out of order, in ms."""

    pane_ms: int = 10_000
    max_out_of_orderness_ms: int = 5_000


class PaneCounter:
    """Counts the posts of one partition, given in log order.

    `add` and `mark` return the panes that closed by it and belonged to a record, in ascending order; `frontier` says up
    to where all panes are closed (ms). Where the times are known at which the log took the records, event time never
    passes them: what is dated later counts at the time of its record. Its clock is wrong, so it says little about what
    may still come: beside it lie posts that a producer has held while the broker was away. A post or a marker of that
    kind takes event time to HELD_MS before its record only, unless it is less than AHEAD_MS ahead. Where no others
    come the partition counts as one of slow clocks so.
    """

    def __init__(self, grid: Grid, matcher: EventMatcher | None = None) -> None:
        self.grid = grid
        self.frontier = 0
        self.newest = 0
        self.read = self.duplicates = 0
        self.retractions = self.retractions_unused = 0  # records; those whose post no window or no open pane holds
        self.late_by_source: dict[str, int] = {}
        self.ahead_by_source: dict[str, int] = {}  # posts dated later than their records
        self._matcher = matcher
        self._networks = matcher.networks if matcher else frozenset[str]()
        self._words: Words = matcher.counted_words if matcher else "off"
        self._open: dict[int, OpenPane] = {}
        self._late: dict[str, int] = {}  # under the present frontier
        self._closes_at = grid.pane_ms + grid.max_out_of_orderness_ms  # the time that closes the pane at the frontier

    @property
    def open_panes(self) -> int:
        """How many panes still take posts."""
        return len(self._open)

    def redefine(self, matcher: EventMatcher | None) -> None:
        """Posts from here on belong to the events and watchlists that `matcher` finds; those before stay what they are,
        in a pane that is open too."""
        self._matcher = matcher
        self._networks = matcher.networks if matcher else frozenset()
        self._words = matcher.counted_words if matcher else "off"
        for pane in self._open.values():
            pane.by_label.clear()

    def rewind_offset(self, next_offset: int) -> int:
        """The first offset that belongs to an open pane, else `next_offset`: from here the state can be rebuilt."""
        return min((pane.first_offset for pane in self._open.values()), default=next_offset)

    def add(self, posts: list[Post], first_offset: int = 0, taken_ms: list[int] | None = None) -> list[Counts]:
        """Counts posts with consecutive offsets; `time` must be ms (see schemas.decode_post). `taken_ms`: when the log
        took each; None: an archive, which has no such times."""
        pane_ms = self.grid.pane_ms
        matcher = self._matcher if self._matcher is not None and self._matcher.has_names else None
        closed: list[Counts] = []
        start, end = 0, -1  # of the pane at hand
        pane: OpenPane | None = None
        by_label: dict[Label, Labelled] = {}
        events: tuple[str, ...] = ()

        def retract(number: int, topics: tuple[str, ...]) -> None:
            taken = None if taken_ms is None else taken_ms[number]
            self._retract(posts[number], topics, first_offset + number, taken)

        index, most = 0, len(posts)
        while index < most:
            if plain is not None:
                index, self.newest, withdrawn = plain.add(
                    posts,
                    index,
                    taken_ms,
                    self._open,
                    pane_ms,
                    self.frontier,
                    self._closes_at,
                    self.newest,
                    None if matcher is None else matcher.match,
                    None if matcher is None else matcher.names_by_spelling,
                    _RULES,
                    retract,
                )
                self.retractions += withdrawn
                if index == most:
                    break
            post, taken = posts[index], None if taken_ms is None else taken_ms[index]
            offset = first_offset + index
            index += 1
            if post.deleted is not None:
                retract(index - 1, topics_of(post))
                continue
            time: int = post.time  # type: ignore[assignment]  # decoded posts carry ms
            tells = time  # to where event time has come
            if taken is not None and time > taken:
                tells, time = _told_ahead(time, taken), taken
                self._count(self.ahead_by_source, post)
            if not start <= time < end or pane is None:
                start = time - time % pane_ms
                end = start + pane_ms
                if start < self.frontier:
                    pane = None
                    self._count(self._late, post)
                    self._count(self.late_by_source, post)
                    continue
                pane = self._pane(start, offset)
                by_label = pane.by_label
            topics = topics_of(post)
            if matcher is not None:
                events = matcher.match(post, topics)
            label = (post.source, post.lang, events)
            cell, seen, words_cell, _ = by_label.get(label) or pane.cell_of(label, self._networks, self._words)
            known = len(seen)
            seen.add(post.id)
            if len(seen) == known:
                pane.duplicates += 1
                self.duplicates += 1
                continue
            author = xxh64(post.author.encode())  # hash64, without the call
            cell.authors.append(author)
            origin = origin_of(post.bot, post.server) if post.bot or post.server else 0
            if origin and origin > cell.origins.get(author, 0):
                cell.origins[author] = origin
            words = words_of(post.text, topics) if words_cell is not None else None
            if topics or words:
                number = len(pane.ids)
                pane.ids.append(post.id)
                if origin:
                    pane.origins[number] = origin
                pane.authors.append(author)
                repost_of = post.repost_of
                pane.texts.append(text_hash("" if repost_of else text_key(post.text), repost_of))
                cell.mentions += len(topics)
                rows = cell.rows
                for spelling in topics:
                    if spelling in rows:
                        rows[spelling].append(number)
                    else:
                        rows[spelling] = [number]
                if words and words_cell is not None:
                    words_cell.add_words(words, number)
            if tells > self.newest:
                self.newest = tells
                if tells >= self._closes_at:
                    closed += self._close()
        self.read += len(posts)
        return closed

    def _retract(self, post: Post, topics: tuple[str, ...], offset: int, taken_ms: int | None) -> None:
        """A post is withdrawn. That moves no clock: it belongs to the pane of its time, or to the frontier."""
        pane_ms = self.grid.pane_ms
        posted: int = post.time  # type: ignore[assignment]  # decoded posts carry ms
        withdrawn: int = max(post.deleted, posted)  # type: ignore[type-var, assignment]
        if taken_ms is not None:
            posted, withdrawn = min(posted, taken_ms), min(withdrawn, taken_ms)
        home = posted - posted % pane_ms
        at = max(withdrawn - withdrawn % pane_ms, self.frontier)
        self.retractions += 1
        told = bool(post.id and (post.text or post.tags))
        if not told:
            topics = ()
        events = self._matcher.match(post, topics) if told and self._matcher is not None else ()
        if post.id and at - home <= WITHIN_MS:
            pane, label = self._pane(at, offset), (post.source, post.lang, events)
            cell, _, words_cell, source = pane.by_label.get(label) or pane.cell_of(label, self._networks, self._words)
            number = pane.withdrawn.add(post.author, source, post.id, home, told)
            cell.withdraw(topics, number)
            words = words_of(post.text, topics) if words_cell is not None and told else []
            if words and words_cell is not None:
                words_cell.withdraw([*words, WHOLE], number)
        elif told:
            self.retractions_unused += 1
        if not told and home >= self.frontier:
            pane = self._pane(home, offset)
            pane.unknown.append(Unknown(post.author, source_name(post.source), post.id, len(pane.ids)))
        elif not told:
            self.retractions_unused += 1

    def _pane(self, start: int, offset: int) -> OpenPane:
        """The open pane from `start`, which may begin with this offset."""
        pane = self._open.get(start)
        if pane is None:
            pane = self._open[start] = OpenPane(start, offset)
        return pane

    def mark(self, time_ms: int, offset: int = 0, taken_ms: int | None = None) -> list[Counts]:
        """A marker: event time has come to `time_ms` in this partition, though nobody posted; as far as a post of that
        time takes it.

        It belongs to a pane as a post does, so that the watermark can be rebuilt from the rewind offset; one whose pane
        is closed already says nothing new."""
        tells = time_ms
        if taken_ms is not None and time_ms > taken_ms:
            tells, time_ms = _told_ahead(time_ms, taken_ms), taken_ms
        start = time_ms - time_ms % self.grid.pane_ms
        if start >= self.frontier:
            self._pane(start, offset)
            if tells > self.newest:
                self.newest = tells
                if tells >= self._closes_at:
                    return self._close()
        return []

    def _count(self, by_source: dict[str, int], post: Post) -> None:
        source = network_of(source_name(post.source), self._networks)
        by_source[source] = by_source.get(source, 0) + 1

    def edge(self) -> list[Counts]:
        """What open panes have got since this was last asked: the live edge. It changes nothing of what closes."""
        pane_ms = self.grid.pane_ms
        found = (sum_up_news(pane, start + pane_ms) for start, pane in sorted(self._open.items()))
        return [news for news in found if news is not None]

    def _close(self) -> list[Counts]:
        """Closes every pane that the watermark has passed."""
        pane_ms, max_out_of_orderness_ms = self.grid.pane_ms, self.grid.max_out_of_orderness_ms
        before = self.frontier
        self.frontier = (self.newest - max_out_of_orderness_ms) // pane_ms * pane_ms
        self._closes_at = self.frontier + pane_ms + max_out_of_orderness_ms
        due = sorted(start for start in self._open if start < self.frontier)
        if self._late and before not in due:
            due.insert(0, before)
        closed = []
        for start, following in zip(due, [*due[1:], self.frontier], strict=False):
            late: dict[str, int] = {}
            if start == before:
                late, self._late = self._late, late
            pane = self._open.pop(start) if start in self._open else OpenPane(start, 0)
            if pane.unknown:
                find_unknown(pane, self._networks)
            counts = sum_up(pane, start + pane_ms, late)
            counts.frontier = following  # not yet that of the panes after it: they may be published later
            closed.append(counts)
        return closed


def _told_ahead(time_ms: int, taken_ms: int) -> int:
    """To where a record that the log took at `taken_ms` brings event time, being dated later."""
    return taken_ms if time_ms - taken_ms < AHEAD_MS else taken_ms - HELD_MS
