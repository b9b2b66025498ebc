"""`upswell produce`: posts from standard input onto Kafka, a JSON object a line, as they come."""

from __future__ import annotations

import os
import sys
import threading

import typer

from pipeline.cli.common import BrokersFlag, ConfigFlag, PartitionsFlag, kafka_faults, settings_in_force
from pipeline.cli.errors import INTERRUPTED, complain
from pipeline.clock import utc_ms
from pipeline.kafka.connection import KafkaUseError
from pipeline.kafka.producer import PostProducer
from pipeline.sources.archives.lines import Overlong, blocks
from pipeline.sources.stamping import stamp
from schemas import MAX_RECORD_BYTES, PostError, decode_post

MARK_EVERY_S = 10.0
_CHUNK = 1 << 16


def produce(
    brokers: BrokersFlag = None,
    partitions: PartitionsFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Push posts from standard input to Kafka, one JSON object a line, until its end.

    A line without `time` is of now; while such lines come, markers tell every partition the time. A line with `time`
    counts by that; how many are older than workers wait for is told at the end. Lines that are no posts are pushed as
    they are, and become dead letters.

    \b
    Examples:
      echo '{"id":"1","author":"ana","text":"hello #capcom"}' | upswell produce
      my-collector | upswell produce --brokers kafka1:9092
    """
    settings = settings_in_force(config, partitions=partitions, kafka_brokers=brokers)
    with kafka_faults(), PostProducer(settings, say=complain) as producer, _Markers(producer) as markers:
        reader = _Reader(producer, markers, settings.max_out_of_orderness_ms)
        try:
            reader.to_the_end()
            producer.flush()
        except KeyboardInterrupt:
            producer.flush()
            complain(f"interrupted; {producer.acknowledged:,} records are in Kafka")
            raise typer.Exit(INTERRUPTED) from None
    print(f"pushed {producer.pushed:,} records to {producer.topic}: {reader.posts:,} posts, {reader.dead:,} dead")
    if reader.old:
        complain(
            f"{reader.old:,} of {reader.posts:,} posts were more than {settings.max_out_of_orderness_ms / 1_000:g} s"
            " old. Workers that tell the time (`worker --live`, `upswell up`) count such posts as late, in no list;"
            " `upswell replay` reads what was kept"
        )


class _Markers:
    """While posts are stamped with our clock, tells every partition the time, so that it goes on when nobody posts."""

    def __init__(self, producer: PostProducer) -> None:
        self.live = False
        self._producer = producer
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="markers", daemon=True)

    def __enter__(self) -> _Markers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(MARK_EVERY_S):
            if self.live:
                try:
                    self._producer.mark(utc_ms())
                except KafkaUseError:
                    return  # whoever pushes posts meets the same fault, and tells it


class _Reader:
    def __init__(self, producer: PostProducer, markers: _Markers, old_ms: int) -> None:
        self.producer, self.markers = producer, markers
        self.posts = 0
        self.dead = 0
        self.old = 0  # posts that were older than `old_ms`
        self._old_ms = old_ms

    def to_the_end(self) -> None:
        stdin = sys.stdin.fileno()  # read past Python's buffers: a line counts as soon as it is there
        for part in blocks(iter(lambda: os.read(stdin, _CHUNK), b""), MAX_RECORD_BYTES):
            if isinstance(part, Overlong):
                self._dead(part.raw)
                continue
            for line in part.rows:
                if line and not line.isspace():
                    self.take(line)

    def take(self, line: bytes) -> None:
        """Pushes one line."""
        try:
            post, self.markers.live = decode_post(line), False
        except PostError:
            stamped = stamp(line, utc_ms())
            if stamped is None:
                self._dead(line)
                return
            line, post = stamped
            self.markers.live = True
        self.posts += 1
        self.old += int(post.time if post.deleted is None else post.deleted) < utc_ms() - self._old_ms
        self.producer.push_record(line, post)

    def _dead(self, raw: bytes) -> None:
        self.dead += 1
        self.producer.push_dead(raw)
