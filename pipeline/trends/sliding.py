"""Support at every step of a span at once: by the steps at which each person's text enters and leaves the window.

Sorted columns instead of a visit per topic and step: a bucket of an hour costs one sort of its entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.trends._compiled import sliding
from pipeline.trends.arrays import (
    F64,
    I32,
    I64,
    U64,
    Integers,
    Mask,
    find_in_runs,
    lengths_of,
    order_by,
    spans,
    starts_of,
)
from pipeline.trends.counts import Counts
from pipeline.trends.people import K, people_left, text_priority, unite

ENTRIES = 1_024  # (person, step) entries of a topic beyond which its bucket mean is taken from a sample of people
_CHUNK = 250_000  # entries worked on at once, to bound memory
_TWO_64 = float(1 << 64)
_NEVER = np.int64(1) << np.int64(40)


class Span:
    """The tables of a bucket's steps and of those its windows reach back to: (step number from its start, table)."""

    def __init__(self, steps: Sequence[tuple[int, Counts]], step_ms: int) -> None:
        self.steps, self.step_ms = steps, step_ms
        tables = [table for _, table in steps]
        self._topic = np.concatenate([table.topic for table in tables] or [np.zeros(0, np.int32)])
        self._cell = np.concatenate([table.cell for table in tables] or [np.zeros(0, np.int32)])
        self._posts = np.concatenate([table.posts for table in tables] or [np.zeros(0, np.int32)])
        self._entries = np.concatenate([lengths_of(table.person_ptr) for table in tables] or [np.zeros(0, np.int64)])
        self._shared: dict[tuple[tuple[int, int], int], _Shared] = {}  # by windows and length

    def by_topic(self, mask: Mask | None, topics: int) -> tuple[I64, I64]:
        """(posts, entries) of every topic number below `topics` in the cells of `mask`."""
        rows = slice(None) if mask is None else np.flatnonzero(mask[self._cell])
        topic = self._topic[rows]
        return (
            np.bincount(topic, weights=self._posts[rows], minlength=topics).astype(np.int64),
            np.bincount(topic, weights=self._entries[rows], minlength=topics).astype(np.int64),
        )

    def lies_in(self, mask: Mask | None, topics: I32, size: int) -> Mask:
        """Which of these topics, numbers below `size`, stand in the cells of `mask` only."""
        if mask is None:
            return np.ones(len(topics), np.bool_)
        inside = np.bincount(self._topic[mask[self._cell]], minlength=size)
        return np.asarray(inside[topics] == np.bincount(self._topic, minlength=size)[topics])

    def support_in_all(self, topics: I32, windows: tuple[int, int], length: int, size: int) -> tuple[F64, F64]:
        """`support_by_step` of these topics, numbers below `size`, in all cells. It is worked out once a topic."""
        shared = self._shared.get((windows, length))
        if shared is None:
            nothing = np.zeros((0, length))
            shared = self._shared[windows, length] = _Shared(np.full(size, -1, np.int32), (nothing, nothing))
        fresh = topics[shared.place[topics] < 0]
        if len(fresh):
            before = shared.found
            shared.place[fresh] = np.arange(len(before[0]), len(before[0]) + len(fresh))
            more = _support_of(self, None, fresh, self.by_topic(None, size)[1], windows, length)
            shared.found = np.concatenate((before[0], more[0])), np.concatenate((before[1], more[1]))
        place = shared.place[topics]
        return shared.found[0][place], shared.found[1][place]


@dataclass(slots=True)
class _Shared:
    """What scopes share: support of topics in all cells."""

    place: I32  # by topic: where it stands in `found`; -1: nowhere
    found: tuple[F64, F64]


def select(table: Counts, mask: Mask | None, wanted: I32, rows: tuple[int, int]) -> tuple[I32, U64, U64, I32]:
    """(index, author, text, posts) of the entries of wanted topics: `wanted[topic]` is the index, -1 for the others.
    `rows`: the span in which wanted topics stand."""
    inside = slice(*rows)
    keep = wanted[table.topic[inside]] >= 0
    if mask is not None:
        keep &= mask[table.cell[inside]]
    chosen = np.flatnonzero(keep) + rows[0]
    begin, end = table.person_ptr[chosen], table.person_ptr[chosen + 1]
    entries = spans(begin, end)
    return (
        np.repeat(wanted[table.topic[chosen]], end - begin),
        table.author[entries],
        table.text[entries],
        table.author_posts[entries],
    )


def select_withdrawn(table: Counts, mask: Mask | None, wanted: I32, rows: tuple[int, int]) -> tuple[I32, U64, I64]:
    """(index, author, pane) of what the table withdraws of wanted topics, as `select`."""
    inside, place = slice(*rows), table.retracted_ptr[rows[0] : rows[1] + 1]
    posts, lengths = slice(place[0], place[-1]), lengths_of(place)
    topics = np.repeat(wanted[table.topic[inside]], lengths)
    keep = topics >= 0
    if mask is not None:
        keep &= np.repeat(mask[table.cell[inside]], lengths)
    return topics[keep], table.retracted_author[posts][keep], table.retracted_pane[posts][keep]


def _places(topics: I32, names: int) -> I32:
    """Where each topic number below `names` stands among these; -1: nowhere."""
    places = np.full(names, -1, np.int32)
    places[topics] = np.arange(len(topics), dtype=np.int32)
    return places


def people_by_index(index: Integers, author: U64, size: int) -> F64:
    """How many people each index has, estimated beyond K."""
    people = np.zeros(size)
    if len(index) == 0:
        return people
    order = order_by(index, author, size)
    places, author = index[order], author[order]
    first = starts_of((places[1:] != places[:-1]) | (author[1:] != author[:-1]))
    author = author[first]
    counts = np.bincount(places[first], minlength=size)
    people[:] = counts
    ends = np.cumsum(counts)
    full = np.flatnonzero(counts > K)
    people[full] = K / (author[ends[full] - counts[full] + K].astype(np.float64) / _TWO_64)
    return people


def support_by_step(
    span: Span, mask: Mask | None, topics: I32, entries: I64, windows: tuple[int, int], length: int
) -> tuple[F64, F64]:
    """Support of each topic in the short and the long window that end with each of the steps 0 to `length` - 1.

    The span's steps go back as far as the long window reaches; windows are in steps; topics ascend; `entries` are the
    span's by topic number. Returns two arrays of shape (topics, length). A topic that stands in the cells of `mask`
    only has there what it has in all, so that the scopes that hold it share that.
    """
    everywhere = span.lies_in(mask, topics, len(entries))
    short, long = np.zeros((len(topics), length)), np.zeros((len(topics), length))
    if everywhere.any():
        found = span.support_in_all(topics[everywhere], windows, length, len(entries))
        short[everywhere], long[everywhere] = found
    if not everywhere.all():
        found = _support_of(span, mask, topics[~everywhere], entries, windows, length)
        short[~everywhere], long[~everywhere] = found
    return short, long


def _support_of(
    span: Span, mask: Mask | None, topics: I32, entries: I64, windows: tuple[int, int], length: int
) -> tuple[F64, F64]:
    chunk = np.cumsum(entries[topics]) // _CHUNK
    parts = []
    for number in np.unique(chunk).tolist():
        members = topics[chunk == number]
        parts.append(_support_of_chunk(span, mask, members, len(entries), windows, length))
    if not parts:
        return np.zeros((0, length)), np.zeros((0, length))
    return np.concatenate([short for short, _ in parts]), np.concatenate([long for _, long in parts])


def _support_of_chunk(
    of: Span, mask: Mask | None, topics: I32, names: int, windows: tuple[int, int], length: int
) -> tuple[F64, F64]:
    back = windows[1] - 1  # so that step numbers start at 0
    size, wanted, ends = len(topics), _places(topics, names), topics[[0, -1]] + np.array([0, 1], np.int32)
    said: list[tuple[int, I32, U64, U64, I32]] = []  # by step
    withdrawn: list[tuple[int, I32, U64, I64]] = []  # the last one is the step of the post
    for number, table in of.steps:
        begin, end = table.topic.searchsorted(ends).tolist()
        if begin == end:
            continue
        said.append((number + back, *select(table, mask, wanted, (begin, end))))
        if len(table.retracted):
            index, author, panes = select_withdrawn(table, mask, wanted, (begin, end))
            posted = number + back - (table.start // of.step_ms - panes // of.step_ms)
            inside = posted >= 0  # else posted before any of the windows
            withdrawn.append((number + back, index[inside], author[inside], posted[inside]))
    if not said:
        return np.zeros((size, length)), np.zeros((size, length))
    if sliding is not None:
        found = sliding.support_by_step(said, withdrawn, size, windows, length, K, ENTRIES)
        short, long = (np.frombuffer(of_window).reshape(size, length) for of_window in found)
        return short, long
    return _support_of_entries(said, withdrawn, size, windows, length)


def _support_of_entries(
    said: Sequence[tuple[int, I32, U64, U64, I32]],
    withdrawn: Sequence[tuple[int, I32, U64, I64]],
    size: int,
    windows: tuple[int, int],
    length: int,
) -> tuple[F64, F64]:
    """`_support_of_chunk` of (step, index, author, text, posts), and of (step, index, author, step of the post)."""
    back = windows[1] - 1
    span = length + back
    group = np.concatenate([index.astype(np.int64) * span + step for step, index, *_ in said])
    author, text, posts = (np.concatenate([entries[n] for entries in said]) for n in (2, 3, 4))
    group, author, text, posts = unite(group, author, text, posts, size * span)
    gone = _steps_gone(group, author, posts, span, withdrawn) if withdrawn else None
    topic, step = group // span, group % span
    theta, keep = _sampled(group, topic, author, size, span)
    topic, step, author, text = topic[keep], step[keep], author[keep], text[keep]

    order = np.lexsort((step, author, topic))
    topic, step, author, text = topic[order], step[order], author[order], text[order]
    gone = gone[keep][order] if gone is not None else None
    before, after = _nearest_smaller(topic, author, step, text_priority(author, text), windows[1])
    shared = _shared_texts(topic, text, author, size)
    results = []
    for window in windows:
        enters = np.maximum(step, before + window)
        leaves = np.minimum(np.minimum(step + window, after), span)
        if gone is None:
            lives: Integers = np.flatnonzero(enters < leaves)
            enters, leaves = enters[lives], leaves[lives]
        else:
            lives, enters, leaves = _while_present((topic, author, step, gone), window, (enters, leaves), span)
        results.append(
            _sum_of_texts(topic[lives], text[lives], enters, leaves, shared[lives], theta, size, span)[:, back:]
        )
    return results[0], results[1]


def _steps_gone(group: I64, author: U64, posts: I32, span: int, withdrawn: Sequence[tuple[int, I32, U64, I64]]) -> I64:
    """Of each entry, sorted by (group, author), the step in which the last of its posts was withdrawn; far away where
    one is left. `withdrawn` as in `_support_of_entries`, a post each."""
    found = np.full(len(group), _NEVER)
    of_group = np.concatenate([index.astype(np.int64) * span + posted for _, index, _, posted in withdrawn])
    of_author = np.concatenate([someone for _, _, someone, _ in withdrawn])
    steps = np.concatenate([np.full(len(someone), step) for step, _, someone, _ in withdrawn])
    place = find_in_runs(author, group.searchsorted(of_group), group.searchsorted(of_group, "right"), of_author)
    known = place >= 0
    place, steps = place[known], steps[known]
    order = np.lexsort((steps, place))
    place, steps = place[order], steps[order]
    nth = np.arange(len(place)) - place.searchsorted(place) + 1
    last = nth == posts[place]
    found[place[last]] = steps[last]
    return found


def _while_present(
    entries: tuple[I64, U64, I64, I64], window: int, spans_: tuple[I64, I64], span: int
) -> tuple[I64, I64, I64]:
    """When each text stands for its person, cut to the steps at which the person has posts left: which entry, and the
    steps at which it enters and leaves; an entry may do so several times.

    `entries`: topic, author, step and the step in which the last post was withdrawn, sorted by topic and author;
    `spans_`: when each would enter and leave if nothing were withdrawn."""
    topic, author, step, gone = entries
    enters, leaves = spans_
    begins = np.ones(len(topic) + 1, np.bool_)
    begins[1:-1] = (topic[1:] != topic[:-1]) | (author[1:] != author[:-1])
    alone = begins[:-1] & begins[1:]  # the only entry of its person, as most are
    leaves = np.where(alone, np.minimum(leaves, gone), leaves)
    lives = enters < leaves
    person = np.cumsum(begins[:-1]) - 1
    touched = np.zeros(int(person[-1]) + 1 if len(person) else 0, np.bool_)
    touched[person[~alone & (gone < _NEVER)]] = True
    some = touched[person]
    row = (np.cumsum(touched) - 1)[person[some]]
    change = np.zeros((int(touched.sum()), span + 1), np.int16)
    begin, end = step[some], np.minimum(np.minimum(step[some] + window, gone[some]), span)
    there = begin < end
    np.add.at(change, (row[there], begin[there]), 1)
    np.add.at(change, (row[there], end[there]), -1)
    present = np.cumsum(change, axis=1) > 0

    which = np.flatnonzero(some & lives)
    lengths = leaves[which] - enters[which]
    at, entry = spans(enters[which], leaves[which]), np.repeat(which, lengths)
    kept = present[np.repeat((np.cumsum(touched) - 1)[person[which]], lengths), at]
    at, entry = at[kept], entry[kept]
    whole = np.flatnonzero(~some & lives)
    if len(at) == 0:
        return whole, enters[whole], leaves[whole]
    starts = starts_of((entry[1:] != entry[:-1]) | (at[1:] != at[:-1] + 1))
    ends = np.append(starts[1:], len(at)) - 1
    return (
        np.concatenate((whole, entry[starts])),
        np.concatenate((enters[whole], at[starts])),
        np.concatenate((leaves[whole], at[ends] + 1)),
    )


def _sampled(group: I64, topic: I64, author: U64, size: int, span: int) -> tuple[F64, Mask]:
    """theta by topic, and which entries lie below it: see docs/trending.md on topics with many entries."""
    entries = np.bincount(topic, minlength=size)
    limit = np.full(size, _TWO_64)
    many = entries > ENTRIES
    limit[many] = _TWO_64 * ENTRIES / entries[many]
    per_step = np.bincount(group, minlength=size * span)
    full = np.flatnonzero(per_step > K)
    if len(full):
        ends = np.cumsum(per_step)
        cut = author[ends[full] - per_step[full] + K].astype(np.float64)
        np.minimum.at(limit, full // span, cut)
    if not many.any() and len(full) == 0:
        return np.ones(size), np.ones(len(topic), np.bool_)
    return limit / _TWO_64, (author.astype(np.float64) < limit[topic]) | (limit[topic] == _TWO_64)


def _nearest_smaller(topic: I64, author: U64, step: I64, mixed: U64, reach: int) -> tuple[I64, I64]:
    """For entries sorted by (topic, author, step): the step of the person's last earlier entry with a smaller mix, and
    of the next later one with a mix not larger; far away where there is none within `reach` steps."""
    size = len(topic)
    before, after = np.full(size, -_NEVER), np.full(size, _NEVER)
    same = (topic[1:] == topic[:-1]) & (author[1:] == author[:-1])
    for direction, found in ((-1, before), (1, after)):
        open_ = np.flatnonzero(same) + (direction < 0)
        distance = direction
        while len(open_):
            other = open_ + distance
            inside = (other >= 0) & (other < size)
            open_, other = open_[inside], other[inside]
            related = (
                (topic[other] == topic[open_])
                & (author[other] == author[open_])
                & (np.abs(step[other] - step[open_]) < reach)
            )
            open_, other = open_[related], other[related]
            smaller = mixed[other] < mixed[open_] if direction < 0 else mixed[other] <= mixed[open_]
            found[open_[smaller]] = step[other[smaller]]
            open_ = open_[~smaller]
            distance += direction
    return before, after


def _shared_texts(topic: I64, text: U64, author: U64, size: int) -> Mask:
    """Which entries' texts are held by more than one person of the topic at some time."""
    if len(topic) == 0:
        return np.zeros(0, np.bool_)
    order = order_by(topic, text, size)
    t, x, a = topic[order], text[order], author[order]
    starts = starts_of((t[1:] != t[:-1]) | (x[1:] != x[:-1]))
    differs = np.minimum.reduceat(a, starts) != np.maximum.reduceat(a, starts)
    shared = np.empty(len(topic), np.bool_)
    shared[order] = np.repeat(differs, np.diff(starts, append=len(order)))
    return shared


def _sum_of_texts(
    topic: I64, text: U64, enters: I64, leaves: I64, shared: Mask, theta: F64, size: int, span: int
) -> F64:
    """u / theta + 2 r at every step, from the steps at which each person's text enters and leaves the window."""
    own = ~shared
    cells = size * (span + 1)
    scale = 1.0 / theta
    change = np.zeros(cells)
    change += np.bincount(topic[own] * (span + 1) + enters[own], weights=scale[topic[own]], minlength=cells)
    change -= np.bincount(topic[own] * (span + 1) + leaves[own], weights=scale[topic[own]], minlength=cells)
    if shared.any():
        which = np.concatenate((topic[shared], topic[shared]))
        words = np.concatenate((text[shared], text[shared]))
        at = np.concatenate((enters[shared], leaves[shared]))
        sign = np.repeat(np.array([1, -1]), len(which) // 2)
        order = np.lexsort((-sign, at, words, which))
        which, words, at, sign = which[order], words[order], at[order], sign[order]
        held = np.cumsum(sign)  # every text returns to nobody, so runs need no reset
        worth_after = np.where(held == 1, scale[which], np.where(held > 1, 2.0, 0.0))
        worth_before = np.concatenate((np.zeros(1), worth_after[:-1]))
        starts = starts_of((which[1:] != which[:-1]) | (words[1:] != words[:-1]))
        worth_before[starts] = 0.0
        change += np.bincount(which * (span + 1) + at, weights=worth_after - worth_before, minlength=cells)
    return np.asarray(np.cumsum(change.reshape(size, span + 1), axis=1)[:, :span])


def people_of_hours(hours: Sequence[Counts], mask: Mask | None, topics: I32, topic_count: int) -> list[F64]:
    """People of each topic in each hourly record."""
    wanted = _places(topics, topic_count)
    found = []
    for table in hours:
        rows = 0, len(table.topic)
        index, author, _, posts = select(table, mask, wanted, rows)
        people = people_by_index(index, author, len(topics))
        if len(table.retracted):
            of, whose, panes = select_withdrawn(table, mask, wanted, rows)
            of, whose = of[panes >= table.start], whose[panes >= table.start]
            for number in np.unique(of).tolist():
                those = index == number
                people[number] = people_left(author[those], posts[those], whose[of == number])
        found.append(people)
    return found
