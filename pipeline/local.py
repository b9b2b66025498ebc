"""All of upswell in one process, without Kafka: posts in, final panes and lists of trends out.

This is what a replay runs, and the oracle that the Kafka pipeline is compared with: P virtual partitions, each with a
clock of its own, as P partitions of the posts topic have.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.partitions import split_by_author
from pipeline.text import matcher_of
from pipeline.trends.arrays import starts_of
from pipeline.trends.counts import Counts, merge
from pipeline.trends.names import WHOLE
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.ranker import Ranker
from pipeline.trends.score import HOUR_MS
from pipeline.trends.sliding import people_by_index
from schemas import Post, TrendList, Window
from schemas.definitions import Definitions, Words
from schemas.events import Event
from schemas.watchlists import Watchlist


@dataclass(frozen=True)
class Options:
    """What the counts depend on besides the posts. Times in ms."""

    pane_ms: int = 10_000
    max_out_of_orderness_ms: int = 5_000
    partitions: int = 4
    events: tuple[Event, ...] = ()
    watchlists: tuple[Watchlist, ...] = ()
    networks: tuple[str, ...] = ()
    words: Words = "events"


@dataclass
class Stats:
    """What has become of the records. read = counted + late + duplicates + retractions (+ posts of panes not final)."""

    read: int = 0
    late: int = 0
    duplicates: int = 0
    retractions: int = 0
    retractions_unused: int = 0  # of posts that no window, or no open pane, holds any more
    late_by_source: dict[str, int] = field(default_factory=dict)
    single_topics: int = 0  # of one person in an hour, which hourly records leave out: topics, an hour each
    single_mentions: int = 0  # a post counts with each of its topics

    @property
    def counted(self) -> int:
        return self.read - self.late - self.duplicates - self.retractions


class FinalPane:
    """A pane that is closed in every partition; `start` in ms."""

    def __init__(self, start: int, parts: Sequence[Counts], keys: Sequence[str], pane_ms: int) -> None:
        self.start = start
        self._table = merge(parts, start, start + pane_ms)
        self._keys = keys

    def topics(self) -> list[tuple[str, int, int]]:
        """(topic key, posts, people) of the scope `all`, by key."""
        table = self._table
        if len(table.topic) == 0:
            return []
        rows = starts_of(table.topic[1:] != table.topic[:-1])
        entries = np.diff(table.person_ptr[np.append(rows, len(table.topic))])
        people = people_by_index(np.repeat(np.arange(len(rows)), entries), table.author, len(rows))
        posts = np.add.reduceat(table.posts, rows)
        people = np.minimum(people.round(), posts)  # beyond K people they are estimated
        keys = [self._keys[topic] for topic in table.topic[rows].tolist()]
        found = zip(keys, posts.tolist(), people.astype(int).tolist(), strict=True)
        # not those of which something was withdrawn only, nor all posts with words together
        return sorted(row for row in found if row[1] and row[0] != WHOLE)


class Local:
    """The pipeline in one process. Feed posts in the order of their log, then `finish`.

    `on_panes` receives every final pane that holds posts, in order; `on_list` every list issued. `current` holds the
    last list issued by (scope, window). It `keeps` all lists, or those of which that is true; of these those are made
    that `ranker.wants`.
    """

    def __init__(
        self,
        options: Options | None = None,
        *,
        on_panes: Callable[[FinalPane], None] | None = None,
        on_list: Callable[[TrendList], None] | None = None,
        keeps: Callable[[str, Window], bool] | None = None,
    ) -> None:
        self.options = options = options or Options()
        grid = Grid(options.pane_ms, options.max_out_of_orderness_ms)
        defined = Definitions(
            events=options.events, watchlists=options.watchlists, networks=options.networks, words=options.words
        )
        matcher = matcher_of(defined)
        self.ranker = Ranker(grid, keeps)
        self.current: dict[tuple[str, Window], TrendList] = {}
        self._counters = [PaneCounter(grid, matcher) for _ in range(options.partitions)]
        self._told = [0] * options.partitions  # posts that the live edge has told
        self._waiting: dict[int, list[Counts]] = {}  # closed in one partition, not in all
        self._frontier = 0
        self._on_panes, self._on_list = on_panes, on_list

    @property
    def stats(self) -> Stats:
        counters = self._counters
        late: dict[str, int] = {}
        for counter in counters:
            for source, posts in counter.late_by_source.items():
                late[source] = late.get(source, 0) + posts
        return Stats(
            sum(counter.read for counter in counters),
            sum(late.values()),
            sum(counter.duplicates for counter in counters),
            sum(counter.retractions for counter in counters),
            sum(counter.retractions_unused for counter in counters),
            late,
            self.ranker.timeline.single_topics,
            self.ranker.timeline.single_mentions,
        )

    def feed(self, posts: Sequence[Post]) -> None:
        """Counts posts in log order; `time` must be ms (see schemas.decode_post)."""
        for counter, part in zip(self._counters, split_by_author(posts, self.options.partitions), strict=True):
            self._take(counter.add(part))
        self._advance()

    def redefine(self, definitions: Definitions) -> None:
        """Posts that are fed from here on belong to these events and watchlists: what a control record in every
        partition does on Kafka. Raises PostError for definitions that cannot be looked for."""
        matcher = matcher_of(definitions)
        for counter in self._counters:
            counter.redefine(matcher)

    def finish(self) -> None:
        """The end of the log: a marker into every partition, so that all that was read becomes final."""
        if self.stats.read:
            newest = max(counter.newest for counter in self._counters)
            self.mark((newest // HOUR_MS + 1) * HOUR_MS)

    def mark(self, time_ms: int) -> None:
        """Every pane before `time_ms` closes in every partition."""
        pane_ms, max_out_of_orderness_ms = self.options.pane_ms, self.options.max_out_of_orderness_ms
        marker = -(-(time_ms + max_out_of_orderness_ms) // pane_ms) * pane_ms
        for counter in self._counters:
            self._take(counter.mark(marker))
        self._advance()

    def preview(self) -> list[TrendList]:
        """The provisional lists that look different since this was last asked; they change no final list."""
        for number, counter in enumerate(self._counters):
            if counter.read > self._told[number]:
                self.ranker.tell(number, self._told[number], counter.read - 1, counter.newest, counter.edge())
                self._told[number] = counter.read
        return self.ranker.preview({number: counter.frontier for number, counter in enumerate(self._counters)}).lists

    def _take(self, closed: Iterable[Counts]) -> None:
        for pane in closed:
            table = self.ranker.add(pane)
            if table is not None:
                self._waiting.setdefault(pane.start, []).append(table)

    def _advance(self) -> None:
        """Hands on what is closed in every partition."""
        frontier = min(counter.frontier for counter in self._counters)
        if frontier == self._frontier:
            return
        self._frontier = frontier
        for start in sorted(start for start in self._waiting if start < frontier):
            parts = self._waiting.pop(start)
            if self._on_panes is not None:
                self._on_panes(FinalPane(start, parts, self.ranker.names.keys, self.options.pane_ms))
        for step in self.ranker.advance(frontier):
            for issued in step.lists:
                self.current[issued.scope, issued.window] = issued
                if self._on_list is not None:
                    self._on_list(issued)
