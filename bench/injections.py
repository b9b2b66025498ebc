"""How well bursts are found that were put into real posts, and what else is listed: upswell beside simpler methods.

    python -m bench.injections ARCHIVE... [--seeds 5] [--giants]

The archives (microblog posts with tags) are stacked to 28 days by whole weeks; 7 days are warm-up, then 150 events come
per seed: bursts of 10 to 320 people, floods by two authors, rings of 200 accounts with one text. The threshold of every
method is the lowest at which it gives 2 alarms a day, or 3 listed topic-hours a day, on the stream without events.
`--giants` adds three topics of 100 people an hour that follow the hours of the day. What is found is judged as
`upswell evaluate` does (pipeline/evaluation).
"""

from __future__ import annotations

import argparse
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from bench.injected_posts import (
    BEGIN_MS,
    DAY_MIN,
    MINUTES,
    WARMUP_DAYS,
    draw_events,
    giants,
    keys_of,
    posts_of,
    stacked,
)
from pipeline.evaluation.judging import Found, listed_hours_a_day, verdict
from pipeline.evaluation.lives import Lives, lives_above, lives_of_upswell, lowest_threshold
from pipeline.evaluation.methods import Series, baselines
from pipeline.evaluation.observing import Observation, Span
from pipeline.gc_tuning import collect_rarely
from schemas import Post


def starts_a_day(lives: Lives, span: Span) -> float:
    """How many topics a day begin to be listed after the warm-up."""
    starts = sum(start >= span.warmup_min for spans in lives.values() for start, _ in spans)
    return starts / span.days


SPAN = Span(BEGIN_MS, MINUTES, WARMUP_DAYS * DAY_MIN)
# rule -> what is limited on the stream without events, to how much, and what it is called
RULES: dict[str, tuple[Callable[[Lives], float], float, str]] = {
    "alarms": (partial(starts_a_day, span=SPAN), 2.0, "alarms"),
    "hours": (partial(listed_hours_a_day, span=SPAN), 3.0, "listed topic-hours"),
}
HEADER = (
    f"{'method':32} {'ON':>8} {'recall':>7} {'10-39':>6} {'40-':>5} {'120-':>5} {'delay':>6} {'rings':>6} "
    f"{'floods':>6} {'precision':>9}"
)


def methods_on(posts: Sequence[Post]) -> Iterator[tuple[str, Series, Callable[[Series, float], Lives]]]:
    """Every method's scores on the posts, and how it lists by a threshold."""
    observed = Observation()
    for start in range(0, len(posts), 4_096):
        observed.feed(posts[start : start + 4_096])
    observed.finish()
    yield "upswell", observed.scores(SPAN), lives_of_upswell
    for name, scores in baselines(observed.said, SPAN):
        yield name, scores, lives_above


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("archives", nargs="+")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--giants", action="store_true")
    told = parser.parse_args()
    collect_rarely()
    ground = stacked(told.archives)
    known = Counter(topic for post in ground for topic in keys_of(post))
    if told.giants:
        ground += giants(np.random.default_rng(0))
    ground.sort(key=_place)
    thresholds: dict[tuple[str, str], float] = {}
    for name, scores, live in methods_on(ground):
        for rule, (cost, allowed, _) in RULES.items():
            thresholds[rule, name] = lowest_threshold(partial(live, scores), cost, allowed)
    results: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for seed in range(told.seeds):
        rng = np.random.default_rng(1_000 + seed)
        events = draw_events(rng, known)
        posts = ground + [post for number, event in enumerate(events) for post in posts_of(event, number, rng)]
        labels = [event.label for event in events]
        for name, scores, live in methods_on(sorted(posts, key=_place)):
            for rule in RULES:
                results[rule, name].append(verdict(labels, live(scores, thresholds[rule, name]), SPAN))
        _report(thresholds, results, seed + 1)  # a run of hours can be cut short


def _report(thresholds: dict[tuple[str, str], float], results: dict[tuple[str, str], list[Found]], seeds: int) -> None:
    for rule, (_, allowed, what) in RULES.items():
        print(f"\n{seeds} seeds, thresholds at {allowed:g} {what} a day without events")
        print(HEADER)
        for (of_rule, name), found in results.items():
            if of_rule == rule:
                print(_line(name, thresholds[rule, name], found), flush=True)


def _place(post: Post) -> tuple[int | str, str]:
    return post.time, post.id


def _line(name: str, on: float, found: Sequence[Found]) -> str:
    def mean(values: Sequence[float]) -> float:
        return statistics.fmean(values)

    small, middle, large = (mean([each.recall_by_people[i] for each in found]) for i in range(3))
    return (
        f"{name:32} {on:8.1f} {mean([each.recall for each in found]):7.2f} {small:6.2f} {middle:5.2f} {large:5.2f} "
        f"{mean([each.delay_min for each in found]):6.1f} {mean([each.rings for each in found]):6.2f} "
        f"{mean([each.floods for each in found]):6.2f} {mean([each.precision for each in found]):9.2f}"
    )


if __name__ == "__main__":
    main()
