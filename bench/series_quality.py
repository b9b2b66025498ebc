"""How good `upswell score` is on labelled series, beside Mastodon's formula, a z-score and plain counts.

    python -m bench.series_quality --nab DIR --gnip FILE [--stability]

DIR holds series of the Numenta Anomaly Benchmark (`timestamp,value` CSV files and `windows.json`: the labelled windows
by `category/file name`), FILE one JSON object a line: `trending`, `bin_s`, `counts`.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import gzip
import json
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import numpy as np
import numpy.typing as npt

from pipeline.trends import score as formulas
from pipeline.trends import series

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Method = Callable[[Integers, Floats, int], Floats]  # (times ms, values, warm-up ms) -> how much of a burst each row is

NAB_WARMUP_MS = 86_400_000
GNIP_WARMUP_MS = 7_200_000
FALSE_ALARMS = 0.04


@dataclass(frozen=True)
class Labelled:
    """A series of the Numenta benchmark; windows are (first row, last row)."""

    name: str
    times_ms: Integers
    values: Floats
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Burst:
    """A series that became a trend at its end, or did not."""

    trending: bool
    times_ms: Integers
    values: Floats


def load_nab(folder: Path) -> list[Labelled]:
    """The series of the folder, in the order of its windows.json."""
    found = []
    for key, windows in json.loads((folder / "windows.json").read_text()).items():
        path = folder / key.rsplit("/", 1)[1]
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        times_ms = [_ms(row["timestamp"]) for row in rows]
        places = tuple((times_ms.index(_ms(first)), times_ms.index(_ms(last))) for first, last in windows)
        found.append(Labelled(path.stem, np.array(times_ms), np.array([float(row["value"]) for row in rows]), places))
    return found


def load_gnip(path: Path) -> list[Burst]:
    with gzip.open(path, "rt") as file:
        lines = [json.loads(line) for line in file]
    return [
        Burst(line["trending"], np.arange(len(line["counts"])) * line["bin_s"] * 1_000, np.array(line["counts"], float))
        for line in lines
    ]


def _ms(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC).timestamp()) * 1_000


# --- the methods ---------------------------------------------------------------------------------------------------


def ours(column: str) -> Method:
    return lambda times_ms, values, warmup_ms: getattr(series.score_series(times_ms, values, warmup_ms), column)


def plain_counts(window_min: int) -> Method:
    """The window's count."""
    return _over_windows(window_min, lambda n, _past: n)


def mastodon(window_min: int) -> Method:
    """(n - e)^2 / e where n is at least 5 and above e, e at least 1 (Mastodon's tags.rb), e the mean of the windows of
    all the past up to an hour ago, in the place of the same day a day earlier.
    """

    def measure(n: Floats, past: _Past) -> Floats:
        e = np.maximum(past.mean, 1.0)
        return np.where((n >= 5) & (n > e), (n - e) ** 2 / e, 0.0)

    return _over_windows(window_min, measure)


def z_score(window_min: int) -> Method:
    """(n - mean) / (deviation + 1) over the windows of all the past up to an hour ago; 0 for n below 5."""
    return _over_windows(window_min, lambda n, past: np.where(n >= 5, (n - past.mean) / (past.deviation + 1.0), 0.0))


def on_record(method: Method) -> Method:
    """The method's value where it beats its own record, which halves every day: what `news` is to `score`."""

    def measure(times_ms: Integers, values: Floats, warmup_ms: int) -> Floats:
        measured = np.maximum(method(times_ms, values, warmup_ms), 0.0)
        beats, record, before = np.zeros(len(measured)), 0.0, times_ms[0]
        for row, (at, value) in enumerate(zip(times_ms.tolist(), measured.tolist(), strict=True)):
            record *= 0.5 ** ((at - before) / 86_400_000)
            before = at
            if value > record:
                beats[row] = record = value
        return beats

    return measure


@dataclass(frozen=True)
class _Past:
    mean: Floats
    deviation: Floats


def _over_windows(window_min: int, measure: Callable[[Floats, _Past], Floats]) -> Method:
    def method(times_ms: Integers, values: Floats, warmup_ms: int) -> Floats:
        step_ms = series.step_of(times_ms)
        n = _sums(values, max(1, math.floor(window_min * 60_000 / step_ms + 0.5)))
        hour = round(3_600_000 / step_ms)
        how_many = np.arange(1, len(n) + 1)
        mean = np.cumsum(n) / how_many
        deviation = np.sqrt(np.maximum(np.cumsum(n * n) / how_many - mean**2, 0.0))
        measured = measure(n, _Past(_later(mean, hour), _later(deviation, hour)))
        return np.where(times_ms - times_ms[0] < warmup_ms, 0.0, measured)

    return method


def _sums(values: Floats, window: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    after = np.arange(1, len(values) + 1)
    sums: Floats = total[after] - total[np.maximum(after - window, 0)]
    return sums


def _later(values: Floats, steps: int) -> Floats:
    return np.concatenate([np.zeros(steps), values])[: len(values)]


# --- the measures --------------------------------------------------------------------------------------------------


def nab_score(
    files: Sequence[Labelled], scores: Sequence[Floats], threshold: float | None = None
) -> tuple[float, float]:
    """(the benchmark's standard score, threshold): at the threshold given, else at the best one.

    The rules are those of Lavin & Ahmad, "Evaluating Real-time Anomaly Detection Algorithms" (2015): a window earns
    the scaled sigmoid of its first detection's place, a missed one costs 1, a detection outside costs up to 0.11 and
    less just after a window; the first 15 % of the rows (750 at most) do not count. 0 is no detection, 100 perfect.
    """
    score, worth, window = _detections(files, scores)
    order = np.argsort(-score, kind="stable")
    score, worth, window = score[order], worth[order], window[order]
    last_of_tie = np.append(np.flatnonzero(np.diff(score)), len(score) - 1)
    windows = sum(len(file.windows) for file in files)
    total = np.cumsum(np.where(window < 0, worth, 0.0))
    scored_windows = np.unique(window[window >= 0])
    for number in scored_windows:
        total += np.maximum.accumulate(np.where(window == number, worth, -1.0))
    nothing = -float(len(scored_windows))
    cuts = np.concatenate([[math.inf], score[last_of_tie]])
    totals = np.concatenate([[nothing], total[last_of_tie]])
    best = int(totals.argmax()) if threshold is None else int(np.flatnonzero(cuts >= threshold)[-1])
    return 100.0 * (float(totals[best]) - nothing) / (windows - nothing), float(cuts[best])


def _detections(files: Sequence[Labelled], scores: Sequence[Floats]) -> tuple[Floats, Floats, Integers]:
    """Of every row that counts: its score, what detecting it is worth, and the window it lies in (-1: none)."""
    all_scores, all_worths, all_windows, before = [], [], [], 0
    for file, score in zip(files, scores, strict=True):
        row = np.arange(len(score))
        worth, window = np.full(len(score), -0.11), np.full(len(score), -1)
        for number, (first, last) in enumerate(file.windows):
            inside, after = (row >= first) & (row <= last), row > last
            worth[after] = 0.11 * _sigmoid((row[after] - last) / (last - first))
            worth[inside] = _sigmoid((row[inside] - last - 1) / (last - first + 1)) / _sigmoid(np.array([-1.0]))
            window[inside] = before + number
        before += len(file.windows)
        counts = row >= min(math.floor(0.15 * len(score)), 750)
        all_scores.append(score[counts])
        all_worths.append(worth[counts])
        all_windows.append(window[counts])
    return np.concatenate(all_scores), np.concatenate(all_worths), np.concatenate(all_windows)


def _sigmoid(place: Floats) -> Floats:
    scaled: Floats = np.where(place > 3.0, -1.0, 2.0 / (1.0 + np.exp(5.0 * np.minimum(place, 3.0))) - 1.0)
    return scaled


def recall_at(trending: Sequence[bool], highest: Floats) -> float:
    """The share of trending series whose highest score lies above the lowest threshold at which at most FALSE_ALARMS
    of the others alarm.
    """
    label = np.array(trending, bool)
    others = np.sort(highest[~label])[::-1]
    threshold = others[math.floor(FALSE_ALARMS * len(others))]
    return float((highest[label] > threshold).mean())


# --- the tables ----------------------------------------------------------------------------------------------------


def run_nab(files: Sequence[Labelled], method: Method) -> list[Floats]:
    return [method(file.times_ms, file.values, NAB_WARMUP_MS) for file in files]


def run_gnip(bursts: Sequence[Burst], method: Method) -> float:
    """Recall at 4 % false alarms, the first two hours being warm-up."""
    highest = np.array([method(burst.times_ms, burst.values, GNIP_WARMUP_MS).max() for burst in bursts])
    return recall_at([burst.trending for burst in bursts], highest)


def compare(files: Sequence[Labelled], bursts: Sequence[Burst]) -> Iterator[str]:
    yield f"{'method':32} {'NAB':>6} {'on record':>10} {'Gnip':>7}"
    methods: list[tuple[str, Method, Method]] = [("upswell score", ours("score"), ours("news"))]
    for name, kind in (("Mastodon's formula", mastodon), ("z-score", z_score), ("plain counts", plain_counts)):
        methods += [(f"{name}, {minutes} min", kind(minutes), on_record(kind(minutes))) for minutes in (5, 15, 60)]
    for name, method, news in methods:
        plain, recorded = (nab_score(files, run_nab(files, each))[0] for each in (method, news))
        yield f"{name:32} {plain:6.1f} {recorded:10.1f} {run_gnip(bursts, news):7.3f}"


def stability(files: Sequence[Labelled], bursts: Sequence[Burst]) -> Iterator[str]:
    """What `news` reaches with each constant changed, and with each series left out or alone."""
    yield f"{'news with':32} {'NAB':>6} {'Gnip':>18}"
    changes: list[tuple[ModuleType, str, Sequence[float]]] = [
        (series, "HALF_LIFE_BUCKETS", (84.0, 120.0, 168.0, 240.0, 336.0)),
        (series, "RECORD_HALF_LIFE_BUCKETS", (12.0, 18.0, 24.0, 30.0, 36.0)),
        (series, "SHORTS_IN_LONG", (3, 5, 6)),
        (series, "MIN_SUPPORT", (0.0, 10.0)),
        (formulas, "PHI", (0.025, 0.1)),
        (formulas, "PSI", (0.5, 0.75, 1.5, 2.0)),
        (formulas, "ONE_PERSON", (0.5, 2.0)),
    ]
    for module, name, values in changes:
        for value in values:
            with _changed(module, name, value):
                reached = nab_score(files, run_nab(files, ours("news")))[0]
                yield f"{name + ' = ' + format(value, 'g'):32} {reached:6.1f} {run_gnip(bursts, ours('news')):18.3f}"
    news = run_nab(files, ours("news"))
    for left_out in range(len(files)):
        rest = [number for number in range(len(files)) if number != left_out]
        reached, threshold = nab_score([files[number] for number in rest], [news[number] for number in rest])
        alone = nab_score([files[left_out]], [news[left_out]], threshold)[0]
        yield f"{'without ' + files[left_out].name:32} {reached:6.1f}   it alone, at their threshold {alone:.1f}"


@contextmanager
def _changed(module: ModuleType, name: str, value: float) -> Iterator[None]:
    usual = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, usual)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--nab", type=Path, required=True, metavar="DIR")
    parser.add_argument("--gnip", type=Path, required=True, metavar="FILE")
    parser.add_argument("--stability", action="store_true", help="each constant changed, each series left out")
    told = parser.parse_args()
    files, bursts = load_nab(told.nab), load_gnip(told.gnip)
    for line in (stability if told.stability else compare)(files, bursts):
        print(line, flush=True)


if __name__ == "__main__":
    main()
