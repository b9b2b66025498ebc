"""Reading the windows of one list: support now and at earlier steps, spellings, examples, active topics."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np

from pipeline.trends._compiled import samples
from pipeline.trends.arrays import I32, U64, Mask
from pipeline.trends.counts import EXAMPLES, Counts, Place
from pipeline.trends.names import Names
from pipeline.trends.origins import From, entries_at, people_from
from pipeline.trends.people import FEW, NOBODY, K, Support, people_left, support, support_as_told, united_sample
from pipeline.trends.scope import Scope
from pipeline.trends.score import HOUR_MS, ListSpec
from pipeline.trends.timeline import Timeline, Where

SPARK_POINTS = 20
_TWO_64 = float(1 << 64)
_ID = (1 << 63) - 1  # what the priority of an example holds of its id


def spark_ends(now: int, step_ms: int) -> range:
    """The ends (ms) of the steps that a spark shows at `now`, oldest first."""
    return range(now - (SPARK_POINTS - 1) * step_ms, now + step_ms, step_ms)


class Reader:
    """The windows of one list of one scope at the present step. What did not change since is not read again."""

    def __init__(self, scope: Scope, spec: ListSpec, timeline: Timeline) -> None:
        self._scope, self._spec, self._timeline = scope, spec, timeline
        self._now = 0
        self._tables: dict[tuple[int, int], list[Counts]] = {}  # by window number and end, of this step
        self._support: tuple[dict[int, Support], dict[int, Support]] = ({}, {})  # by slot: short, long window
        self._from: dict[int, From | None] = {}  # by slot: where the people of the long window are from
        # by slot: spellings of the long window, what could be examples (priority, post id), and when that was read
        self._words: dict[int, tuple[list[str], list[tuple[int, str]], int]] = {}
        self._history: dict[tuple[int, int], dict[int, float]] = {}  # by slot, window: n by end, of rows
        self._people: dict[int, dict[int, int]] = {}  # by slot: people of a step by its end, as far as they were read

    def step(self, now: int, changed_slots: tuple[I32, I32]) -> None:
        """Goes to the step that ends at `now`. `changed_slots`: whose posts changed, by window."""
        self._now = now
        self._tables.clear()
        short, long = self._support
        _drop(changed_slots[0], self._scope.windows.used, short)
        _drop(changed_slots[1], self._scope.windows.used, long, self._words, self._from)

    def clear(self) -> None:
        """Slots mean other topics now."""
        self._support = ({}, {})
        self._words.clear()
        self._from.clear()
        self._history.clear()
        self._people.clear()

    @property
    def now(self) -> int:
        """The end of the last step at which anything had changed, ms."""
        return self._now

    @property
    def names(self) -> Names:
        return self._timeline.names

    @property
    def end(self) -> int:
        """The end of the last final minute, ms."""
        return self._timeline.end

    def places_since(self, slot: int, start: int) -> list[Place]:
        """Where a topic stands in all final minutes from `start` (ms, a full minute) on. (Lists by the minute only.)"""
        topic = self._scope.windows.topics[slot]
        found = (table.find(topic) for table in self._timeline.covering(start, self.end))
        return [place for place in found if place is not None]

    def supports(self, slots: Sequence[int]) -> list[tuple[Support, Support]]:
        """`support` of many topics, read at once."""
        for which, known in enumerate(self._support):
            if unread := [slot for slot in slots if slot not in known]:
                known.update(zip(unread, self._read(unread, which, self._now), strict=True))
        short, long = self._support
        return [(short[slot], long[slot]) for slot in slots]

    def support(self, slot: int) -> tuple[Support, Support]:
        """Support in the short and in the long window."""
        return self._in_window(slot, 0), self._in_window(slot, 1)

    def long_support(self, slot: int) -> Support:
        return self._in_window(slot, 1)

    def people_from(self, slot: int) -> From | None:
        """Where the people of the long window are from."""
        if slot not in self._from:
            entries = entries_at(self._places(slot, 1, self._now), self._scope.mask_of(slot))
            self._from[slot] = people_from(self.long_support(slot).authors, entries)
        return self._from[slot]

    def _in_window(self, slot: int, which: int) -> Support:
        known = self._support[which]
        found = known.get(slot)
        if found is None:
            (found,) = self._read((slot,), which, self._now)
            known[slot] = found
        return found

    def _read(self, slots: Sequence[int], which: int, end: int) -> list[Support]:
        """Support in a window that ends at `end`. What stands in no other cells is read once for all scopes."""
        tables, mask, window_ms = self.tables(which, end), self._scope.mask, self._spec.windows_ms[which]
        topics, shared, since = self._scope.windows.topics[list(slots)], self._timeline.supports, end - window_ms
        found = supports_of(tables, topics, mask, since) if mask is not None else [None] * len(topics)
        wheres = [(window_ms, end, topic) for topic in topics.tolist()]
        unread = [where for where, one in zip(wheres, found, strict=True) if one is None and where not in shared]
        if unread:
            read = supports_of(tables, np.array([topic for _, _, topic in unread], np.int32), None, since)
            shared.update((where, one) for where, one in zip(unread, read, strict=True) if one is not None)
        return [shared[where] if one is None else one for where, one in zip(wheres, found, strict=True)]

    def _places(self, slot: int, which: int, end: int) -> list[Place]:
        """Where the topic stands in the tables of a window that ends at `end`."""
        known, key = self._timeline.places, self._where(slot, which, end)
        found = known.get(key)
        if found is None:
            topic = self._scope.windows.topics[slot]
            places = (table.find(topic) for table in self.tables(which, end))
            found = known[key] = [place for place in places if place is not None]
        return found

    def _where(self, slot: int, which: int, end: int) -> Where:
        return self._spec.windows_ms[which], end, int(self._scope.windows.topics[slot])

    def tables(self, which: int, end: int) -> list[Counts]:
        """The tables of a window that ends at `end`, oldest first."""
        found = self._tables.get((which, end))
        if found is None:
            start = end - self._spec.windows_ms[which]
            by_hours = self._spec.step_ms == HOUR_MS
            found = self._timeline.hours_in(start, end) if by_hours else self._timeline.covering(start, end)
            self._tables[which, end] = found
        return found

    def active_topics(self, now: int) -> float:
        """How many topics the scope has in the long window, from the topic samples."""
        mask = self._scope.mask
        return number_of([table.topics_in(mask) for table in self.tables(1, now)])

    def everybody(self, start: int, end: int) -> list[Counts]:
        """The tables of all final steps in a time (ms)."""
        by_hours = self._spec.step_ms == HOUR_MS
        return self._timeline.hours_in(start, end) if by_hours else self._timeline.covering(start, end)

    def n_before(self, slot: int, which: int, end: int) -> float:
        """Support in a window that ended at an earlier step, `end` (ms)."""
        before, present = self._history.setdefault((slot, which), {}), self._support[which].get(slot)
        if present is not None:
            before[self._now] = present.n
        if end not in before:
            before[end] = self._read((slot,), which, end)[0].n
        return before[end]

    def spark(self, slot: int) -> list[int]:
        """People of each of the last 20 steps, oldest first."""
        step_ms = self._spec.step_ms
        known = self._people.setdefault(slot, {})
        points = []
        for end in spark_ends(self._now, step_ms):
            if end not in known:
                known[end] = self._people_of_step(slot, end)
            points.append(known[end])
        return points

    def _people_of_step(self, slot: int, end: int) -> int:
        table = self._steps.get(end - self._spec.step_ms)
        place = table.find(self._scope.windows.topics[slot]) if table is not None else None
        return round(number_of(people_at([place], self._scope.mask_of(slot)))) if place is not None else 0

    @property
    def _steps(self) -> dict[int, Counts]:
        """The tables of single steps, by start."""
        return self._timeline.hours if self._spec.step_ms == HOUR_MS else self._timeline.minutes

    def forget_history(self) -> None:
        """Forgets what no row can tell any more."""
        oldest = self._now - SPARK_POINTS * self._spec.step_ms
        _forget(self._history, oldest)
        _forget(self._people, oldest)

    def spellings(self, slot: int) -> list[str]:
        """The spellings of a topic in the long window, most used first."""
        return self._in_words(slot)[0]

    def posts(self, slot: int) -> int:
        """Posts in the long window."""
        return int(self._scope.windows.sums[self._scope.windows.numbers(self._spec)[1], slot])

    def examples(self, slot: int) -> list[str]:
        """Ids of some posts of the long window: own words before reposts, else drawn by lot."""
        tables = self.tables(1, self._now)
        _, known, read = self._in_words(slot)
        found = examples_of(known, tables)
        if read != self._now and found != [post for _, post in known[:EXAMPLES]]:
            # how many there are beside withdrawn ones depends on which tables cover the window now: minutes, or tens
            del self._words[slot]
            found = examples_of(self._in_words(slot)[1], tables)
        return found

    def _in_words(self, slot: int) -> tuple[list[str], list[tuple[int, str]], int]:
        known = self._words.get(slot)
        if known is not None:
            return known
        since = self._now - self._spec.long_ms
        names = self._timeline.names.spellings
        counts: dict[int, int] = {}
        found: list[tuple[int, str]] = []
        mask = self._scope.mask_of(slot)
        for place in self._places(slot, 1, self._now):
            for spelling, posts, examples in said_at(place, mask, since):
                counts[spelling] = counts.get(spelling, 0) + posts
                found += examples
        known = self._words[slot] = most_used(counts, names), sorted(found), self._now
        return known


_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


def _forget(known: dict[_Key, dict[int, _Value]], oldest: int) -> None:
    """Forgets what was read of ends not after `oldest`, where that is much."""
    for place, by_end in list(known.items()):
        if max(by_end) <= oldest:
            del known[place]
        elif len(by_end) > 2 * SPARK_POINTS:
            known[place] = {end: value for end, value in by_end.items() if end > oldest}


def people_at(places: Sequence[Place], mask: Mask | None) -> list[U64]:
    """The people samples of rows there, in the cells of `mask`."""
    return [
        place.table.author[place.table.person_ptr[row] : place.table.person_ptr[row + 1]]
        for place in places
        for row in place.rows(mask)
    ]


def most_used(posts: Mapping[int, int], names: Sequence[str]) -> list[str]:
    """The spellings that have posts, given by number, most used first."""
    there = [number for number, count in posts.items() if count > 0]
    return [names[number] for number in sorted(there, key=lambda number: (-posts[number], names[number]))]


def examples_of(candidates: Iterable[tuple[int, str]], tables: Iterable[Counts]) -> list[str]:
    """The first few post ids of candidates in their order that none of the tables has withdrawn."""
    gone = [table.gone_ids for table in tables if len(table.cell_retracted)]
    kept: list[str] = []
    for priority, post in candidates:
        key = priority & _ID
        for ids in gone:
            if key in ids:
                break
        else:
            kept.append(post)
            if len(kept) == EXAMPLES:
                break
    return kept


def said_at(place: Place, mask: Mask | None, since: int) -> Iterator[tuple[int, int, list[tuple[int, str]]]]:
    """Of each row there in the cells of `mask`: its spelling, its posts, less what it withdraws of panes from `since`
    (ms) on, and what could be examples."""
    table, rows = place.table, slice(place.row, place.last_row)
    examples = table.example_ptr[place.row : place.last_row + 1].tolist()
    priorities = table.example_priority[examples[0] : examples[-1]].tolist()
    candidates = list(zip(priorities, table.example[examples[0] : examples[-1]], strict=True))
    spelling = table.spelling[rows].tolist()
    posts = (table.posts_left(since) if len(table.retracted) else table.posts)[rows].tolist()
    for row in place.rows(mask):
        n = row - place.row
        yield spelling[n], posts[n], candidates[examples[n] - examples[0] : examples[n + 1] - examples[0]]


def posts_in(tables: Iterable[Counts], mask: Mask | None, since: int) -> int:
    """All posts in the cells of `mask`, less those of panes from `since` (ms) on that were withdrawn."""
    posts = 0
    for table in tables:
        posts += table.posted(mask)[0]
        if len(table.cell_retracted):
            posts -= int(np.count_nonzero(table.retracted_posts(mask)[1] >= since))
    return posts


def people_in(tables: Sequence[Counts], mask: Mask | None, since: int) -> float:
    """How many people have posts in the cells of `mask`, less those who withdrew all, of panes from `since` (ms) on."""
    samples = [table.people_in(mask) for table in tables]
    if not any(len(table.cell_retracted) for table in tables):
        return number_of(samples)
    posts = [table.author_posts_in(mask) for table in tables]
    withdrawn = [authors[panes >= since] for authors, panes in (table.retracted_posts(mask) for table in tables)]
    return people_left(np.concatenate(samples), np.concatenate(posts), np.concatenate(withdrawn))


def _drop(slots: I32, used: int, *known: dict[int, Any]) -> None:
    """Forgets what is known of these slots, numbers below `used`."""
    if len(slots) == 0 or not any(known):
        return
    if len(slots) <= FEW:
        for slot in slots.tolist():
            for of_slot in known:
                of_slot.pop(slot, None)
        return
    changed = np.zeros(used, np.bool_)
    changed[slots] = True
    for of_slot in known:
        there = np.fromiter(of_slot, np.int64, len(of_slot))
        gone = there[changed[there]]
        if len(gone) == len(of_slot):
            of_slot.clear()
            continue
        for slot in gone.tolist():
            del of_slot[slot]


def number_of(samples: Sequence[U64]) -> float:
    """How many different hashes there are, from samples of the K + 1 smallest."""
    if not samples:
        return 0.0
    return number_in(united_sample(samples))


def number_in(hashes: U64) -> float:
    """How many different hashes a sample of the K + 1 smallest speaks of."""
    return K / (float(hashes[K]) / _TWO_64) if len(hashes) > K else float(len(hashes))


def supports_of(tables: Sequence[Counts], topics: I32, mask: Mask | None, since: int) -> list[Support | None]:
    """Support of each topic in the cells of `mask` (None: in all), less posts of panes from `since` (ms) on that were
    withdrawn there; None: where it stands in cells of `mask` only."""
    if samples is not None:
        found = samples.supports([table.said for table in tables], topics, mask, since, K)
        return [None if one is True else support_as_told(*one) for one in found]
    supports: list[Support | None] = []
    for topic in topics:
        places = [place for place in (table.find(topic) for table in tables) if place is not None]
        inside = mask is not None and all(place.lies_in(mask) for place in places)
        supports.append(None if inside else _support_of(places, mask, since))
    return supports


def _support_of(places: Sequence[Place], mask: Mask | None, since: int) -> Support:
    parts = gather(places, mask)
    return support(*parts, withdrawn_in(places, mask, since)) if parts is not None else NOBODY


def withdrawn_in(places: Sequence[Place], mask: Mask | None, since: int) -> U64 | None:
    """The authors of the posts that were withdrawn there, of panes from `since` (ms) on, a post each; None: of none."""
    found = []
    for place in places:
        table = place.table
        if not len(table.retracted):
            continue
        first, last = table.retracted_ptr[place.row], table.retracted_ptr[place.last_row]
        if first == last:
            continue
        spans = [slice(first, last)]
        if mask is not None and len(rows := place.rows(mask)) < place.last_row - place.row:
            spans = [slice(table.retracted_ptr[row], table.retracted_ptr[row + 1]) for row in rows]
        for span in spans:
            authors = table.retracted_author[span]
            found.append(authors if since <= table.oldest_retracted else authors[table.retracted_pane[span] >= since])
    return np.concatenate(found) if any(map(len, found)) else None


def gather(places: Sequence[Place], mask: Mask | None) -> tuple[U64, U64, I32] | None:
    """(author, text, posts) of all entries there in the cells of `mask`; None: there are none."""
    spans: list[tuple[Counts, int, int]] = []
    for place in places:
        rows = place.rows(mask)
        if len(rows) == place.last_row - place.row:
            spans.append((place.table, place.entry, place.last_entry))
        else:
            spans += [
                (place.table, int(place.table.person_ptr[row]), int(place.table.person_ptr[row + 1])) for row in rows
            ]
    if not spans:
        return None
    return (
        np.concatenate([table.author[first:last] for table, first, last in spans]),
        np.concatenate([table.text[first:last] for table, first, last in spans]),
        np.concatenate([table.author_posts[first:last] for table, first, last in spans]),
    )
