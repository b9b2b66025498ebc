"""What a person sees in a terminal: tables of trends, spark lines, times, the progress of a long run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from math import ceil
from typing import TextIO

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from pipeline.cli.rank_changes import RankChanges
from pipeline.text import printable
from pipeline.wording import DEFAULT, alert_text, language, waits_for, why_of
from schemas import Trend, TrendList
from schemas.alerts import Alert

WORDS = language(DEFAULT)  # terminals are told in English
SPARK_LEVELS = "▁▂▃▅▇"
UNBOUNDED_WIDTH = 10_000  # of output that is no terminal: nothing is cut
MIN_WIDTH = 28
WITH_COURSE = 36  # from here on the spark line has room
WIDE = 60  # and from here posts, the time of the list and a short `why`
TOPIC_WIDTH = 28
WHY_WIDTH = 40  # below this a `why` is cut too early: it goes beneath its row where there is room, else it is put short
MIN_WHY_WIDTH = 8
FILLS_UP = "·"  # in the place of a move: the topic is not trending
STATE_STYLES = {"new": "bold green", "rising": "green", "steady": "", "fading": "dim"}


def spark(values: Sequence[float], width: int = 20) -> str:
    """The newest `width` values as a line of blocks, the tallest being their largest.

    >>> spark([0, 1, 2, 4, 8]), spark([0, 0]), spark([1, 2, 3], 2)
    ('▁▂▂▃▇', '▁▁', '▅▇')
    """
    values = values[-width:] if width else ()
    top = max(values, default=0)
    steps = len(SPARK_LEVELS) - 1
    return "".join(SPARK_LEVELS[ceil(max(value, 0) / top * steps) if top > 0 else 0] for value in values)


def moment(time_ms: int) -> str:
    """A time as people write it, to the minute, UTC.

    >>> moment(1_265_185_800_000)
    '2010-02-03 08:30'
    """
    return (dt.datetime(1970, 1, 1) + dt.timedelta(milliseconds=time_ms)).strftime("%Y-%m-%d %H:%M")  # noqa: DTZ001


def number(value: int) -> str:
    """A count in at most seven cells.

    >>> number(999_999), number(1_234_567), number(123_456_789)
    ('999,999', '1.2M', '123M')
    """
    if value < 1_000_000:
        return f"{value:,}"
    return f"{value / 1e6:.1f}M" if value < 10_000_000 else f"{value // 1_000_000:,}M"


def fit(text: str, width: int) -> str:
    """The text in exactly `width` terminal cells, cut with an ellipsis or filled up with spaces.

    >>> fit("#présidentielle", 8), fit("#a", 4), fit("日本語", 5)
    ('#présid…', '#a  ', '日本…')
    """
    if not width:
        return ""
    if cell_len(text) <= width:
        return set_cell_size(text, width)
    return set_cell_size(set_cell_size(text, width - 1).rstrip() + "…", width)


def console(stream: TextIO) -> Console:
    """A console on the stream that interprets nothing in what it prints, and cuts only where a terminal ends."""
    width = None if stream.isatty() else UNBOUNDED_WIDTH
    return Console(file=stream, width=width, highlight=False, markup=False, emoji=False, soft_wrap=False)


def heading(trends: TrendList | None, title: str, wide: bool = True) -> Text:
    """Whose list this is, of when, and what its past is worth."""
    text = Text(printable(title), style="bold", no_wrap=True, overflow="ellipsis")
    if trends is None:
        text.append("  no list yet", style="dim")
        return text
    if wide:
        text.append(f"  {trends.window} to {moment(trends.at)} UTC", style="not bold dim")
        if trends.flag:
            text.append(f"  ({waits_for(trends, WORDS)})", style="not bold yellow")
    return text


def table(board: RankChanges, top: int, width: int, beneath: bool = False) -> Iterator[Text]:
    """The lines of a board, at most `width` cells each: its heading, the columns' names, a row per topic.

    What does not fit goes: the `why` is put short (or, with `beneath`, gets a line under its row), then posts are left
    out.
    """
    width = max(width, MIN_WIDTH)
    wide = width >= WIDE
    yield heading(board.shown, board.title, wide)
    rows = board.shown.trends[:top] if board.shown else []
    if not rows:
        return
    spark_width = 20 if width >= 110 else 10 if wide else 6 if width >= WITH_COURSE else 0
    gap = "  " if spark_width else ""
    fixed = 3 + 4 + len(gap) + spark_width + (8 if wide else 0) + 8
    topic_width = min(max(cell_len(_topic(row)) for row in rows), TOPIC_WIDTH, width - fixed)
    topic_width = max(topic_width, 12)
    fixed += topic_width
    why_width = width - fixed - 2
    aside = wide and why_width >= (WHY_WIDTH if beneath else MIN_WHY_WIDTH)
    names = f"{'':7}{fit('topic', topic_width)}{gap}{fit('course', spark_width)}"
    names += f"{'posts':>8}{'people':>8}" if wide else f"{'people':>8}"
    yield Text(names + ("  why" if aside else ""), style="dim", no_wrap=True, overflow="crop")
    for row in rows:
        line = Text(no_wrap=True, overflow="crop", style="" if row.trending else "dim")
        line.append(f"{row.rank:>2} ")
        move = board.move(row.topic) if row.trending else FILLS_UP
        line.append(f"{move:<4}", style=STATE_STYLES[row.state] if row.trending else "")
        line.append(fit(_topic(row), topic_width), style="bold cyan" if row.trending else "")
        line.append(gap + fit(spark(row.spark, spark_width), spark_width), style=STATE_STYLES[row.state])
        line.append(f"{number(row.posts):>8}{number(row.authors):>8}" if wide else f"{number(row.authors):>8}")
        why = why_of(row.why, WORDS) if beneath or why_width >= WHY_WIDTH else short_why(row)
        if aside:
            line.append("  " + fit(why, min(why_width, cell_len(why))), style="" if row.trending else "dim")
        yield line
        if beneath and not aside and why:
            yield Text(f"{'':7}{fit(why, min(width - 7, cell_len(why)))}", style="dim", no_wrap=True, overflow="crop")


def _topic(row: Trend) -> str:
    joined = f" +{len(row.joined)}" if row.joined else ""
    return printable(row.display) + joined


def short_why(row: Trend) -> str:
    """The `why` in few words: how many people are usual."""
    if not row.trending:
        return "not trending"
    if row.since is None:
        return "no past yet"
    usual = WORDS.number(row.expected)
    return "usually nobody" if usual == "0" else f"usually about {usual}"


def columns(left: Sequence[Text], right: Sequence[Text], width: int) -> Iterator[Text]:
    """Two blocks of lines side by side, each half of `width` less the gap."""
    half = (width - 2) // 2
    for index in range(max(len(left), len(right))):
        line = left[index].copy() if index < len(left) else Text()
        line.truncate(half, overflow="ellipsis", pad=True)
        line.append("  ")
        if index < len(right):
            other = right[index].copy()
            other.truncate(half, overflow="ellipsis")
            line.append_text(other)
        line.no_wrap, line.overflow = True, "crop"
        yield line


def line_of(alert: Alert) -> str:
    """An alert on one line, safe to show."""
    at = dt.datetime.fromtimestamp(alert.at / 1_000, dt.UTC)
    flags = f" [{', '.join(alert.flags)}]" if alert.flags else ""
    if alert.status == "resolved":
        named = printable(alert.display or alert.scope)
        what = f"over: {named}, fired {(alert.at - alert.fired) // 60_000} min ago"
    else:
        what = alert_text(alert, WORDS)
    return f"{at:%Y-%m-%d %H:%M} UTC  {alert.severity:<8}  {alert.rule}{flags}  {what}"
