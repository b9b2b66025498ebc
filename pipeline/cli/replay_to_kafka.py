"""`upswell replay --to-kafka`: an archive onto the posts topic, for the workers to count."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

from pipeline.cli.archive_flags import with_notes_said
from pipeline.cli.common import kafka_faults
from pipeline.cli.errors import WrongUseError, complain
from pipeline.cli.interrupts import Interrupts
from pipeline.cli.outputs import LineFile, dead_line
from pipeline.cli.pace import Pace
from pipeline.cli.replay_run import SORTING, Plan, carry_out, retime_ms, shift
from pipeline.cli.screen import RunProgress
from pipeline.cli.summary import Tally, skipped_parts
from pipeline.cli.terminal import console, moment
from pipeline.kafka.producer import PostProducer, is_dead_to_workers
from pipeline.settings import Settings
from pipeline.sources.archives.batches import Batch

MOST_WAITING = 10_000  # records that are no posts, while no post has come


def push(plan: Plan, settings: Settings) -> None:
    """Pushes the plan's archives. Raises as `carry_out` does, WrongUseError too where they do not fit what the topic
    holds."""
    with kafka_faults(), PostProducer(settings, say=complain) as producer:
        carry_out(_Push(plan, settings, producer))


class _Push:
    def __init__(self, plan: Plan, settings: Settings, producer: PostProducer) -> None:
        self.plan, self.settings, self.producer = plan, settings, producer
        self.tally = Tally()
        self.held_back = 0
        self.marked_at: int | None = None
        self.began = time.monotonic()

    def to_the_end(self) -> None:
        with Interrupts() as interrupts, ExitStack() as stack:
            shift_ms = retime_ms(self.plan)
            dead_file = None
            if self.plan.dead is not None:
                dead_file = stack.enter_context(LineFile("--dead", self.plan.dead, interrupts, at_once=False))
            progress = stack.enter_context(RunProgress(console(sys.stderr), "push"))
            pace = Pace(self.plan.speed) if self.plan.speed is not None else None
            for batch in self._checked(with_notes_said(self.plan.batches())):
                shift(batch.posts, shift_ms)
                self.tally.take(batch)
                if dead_file:
                    dead_file.write(*(dead_line(it.file, it.line, it.reason, it.detail, it.raw) for it in batch.dead))
                self.push_dead(batch)
                for due in pace.slices(batch.posts) if pace else [batch.posts]:
                    self.producer.push(due)
                    if due:
                        self.tally.at_ms = int(due[-1].time)
                note = f"{self.tally.records:,} records" + (
                    f", to {moment(self.tally.at_ms)} UTC" if self.tally.at_ms is not None else ""
                )
                progress.update(batch.bytes_read, batch.bytes_total, SORTING if batch.sorting else note)
            progress.update(self.tally.bytes_read, self.tally.bytes_total, "waiting for the last acknowledgements")
            self.marked_at = self.producer.finish()

    def push_dead(self, batch: Batch) -> None:
        """Lines that are no posts go as they are. Those that workers would count after all stay here: posts whose time
        the archive gives the lie, and records that only the format asked for refuses."""
        for dead in batch.dead:
            if is_dead_to_workers(dead.raw):
                self.producer.push_dead(dead.raw)
            else:
                self.held_back += 1

    def _checked(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        """Refuses, before anything is pushed, an archive that would be late as a whole. Lines that are no posts may
        come before the first post: they wait for it, up to a bound."""
        waiting: list[Batch] = []
        for batch in batches:
            waiting.append(batch)
            if batch.posts:
                self._refuse_the_past(int(batch.posts[0].time))
            if batch.posts or sum(len(one.dead) for one in waiting) > MOST_WAITING:
                break
        yield from waiting
        yield from batches

    def _refuse_the_past(self, begins_ms: int) -> None:
        if self.plan.end_ms is not None:
            return
        reached = self.producer.reached()
        if reached is not None and begins_ms < reached - self.settings.max_out_of_orderness_ms - self.settings.pane_ms:
            raise WrongUseError(
                f"topic {self.producer.topic} holds posts up to {moment(reached)} UTC already, and this archive begins"
                f" at {moment(begins_ms)} UTC, so its posts would be late: push it with --retime now, or to topics of"
                " its own (UPSWELL_KAFKA_PREFIX)"
            )

    def written(self) -> str:
        return f"; {self.producer.acknowledged:,} records are in Kafka"

    def report(self) -> None:
        elapsed_s = time.monotonic() - self.began
        rate = f" ({self.tally.records / elapsed_s:,.0f} a second)" if elapsed_s > 0 else ""
        posts, dead = self.tally.posts, self.tally.dead.total()
        print(f"read       {self.tally.records:>12,}  records in {elapsed_s:,.1f} s{rate}")
        print(f"pushed     {posts:>12,}  posts to {self.producer.topic} at {self.producer.connection.shown}")
        held_back = f", {self.held_back:,} of them held back: workers would count them" if self.held_back else ""
        print(f"dead       {dead:>12,}  records that are no posts, pushed as they are{held_back}")
        print(f"skipped    {self.tally.skipped:>12,}{skipped_parts(self.tally)}")
        if self.marked_at is not None:
            print(f"marked     {moment(self.marked_at)} UTC in each of {self.settings.partitions} partitions")
