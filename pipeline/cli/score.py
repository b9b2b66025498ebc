"""`upswell score`: where series of counts, given as CSV files, rise above their own past."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import math
import os
import re
from collections import Counter
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from pipeline.cli.common import length_ms
from pipeline.cli.errors import CommandError, WrongUseError, complain
from pipeline.trends.series import MAX_VALUE, SeriesError, SeriesScores, score_series
from schemas import MAX_TIME_MS

ADDED = ("expected", "spread", "score", "news")

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_NUMBER = re.compile(r"-?\d+(?:\.\d*)?", re.ASCII)
_MS_FROM = 100_000_000_000  # as seconds the year 5138, as ms 1973


def score(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE...", show_default=False, help="CSV files with timestamp,value.")
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", show_default=False, help="Where to write them, scores added.")
    ],
    warmup: Annotated[
        str, typer.Option(metavar="LENGTH", help="How much of a beginning only feeds the baseline: 90m, 2h, 1d.")
    ] = "1d",
) -> None:
    """Score series of counts (CSV) for bursts.

    Reads `timestamp,value` files and writes files of the same names to DIR, with expected, spread, score and news
    added to every row. news is the score where it beats the series' own fading record, else 0: alarm on it.
    """
    warmup_ms = length_ms("--warmup", warmup)
    _check_paths(files, out)
    for path in files:
        series = Series.read(path)
        try:
            scores = score_series(np.array(series.times_ms, np.int64), np.array(series.values, np.float64), warmup_ms)
        except SeriesError as error:
            raise WrongUseError(f"{path}: {error}") from None
        series.write(out / path.name, scores)
        if series.times_ms[-1] - series.times_ms[0] < warmup_ms:
            complain(f"{path}: shorter than the warm-up of {warmup}, so all its scores are 0; give a shorter --warmup")
        print(f"{out / path.name}: {series.summary(scores)}")


def _check_paths(files: list[Path], out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise WrongUseError(f"--out {out}: this is no folder; name one, it is made where it does not exist")
    names = Counter(path.name for path in files)
    for path in files:
        if not path.is_file():
            raise WrongUseError(f"{path}: {'a folder; name its files' if path.is_dir() else 'no such file'}")
        if names[path.name] > 1:
            raise WrongUseError(f"{path}: several of the files have this name; score them into several folders")
        target = out / path.name
        if target.exists() and target.samefile(path):
            raise WrongUseError(f"{path}: the result would overwrite it; name another folder with --out")


class Series:
    """The rows of one file as they were written, with their times and values understood."""

    def __init__(self, header: list[str], rows: list[list[str]], times_ms: list[int], values: list[float]) -> None:
        self.header = header
        self.rows = rows
        self.times_ms = times_ms
        self.values = values

    @classmethod
    def read(cls, path: Path) -> Series:
        """Raises WrongUseError with file and line for whatever is not a series in order of time."""
        try:
            # bytes that are no UTF-8 may stand in columns that are not ours: they are written as they were read
            text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
        except OSError as error:
            raise WrongUseError(f"{path}: cannot be read ({error.strerror})") from None
        reader = csv.reader(io.StringIO(text, newline=""))
        try:
            header = next(reader, [])
            _check_header(header)
            time_column, value_column = header.index("timestamp"), header.index("value")
            rows: list[list[str]] = []
            times_ms: list[int] = []
            values: list[float] = []
            for row in reader:
                if not row:
                    continue
                if len(row) != len(header):
                    raise ValueError(f"{len(row)} columns where the header has {len(header)}; mend or remove the line")
                time_ms = parse_timestamp(row[time_column])
                if times_ms and time_ms <= times_ms[-1]:
                    twice = time_ms == times_ms[-1]
                    raise ValueError(
                        f"timestamp {row[time_column]!r} "
                        + ("comes twice; add the rows of one time up" if twice else "is before the one above it; sort")
                    )
                rows.append(row)
                times_ms.append(time_ms)
                values.append(parse_value(row[value_column]))
        except (ValueError, csv.Error) as error:
            raise WrongUseError(f"{path}:{max(reader.line_num, 1)}: {error}") from None
        if not rows:
            raise WrongUseError(f"{path}:{max(reader.line_num, 1)}: a header and no rows; one row a step is needed")
        return cls(header, rows, times_ms, values)

    def write(self, target: Path, scores: SeriesScores) -> None:
        """Writes the rows with the four columns added, whole or not at all; raises CommandError."""
        added = np.stack([scores.expected, scores.spread, scores.score, scores.news], axis=1).tolist()
        part = target.with_name(f".{target.name}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
                writer = csv.writer(file, lineterminator="\n")
                writer.writerow([*self.header, *ADDED])
                writer.writerows(
                    [*row, *(f"{x:.6g}" for x in numbers)] for row, numbers in zip(self.rows, added, strict=True)
                )
            os.replace(part, target)
        except OSError as error:
            with contextlib.suppress(OSError):
                part.unlink()
            raise CommandError(f"{target}: cannot be written ({error.strerror})") from None

    def summary(self, scores: SeriesScores) -> str:
        """How the series was looked at, and its greatest news."""
        spec = scores.spec
        short, long = (_length(steps * spec.step_ms) for steps in spec.windows)
        greatest = int(scores.news.argmax())
        news = scores.news[greatest]
        at = self.rows[greatest][self.header.index("timestamp")]
        return f"{len(self.rows)} rows, step {_length(spec.step_ms)}, windows {short} and {long}; " + (
            f"greatest news {news:.1f} at {at}" if news else "no news"
        )


def _check_header(header: list[str]) -> None:
    if not header:
        raise ValueError("empty; the first line must be the header timestamp,value")
    for name in ("timestamp", "value"):
        if header.count(name) != 1:
            raise ValueError(
                f"the header {','.join(header)[:60]!r} has {'no' if name not in header else 'more than one'} column "
                f"{name}; the columns timestamp and value are needed, with commas between"
            )
    for name in ADDED:
        if name in header:
            raise ValueError(f"has a column {name} already; give the file as it was before it was scored")


def parse_timestamp(text: str) -> int:
    """Milliseconds since 1970 UTC of `2015-02-26 21:42:53`, ISO 8601 (UTC where it names no zone), epoch s or epoch ms.

    Raises ValueError.

    >>> parse_timestamp("2015-02-26T22:42:53.5+01:00") == parse_timestamp("1424986973.5")
    True
    """
    text = text.strip()
    if _NUMBER.fullmatch(text):
        number = float(text)
        time_ms = math.floor(number if abs(number) >= _MS_FROM else number * 1_000 + 0.5)
        if abs(time_ms) < MAX_TIME_MS:
            return time_ms
    else:
        try:
            moment = dt.datetime.fromisoformat(text)
            since = (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)) - _EPOCH
            return (since.days * 86_400 + since.seconds) * 1_000 + since.microseconds // 1_000
        except ValueError:
            pass
    raise ValueError(f"{text[:40]!r} is no timestamp; write 2015-02-26 21:42:53, ISO 8601, or seconds since 1970")


def parse_value(text: str) -> float:
    """A count; raises ValueError for what is none."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= MAX_VALUE or "_" in text:
        raise ValueError(f"value {text[:40]!r} is no count; a number within 0 and {MAX_VALUE:g} is needed")
    return value


def _length(ms: float) -> str:
    """
    >>> _length(2_500.0), _length(5_400_000.0), _length(86_400_000.0)
    ('2.5 s', '90 min', '24 h')
    """
    if ms < 60_000:
        return f"{ms / 1_000:g} s"
    return f"{ms / 60_000:g} min" if ms < 7_200_000 else f"{ms / 3_600_000:g} h"
