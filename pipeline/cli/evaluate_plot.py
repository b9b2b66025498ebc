"""What `upswell evaluate` found out, drawn: what each method finds at which price, and what was listed when."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.cli.errors import CommandError, WrongUseError
from pipeline.evaluation.judging import Planted, beside_labels, listed_hours_a_day, verdict
from pipeline.evaluation.lives import Lives, lives_above, lives_of_upswell
from pipeline.evaluation.methods import Series
from pipeline.evaluation.observing import Observation, Span
from pipeline.extras import lacking
from pipeline.text import printable

Method = tuple[str, Callable[[float], Lives], float]  # name, what it lists at a threshold, its highest score
SUFFIXES = (".pdf", ".png", ".svg")
_FONTS = ("DejaVu Sans", "Noto Sans CJK JP", "IPAGothic", "WenQuanYi Zen Hei", "Noto Sans Arabic")  # which there are
_STEPS = 24  # thresholds of a curve
_COLOURS = {"burst": "#0b6e4f", "story": "#1d4e89", "event": "#6a4c93", "ring": "#b00020", "flood": "#c77700"}
_DASHES = ("-", "--", "-.", ":")


def check_plot(path: Path) -> None:
    """Raises WrongUseError where nothing could be drawn, before anything is read."""
    if fault := lacking("plot", "--plot"):
        raise WrongUseError(fault)
    if path.suffix.lower() not in SUFFIXES:
        raise WrongUseError(f"--plot {path}: a name that ends in {', '.join(SUFFIXES)} says what to draw")


def draw(
    path: Path, observed: Observation, labels: Sequence[Planted], span: Span, scored: Iterable[tuple[str, Series]]
) -> None:
    """Writes the picture of upswell and of the other methods, by their scores. Raises CommandError where the file
    cannot be written."""
    from matplotlib import font_manager, rc_context
    from matplotlib.figure import Figure  # without `pyplot`, which would look for a screen

    installed = set(font_manager.get_font_names())
    judged = [label for label in labels if span.minute_of(label.start) >= span.warmup_min]
    fonts = [name for name in _FONTS if name in installed]
    with rc_context({"font.family": fonts}), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a letter that no font has is a box
        figure = Figure(figsize=(11, 6 + 0.16 * len(judged)), layout="constrained")
        upper, lower = figure.subplots(2, 1, height_ratios=(5, 1 + 0.16 * len(judged)))
        _curves(upper, _methods(observed.scores(span), scored), labels, span)
        _lanes(lower, observed.trending(span), judged, span)
        try:
            figure.savefig(path)
        except OSError as error:
            raise CommandError(f"--plot {path}: cannot be written ({error.strerror}); name another file") from None


def _curves(axes: Any, methods: Iterable[Method], labels: Sequence[Planted], span: Span) -> None:
    for number, (name, lives_at, highest) in enumerate(methods):
        points = []
        for on in np.geomspace(1.0, max(highest, 2.0), _STEPS):
            lives = lives_at(float(on))
            points.append((listed_hours_a_day(beside_labels(labels, lives), span), verdict(labels, lives, span).recall))
        price, found = zip(*sorted(points), strict=True)
        ours = name == "upswell"
        style = {"color": "black", "linewidth": 2.5} if ours else {"linestyle": _DASHES[number % 4], "linewidth": 1.2}
        axes.plot(price, found, label=name, **style)
    axes.set(xscale="symlog", ylim=(0, 1.02), xlabel="topic-hours a day of topics that no label names", ylabel="found")
    axes.set_title("What is found at which price, at any threshold")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)


def _methods(ours: Series, scored: Iterable[tuple[str, Series]]) -> Iterator[Method]:
    for name, scores, lives in (
        ("upswell", ours, lives_of_upswell),
        *((name, scores, lives_above) for name, scores in scored),
    ):
        yield name, partial(lives, scores), max((float(each.max(initial=0.0)) for each in scores.values()), default=0.0)


def _lanes(axes: Any, lives: Lives, labels: Sequence[Planted], span: Span) -> None:
    names = []
    for lane, label in enumerate(labels):
        begin, end = ((at - span.begin_ms) / 3_600_000 for at in (label.start, label.end))
        axes.barh(lane, end - begin, left=begin, height=0.8, color=_COLOURS[label.kind], alpha=0.35)
        for topic in label.topics:
            for first, last in lives.get(topic, ()):
                axes.barh(lane, (last - first) / 60, left=first / 60, height=0.3, color="black")
        # a dollar sign would begin a formula
        names.append(printable(f"{label.kind} {label.topics[0]} ({label.people})").replace("$", r"\$"))
    axes.set_yticks(range(len(names)), names, fontsize=7)
    axes.set(xlabel="hours of the stream", xlim=(0, span.minutes / 60))
    axes.set_title("What happened (coloured), and when upswell listed it (black)")
    axes.invert_yaxis()
    axes.grid(axis="x", alpha=0.3)
