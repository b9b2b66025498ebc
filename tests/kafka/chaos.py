"""Faults at random while posts are pushed: kill -9, SIGTERM, a third worker, a stall beyond the session time-out, a
broker that is killed. At the end counts, lists and dead letters must be those of the log, as if nothing had happened.

    python -m tests.kafka.chaos --faults 50 --posts 1000000 --seeds 3
"""

from __future__ import annotations

import argparse
import os
import pickle
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from confluent_kafka import Producer

from pipeline.kafka.topics import init_topics
from pipeline.partitions import murmur2
from pipeline.settings import load_settings
from pipeline.sources.simulator import mixed_scenario, simulate
from pipeline.trends.panes import Grid
from schemas import PostError, TrendList, decode_post
from schemas.definitions import DEFINITIONS_HEADER, Definitions, decode_definitions
from schemas.events import Event

from .apache import Apache
from .reference import expected, found_lists, found_panes, read

HOUR_MS = 3_600_000
STALL_S = 9.0  # longer than the session time-out of 6 s
CHANGES = 20  # of the definitions, while posts are pushed
KINDS = ("kill", "terminate", "start", "stall", "broker")


class Workers:
    """The worker processes, by what has been done to them."""

    def __init__(self, address: str, partitions: int) -> None:
        self.command = [
            sys.executable,
            "-m",
            "pipeline.cli",
            "worker",
            "--brokers",
            address,
            "--partitions",
            str(partitions),
        ]
        self.log = Path(tempfile.mkstemp(prefix="upswell-workers-")[1])
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running.append(
                subprocess.Popen(
                    self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=tempfile.gettempdir()
                )
            )

    def reap(self) -> None:
        """Starts others for those that ended by themselves, as a supervisor does."""
        for one in [one for one in self.running if one.poll() is not None]:
            self.running.remove(one)
        while len(self.running) < 2:
            self.start()

    def end(self) -> None:
        for one in self.running:
            one.send_signal(signal.SIGCONT)
            one.kill()
            one.wait()


def lines(seed: int, posts: int, partitions: int) -> list[tuple[bytes, int]]:
    """(record, partition) in log order: duplicates, late and corrupt ones; one partition falls idle in between."""
    minutes = 40
    scenario = mixed_scenario(duration_ms=minutes * 60_000, rate=posts / (minutes * 60) / 1.45)
    end = scenario.start_ms + 2 * HOUR_MS
    quiet = scenario.start_ms + 12 * 60_000, scenario.start_ms + 19 * 60_000
    made: list[tuple[bytes, int]] = []
    authors: dict[str, int] = {}
    for line in simulate(scenario, seed):
        try:
            post = decode_post(line)
        except PostError:
            made.append((line, len(made) % partitions))
            continue
        if int(post.time) > end:
            continue  # an archive reader keeps such posts back
        partition = authors.get(post.author)
        if partition is None:
            partition = int((murmur2([post.author.encode()])[0] & np.uint32(0x7FFFFFFF)) % partitions)
            authors[post.author] = partition
        if partition == 1 and quiet[0] <= int(post.time) < quiet[1]:
            continue
        made.append((line, partition))
    return made


def push(address: str, made: list[tuple[bytes, int]], seconds: float, grid: Grid, partitions: int) -> list[Any]:
    """Pushes all within about so many seconds, and the last markers. Returns the delivery errors."""
    errors: list[Any] = []
    producer = Producer(
        {
            "bootstrap.servers": address,
            "compression.type": "lz4",
            "enable.idempotence": True,
            "linger.ms": 20,
            "queue.buffering.max.messages": 500_000,
            "delivery.timeout.ms": 300_000,
            "log_level": 0,
            "reconnect.backoff.max.ms": 1_000,
        }
    )

    def delivered(error: Any, _: Any) -> None:
        if error is not None:
            errors.append(error)

    began = time.monotonic()
    newest = 0
    for number, (line, partition) in enumerate(made):
        if number % (len(made) // CHANGES) == 0:
            told = _definitions(number)
            headers = [(DEFINITIONS_HEADER, decode_definitions(told).version.encode())]
            for each in range(partitions):
                producer.produce("posts", told, partition=each, headers=headers, on_delivery=delivered)
        producer.produce("posts", line, partition=partition, on_delivery=delivered)
        if number % 500 == 0:
            producer.poll(0)
            time.sleep(max(0.0, began + seconds * number / len(made) - time.monotonic()))
    for line, _ in made:
        try:
            newest = max(newest, int(decode_post(line).time))
        except PostError:
            continue
    end = (newest // HOUR_MS + 1) * HOUR_MS + grid.max_out_of_orderness_ms
    for partition in range(partitions):
        mark = b"%d" % (-(-end // grid.pane_ms) * grid.pane_ms)
        producer.produce("posts", b"", partition=partition, headers=[("marker", mark)], on_delivery=delivered)
    producer.flush(300)
    return errors


def _definitions(number: int) -> bytes:
    """Others each time, and newer than what the first worker says."""
    tags = ("#capcomnet", "#paris20", "#météolyon", "#coffeemonday", "#marchérennes")
    often = Event("often", hashtags=tags[number % len(tags) :], words=("la", "the", "à")[number % 3 :])
    at = int(time.time() * 1_000) + number  # at most ten minutes ahead of its record
    return msgspec.json.encode(Definitions(at, events=(often, Event("now", hashtags=tags[:2]))))


def run(seed: int, faults: int, posts: int, partitions: int = 4, gap_s: float = 4.0, say: Any = print) -> Counter[str]:
    """One run; raises AssertionError with what differs. Returns how often each fault was proven to have happened."""
    rng, grid = random.Random(seed), Grid()
    made = lines(seed, posts, partitions)
    broker = Apache(Path(tempfile.mkdtemp(prefix="upswell-kafka-"))).start()
    workers = Workers(broker.address, partitions)
    happened: Counter[str] = Counter()
    try:
        init_topics(load_settings(kafka_brokers=broker.address, partitions=partitions))
        workers.start()
        workers.start()
        errors: list[Any] = []
        pushing = threading.Thread(
            target=lambda: errors.extend(push(broker.address, made, faults * gap_s, grid, partitions)), daemon=True
        )
        pushing.start()
        kinds = [KINDS[number % len(KINDS)] for number in range(faults)]
        rng.shuffle(kinds)
        for kind in kinds:
            time.sleep(rng.uniform(0.5, 1.5) * gap_s)
            workers.reap()
            _fault(kind, rng, workers, broker, happened)
            say(f"seed {seed}: {sum(happened.values())} faults, last {kind}; {len(workers.running)} workers")
        pushing.join(300)
        assert not pushing.is_alive(), "the producer did not come to its end"
        assert not errors, errors[:3]
        log = read(broker.address, "posts")
        assert len(log) >= len(made) + partitions
        want = expected(log, grid)
        assert "event:often/1h" in want.lists, "no post belonged to an event"
        deadline = time.monotonic() + 120
        while True:
            workers.reap()
            have = found_lists(read(broker.address, "trends"))
            if sum(map(len, have.lists.values())) >= sum(map(len, want.lists.values())):
                break
            assert time.monotonic() < deadline, _missing(want.lists, have.lists)
            time.sleep(1)
        panes = found_panes(read(broker.address, "topic-counts"))
        places = sorted(panes.keys() | want.panes.keys())
        other = [place for place in places if panes.get(place) != want.panes.get(place)]
        assert not other, f"closed panes differ: {other[:30]}"
        assert have.lists == want.lists, _difference(want.lists, have.lists)
        assert not have.changed, "a list was said again with other bytes"
        assert {record.key for record in read(broker.address, "posts-dead")} == want.dead, "dead letters differ"
        say(
            f"seed {seed}: {want.posts} posts, {len(want.dead)} dead, {want.nudges} markers for idle partitions,"
            f" {sum(map(len, want.lists.values()))} lists equal, {have.repeated} said again"
        )
        told = workers.log.read_text()
        older = told.count("the state that was found is older")
        say(f"seed {seed}: {older} times a state was found that is older than what was committed, and made whole")
        holes = told.count("are not in the log (any more)")
        assert not holes, f"{holes} holes were seen in a log that has none"
        return happened
    except BaseException:
        say(workers.log.read_text()[-3_000:])
        say(f"what the topics hold is kept in {_kept(seed, broker, workers)}")
        raise
    finally:
        workers.end()
        broker.kill9()
        shutil.rmtree(broker.folder, ignore_errors=True)


def _kept(seed: int, broker: Apache, workers: Workers) -> Path:
    """A folder with all that the topics and the workers said, to find out why a run failed."""
    folder = Path("build", f"chaos-{seed}")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(workers.log, folder / "workers.log")
    for topic in ("posts", "topic-counts", "trends", "rank-state", "posts-dead"):
        try:
            found = read(broker.address, topic)
        except Exception as error:  # it may be why the run failed
            found = [repr(error)]
        (folder / f"{topic}.pickle").write_bytes(pickle.dumps(found))
    return folder


def _missing(want: dict[str, list[bytes]], have: dict[str, list[bytes]]) -> str:
    some = [f"{key}: {len(have.get(key, []))} of {len(lists)}" for key, lists in sorted(want.items())]
    return f"lists did not come: {', '.join(some)[:1_000]}"


def _difference(want: dict[str, list[bytes]], have: dict[str, list[bytes]]) -> str:
    """Which lists are missing, unknown, other or out of order."""
    found = []
    for key in sorted(want.keys() | have.keys()):
        ours, theirs = want.get(key, []), have.get(key, [])
        if ours == theirs:
            continue
        wanted = {msgspec.json.decode(one, type=TrendList).at: one for one in ours}
        had = {msgspec.json.decode(one, type=TrendList).at: one for one in theirs}
        other = [at for at in sorted(wanted.keys() & had.keys()) if wanted[at] != had[at]]
        found.append(
            f"{key}: missing {sorted(wanted.keys() - had.keys())}, unknown {sorted(had.keys() - wanted.keys())},"
            f" other {other}, order {[at for at in had if list(had) != sorted(had)][:5]}"
            + "".join(f"\n  want {wanted[at][:600]!r}\n  have {had[at][:600]!r}" for at in other[:1])
        )
    return "lists differ\n" + "\n".join(found)[:6_000]


def _fault(kind: str, rng: random.Random, workers: Workers, broker: Apache, happened: Counter[str]) -> None:
    """One fault, and the proof that it happened."""
    one = rng.choice(workers.running)
    if kind == "kill":
        one.kill()
        happened[kind] += one.wait() == -signal.SIGKILL
    elif kind == "terminate":
        one.terminate()
        happened[kind] += one.wait(30) != -signal.SIGKILL  # by itself; not 0 where it had not yet begun
    elif kind == "start":
        workers.start()
        happened[kind] += 1
    elif kind == "stall":
        one.send_signal(signal.SIGSTOP)
        happened[kind] += _state(one.pid) == "T"
        time.sleep(STALL_S)
        one.send_signal(signal.SIGCONT)
    else:
        pid = broker.pid
        broker.kill9()
        happened[kind] += not Path(f"/proc/{pid}").exists()
        broker.start()


def _state(pid: int) -> str:
    deadline = time.monotonic() + 5
    state = ""
    while state != "T" and time.monotonic() < deadline:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--faults", type=int, default=50)
    arguments.add_argument("--posts", type=int, default=1_000_000)
    arguments.add_argument("--seeds", type=int, default=1, help="how many runs")
    arguments.add_argument("--first-seed", type=int, default=1)
    given = arguments.parse_args()
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        began = time.monotonic()
        happened = run(seed, given.faults, given.posts)
        assert sum(happened.values()) == given.faults, happened
        print(f"seed {seed}: held after {dict(happened)} in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
