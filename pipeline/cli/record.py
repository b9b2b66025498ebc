"""`upswell record`: what arrives is kept as archives, to be replayed."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.common import BrokersFlag, ConfigFlag, kafka_faults, length_ms, settings_in_force
from pipeline.cli.errors import CommandError

WAIT_S = 0.5


def record(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the archives are kept")],
    every: Annotated[str, typer.Option("--every", metavar="LENGTH", help="A new file after so long, as 10m")] = "10m",
    once: Annotated[bool, typer.Option("--once", help="Keep what there is, and end")] = False,
    brokers: BrokersFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Keep the posts on Kafka as compressed archives with a manifest, until Ctrl-C; `upswell replay DIR` plays them.

    It begins with the oldest post that Kafka holds and goes on where it stopped: each post is kept once. A post that is
    not in a finished file yet is read again after a kill, from Kafka.

    \b
    Examples:
      upswell record archive/
      upswell record archive/ --once && upswell replay archive/
    """
    from pipeline.kafka.connection import Connection, control_keys
    from pipeline.kafka.log import LogReader
    from pipeline.sources.kept import FolderError
    from pipeline.sources.recording import Recording
    from schemas.topics import Topics

    rotate_s = max(length_ms("--every", every) / 1_000, 1.0)
    settings = settings_in_force(config, kafka_brokers=brokers)
    topic, told = Topics(settings.kafka_prefix).posts, threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    with kafka_faults():
        control = control_keys(settings)
        reader = LogReader(Connection.of(settings), [topic])
        try:
            recording = Recording(folder, topic, control, rotate_s=rotate_s)
        except FolderError as error:
            reader.close()
            raise CommandError(str(error)) from None
        try:
            reader.next = {place: recording.next.get(place.partition, 0) for place in reader.next}
            reader.assign()
            print(f"recording {topic} into {folder}", flush=True)
            while not told.is_set() and not (once and reader.at_end):
                recording.take(reader.poll(WAIT_S))
                recording.rotate_if_due()
            recording.finish()
        except OSError as error:
            raise CommandError(f"{folder}: {error.strerror}; what is finished there is whole") from None
        finally:
            recording.close()
            reader.close()
    print(f"kept {recording.posts:,} posts in {folder}")
