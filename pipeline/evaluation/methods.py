"""Simpler ways to tell what is trending: counts, a z-score, Mastodon's formula, Gnip's Poisson test.

Each gives every topic a score at the end of every minute of a span, from the window of minutes before it.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, partial

import numpy as np

from pipeline.evaluation.observing import Floats, Said, Span

MIN_PEOPLE = 5  # below which no method looks at a topic, as upswell does not
WEEK_MIN, HOUR_MIN = 10_080, 60

Series = dict[str, Floats]  # topic -> its score at the end of every minute


def baselines(said: Mapping[str, Sequence[Said]], span: Span) -> Iterator[tuple[str, Series]]:
    """The name and the scores of every method, with windows of 15 and of 60 minutes, as upswell's list has them."""
    for window_min in (15, 60):
        people, capped = counted(said, span, window_min)
        for name, score, support in (
            ("Mastodon's formula", mastodon, people),
            ("Gnip's Poisson test", partial(poisson, window_min=window_min), people),
            ("z-score", z_score, people),
            ("plain counts", plain, people),
            ("plain counts, text cap", plain, capped),
        ):
            yield f"{name}, {window_min} min", {topic: score(n) for topic, n in support.items()}


def counted(said: Mapping[str, Sequence[Said]], span: Span, window_min: int) -> tuple[Series, Series]:
    """(people, people where a text that several repeat counts 2) of every topic in the window that ends with each
    minute; topics that never have five people are left out."""
    people, capped = {}, {}
    for topic, all_entries in said.items():
        entries = [it for it in all_entries if 0 <= span.minute_of(it.time_ms) < span.minutes]
        if len(entries) >= MIN_PEOPLE:
            many, few = _sliding(sorted(entries), span, window_min)
            if many.max(initial=0.0) >= MIN_PEOPLE:
                people[topic], capped[topic] = many, few
    return people, capped


def _sliding(entries: Sequence[Said], span: Span, window_min: int) -> tuple[Floats, Floats]:
    authors: Counter[str] = Counter()
    holders: dict[str, Counter[str]] = defaultdict(Counter)  # text -> authors
    capped, changes = 0, defaultdict[int, list[tuple[int, str, str]]](list)
    for time_ms, author, text in entries:
        minute = span.minute_of(time_ms)
        changes[minute].append((1, author, text))
        changes[minute + window_min].append((-1, author, text))
    people_at, capped_at = np.zeros(span.minutes), np.zeros(span.minutes)
    order = deque(sorted(changes))
    while order:
        minute = order.popleft()
        for sign, author, text in changes[minute]:
            holder = holders[text]
            before = min(len(holder), 2)
            for counter, key in ((authors, author), (holder, author)):
                counter[key] += sign
                if not counter[key]:
                    del counter[key]
            capped += min(len(holder), 2) - before
        until = order[0] if order else span.minutes
        people_at[minute:until], capped_at[minute:until] = len(authors), capped
    return people_at, capped_at


def past(n: Floats) -> tuple[Floats, Floats]:
    """Mean and deviation of the windows of the last 7 days up to an hour ago, at every minute."""
    total, squares = (np.concatenate([[0.0], np.cumsum(x)]) for x in (n, n * n))
    last = np.maximum(np.arange(len(n)) - HOUR_MIN + 1, 0)
    first = np.maximum(last - WEEK_MIN, 0)
    many = np.maximum(last - first, 1)
    mean = (total[last] - total[first]) / many
    return mean, np.sqrt(np.maximum((squares[last] - squares[first]) / many - mean**2, 0.0))


def mastodon(n: Floats) -> Floats:
    """(n - e)^2 / e where n is at least 5 and above e; e is the mean of the past, at least 1 (Mastodon's tags.rb)."""
    e = np.maximum(past(n)[0], 1.0)
    return np.where((n >= MIN_PEOPLE) & (n > e), (n - e) ** 2 / e, 0.0)


def poisson(n: Floats, window_min: int) -> Floats:
    """(n - e) / width where n is at least 5 and above e: e is the window before, at least 1, width that of the interval
    in which 99 % of Poisson's distribution with mean e lie (Hendrickson et al., "Trend Detection in Social Data", 2015:
    eta, with the last count as the mean)."""
    e = np.maximum(np.concatenate([np.zeros(window_min), n])[: len(n)], 1.0)
    means, which = np.unique(e, return_inverse=True)
    width = np.array([poisson_width(float(mean)) for mean in means])[which]
    return np.where((n >= MIN_PEOPLE) & (n > e), (n - e) / width, 0.0)


@cache
def poisson_width(mean: float) -> float:
    """From the 0.5th to the 99.5th percentile of Poisson's distribution."""
    most = math.ceil(mean + 12 * math.sqrt(mean) + 12)
    number = np.arange(most + 1)
    logs = number * math.log(mean) - mean - np.concatenate([[0.0], np.cumsum(np.log(number[1:]))])
    low, high = np.searchsorted(np.cumsum(np.exp(logs)), [0.005, 0.995])
    return float(high - low)


def z_score(n: Floats) -> Floats:
    """How many deviations (and one person) of its past n lies above the past's mean."""
    mean, deviation = past(n)
    return np.where(n >= MIN_PEOPLE, (n - mean) / (deviation + 1.0), 0.0)


def plain(n: Floats) -> Floats:
    """n itself, where it is at least 5."""
    return np.where(n >= MIN_PEOPLE, n, 0.0)
