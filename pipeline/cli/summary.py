"""What became of the records of a replay: read, counted, late, duplicate, dead, skipped."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.cli.terminal import moment
from pipeline.local import Stats
from pipeline.sources.archives.batches import Batch
from pipeline.sources.archives.merging import moments
from pipeline.text import printable

SOURCES_SHOWN = 5
FILES_SHOWN = 5


@dataclass
class Tally:
    """The sums over all batches, and how far reading has come."""

    posts: int = 0
    dead: Counter[str] = field(default_factory=Counter)  # by reason
    skipped: int = 0
    failed: bool = False  # most of a file is dead
    empty: list[str] = field(default_factory=list)  # files that hold no record
    hidden: int = 0  # of those skipped: not public
    replaced: int = 0  # of those skipped: earlier versions of posts that were edited
    out_of_order: int = 0
    bytes_read: int = 0
    bytes_total: int | None = None
    file: str = ""
    first_ms: int | None = None  # event time of the oldest and the newest post
    last_ms: int | None = None
    at_ms: int | None = None  # event time up to which posts are counted

    def take(self, batch: Batch) -> None:
        self.posts += len(batch.posts)
        self.dead.update(dead.reason for dead in batch.dead)
        self.skipped += batch.skipped
        self.failed |= batch.failed
        self.empty += batch.empty
        self.hidden += batch.hidden
        self.replaced += batch.replaced
        self.out_of_order += batch.out_of_order
        self.bytes_read, self.bytes_total, self.file = batch.bytes_read, batch.bytes_total, batch.file
        if batch.posts:
            among = batch.posts if batch.out_of_order else (batch.posts[0], batch.posts[-1])
            times = moments(among)
            first_ms, last_ms = min(times), max(times)
            self.first_ms = first_ms if self.first_ms is None else min(self.first_ms, first_ms)
            self.last_ms = last_ms if self.last_ms is None else max(self.last_ms, last_ms)

    @property
    def records(self) -> int:
        return self.posts + self.dead.total() + self.skipped

    def nothing(self) -> str:
        """What is to be told where no input held a record, or nothing but what is no post; else nothing."""
        if self.records:
            if self.posts or self.dead or self.replaced:
                return ""
            if self.hidden:
                return (
                    f"none of the {self.skipped:,} records is a post for everybody ({self.hidden:,} not public),"
                    " so there is nothing to count: is this what you meant?"
                )
            return (
                f"none of the {self.skipped:,} records is a post, so there is nothing to count: is this what you meant?"
            )
        if len(self.empty) == 1:
            return f"{_shown(self.empty)} holds no record, so there is nothing to count: is it the right one?"
        return f"none of the inputs holds a record, so there is nothing to count: {_shown(self.empty)}"

    def reached(self) -> str:
        """How far the run came, for one that did not come to its end."""
        if not self.records:
            return "before the first record"
        part = f", {self.bytes_read / self.bytes_total:.0%} of the input" if self.bytes_total else ""
        when = f"{moment(self.at_ms)} UTC of event time, " if self.at_ms is not None else ""
        return f"at {when}{self.records:,} records read{part}, in {printable(self.file)}"


def lines(tally: Tally, stats: Stats, hint_flag: str, elapsed_s: float) -> Iterator[str]:
    """The summary, a few lines. `hint_flag` is what to raise when posts came out of order."""
    rate = f" ({tally.records / elapsed_s:,.0f} a second)" if elapsed_s > 0 else ""
    span = ""
    if tally.first_ms is not None and tally.last_ms is not None:
        span = f", posts of {moment(tally.first_ms)} to {moment(tally.last_ms)} UTC"
    yield f"read       {tally.records:>12,}  records in {elapsed_s:,.1f} s{rate}{span}"
    yield f"counted    {stats.counted:>12,}"
    if stats.retractions:
        unused = f"  ({stats.retractions_unused:,} of what was not counted)" if stats.retractions_unused else ""
        yield f"withdrawn  {stats.retractions:>12,}{unused}"
    yield f"late       {stats.late:>12,}{_parts(stats.late_by_source, SOURCES_SHOWN)}"
    yield f"duplicate  {stats.duplicates:>12,}"
    yield f"dead       {tally.dead.total():>12,}{_parts(tally.dead, len(tally.dead))}"
    yield f"skipped    {tally.skipped:>12,}{skipped_parts(tally)}"
    if tally.empty and tally.records:
        yield f"empty      {len(tally.empty):>12,}  inputs without a record: {_shown(tally.empty)}"
    if stats.single_topics:
        yield (
            f"left out   {stats.single_mentions:>12,}  mentions, from lists of 24h: of topics that one person alone "
            f"had in that hour ({stats.single_topics:,} of these)"
        )
    if tally.out_of_order:
        yield (
            f"hint: {tally.out_of_order:,} posts stood further out of order than a pipe can be sorted; those that came "
            f"after their pane had closed are late: write the input to a file and replay that, or raise {hint_flag}"
        )


def _shown(files: Sequence[str]) -> str:
    names = [printable(name) if name != "-" else "standard input" for name in files[:FILES_SHOWN]]
    return ", ".join(names) + (f" and {len(files) - FILES_SHOWN:,} more" if len(files) > FILES_SHOWN else "")


def skipped_parts(tally: Tally) -> str:
    """What the skipped records are."""
    parts = {
        "not public": tally.hidden,
        "earlier versions of edited posts": tally.replaced,
        "sound records that hold no post": tally.skipped - tally.hidden - tally.replaced,
    }
    texts = [f"{number:,} {name}" for name, number in parts.items() if number]
    return f"  ({', '.join(texts)})" if texts else ""


def _parts(counts: Mapping[str, int], shown: int) -> str:
    parts = sorted(counts.items(), key=lambda part: (-part[1], part[0]))
    texts = [f"{printable(name) or 'no source'} {count:,}" for name, count in parts[:shown] if count]
    if len(parts) > shown:
        texts.append(f"{len(parts) - shown} more")
    return f"  ({', '.join(texts)})" if texts else ""
