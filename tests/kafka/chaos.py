"""Faults at random while posts are pushed: kill -9, SIGTERM, a third worker, a stall beyond the session time-out, a
broker that is killed. At the end counts, lists and dead letters must be those of the log, as if nothing had happened.

    python -m tests.kafka.chaos --faults 50 --posts 1000000 --seeds 3
    python -m tests.kafka.chaos --faults 50 --live

`--live`: workers as they are deployed, posts of now, some by clocks that lie, hostile records among them
(live_load.py); the workers' rights are taken away, too. Nobody's post is late whose clock is right.
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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from pipeline.kafka.topics import init_topics
from pipeline.settings import load_settings
from pipeline.trends.panes import Grid
from schemas import TrendList
from tests.agents.test_clocks import RIGHT

from .apache import PASSWORD, USER, Apache
from .archive_load import lines, push
from .live_load import LiveLoad
from .reference import Expected, complete_panes, expected, found_lists, found_panes, read

PARTITIONS = 4
STALL_S = 9.0  # longer than the session time-out of 6 s
KINDS = ("kill", "terminate", "start", "stall", "broker")
LIVE_KINDS = (*KINDS, "rights")
LIVE_GRID = Grid(1_000, 5_000)
TAKEN = (("posts", "READ"), ("topic-counts", "WRITE"), ("trends", "WRITE"), ("definitions", "READ"))  # rights


class Workers:
    """The worker processes, by what has been done to them."""

    def __init__(self, address: str, *more: str, **environment: str) -> None:
        self.environment = os.environ | environment
        self.command = [
            sys.executable,
            "-m",
            "pipeline.cli",
            "worker",
            "--brokers",
            address,
            "--partitions",
            str(PARTITIONS),
            *more,
        ]
        self.log = Path(tempfile.mkstemp(prefix="upswell-workers-")[1])
        self.running: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running.append(
                subprocess.Popen(
                    self.command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=tempfile.gettempdir(),
                    env=self.environment,
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


def run(seed: int, faults: int, posts: int, gap_s: float = 4.0) -> Counter[str]:
    """One run over an archive; raises AssertionError with what differs. Returns how often each fault was proven to have
    happened."""
    rng, grid = random.Random(seed), Grid()
    made = lines(seed, posts, PARTITIONS)
    broker = Apache(Path(tempfile.mkdtemp(prefix="upswell-kafka-"))).start()
    workers = Workers(broker.address)
    with _whatever_happens(seed, broker, workers):
        init_topics(load_settings(kafka_brokers=broker.address, partitions=PARTITIONS))
        errors: list[Any] = []
        pushing = threading.Thread(
            target=lambda: errors.extend(push(broker.address, made, faults * gap_s, grid, PARTITIONS)), daemon=True
        )
        pushing.start()
        happened = _faults(seed, rng, KINDS, faults, gap_s, workers, broker)
        pushing.join(300)
        assert not pushing.is_alive(), "the producer did not come to its end"
        assert not errors, errors[:3]
        want = _holds(seed, broker, workers, grid)
        assert want.posts + len(want.dead) == len(made)
        assert "event:often/1h" in want.lists, "no post belonged to an event"
    return happened


def run_live(seed: int, faults: int, gap_s: float = 4.0) -> Counter[str]:
    """The same with posts of now, clocks that lie, hostile records, and rights that are taken away."""
    rights = {
        "authorizer_class_name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super_users": "User:ANONYMOUS",  # whoever comes by `address`
        "allow_everyone_if_no_acl_found": "true",
    }
    broker = Apache(Path(tempfile.mkdtemp(prefix="upswell-kafka-")), **rights).start()
    workers = Workers(
        broker.sasl_address,
        "--live",
        UPSWELL_KAFKA_SECURITY_PROTOCOL="SASL_PLAINTEXT",
        UPSWELL_KAFKA_SASL_USER=USER,
        UPSWELL_KAFKA_SASL_PASSWORD=PASSWORD,
        UPSWELL_PANE_MS=str(LIVE_GRID.pane_ms),
        UPSWELL_MAX_OUT_OF_ORDERNESS_MS=str(LIVE_GRID.max_out_of_orderness_ms),
    )
    with _whatever_happens(seed, broker, workers):
        init_topics(load_settings(kafka_brokers=broker.address, partitions=PARTITIONS))
        load = LiveLoad(broker.address, PARTITIONS, seed)
        happened = _faults(seed, random.Random(seed), LIVE_KINDS, faults, gap_s, workers, broker)
        load.end(_until_the_last_posts_have_their_list)
        want = _holds(seed, broker, workers, LIVE_GRID)
        assert want.lists
        assert want.dead
        counted, late = Counter[str](), Counter[str]()
        for _, pane in complete_panes(read(broker.address, "topic-counts")).values():
            for cell, number in zip(pane.cells, pane.cell_posts, strict=True):
                counted[cell.source] += int(number)
            late.update(pane.late())
        print(f"seed {seed}: {load.posts} posts, {load.dated_wrong} by clocks that lie, {load.hostile} hostile records")
        assert not late[RIGHT], f"{late[RIGHT]} posts of people whose clocks are right are late"
        assert counted[RIGHT] == load.posts - load.dated_wrong
    return happened


def _until_the_last_posts_have_their_list() -> None:
    """Then a marker closes their panes, too."""
    closes_s = (LIVE_GRID.pane_ms + LIVE_GRID.max_out_of_orderness_ms) / 1_000
    time.sleep(60 - time.time() % 60 + closes_s + 1)


@contextmanager
def _whatever_happens(seed: int, broker: Apache, workers: Workers) -> Iterator[None]:
    """Nothing is left behind, but what tells why a run failed."""
    try:
        yield
    except BaseException:
        print(workers.log.read_text()[-3_000:])
        print(f"what the topics hold is kept in {_kept(seed, broker, workers)}")
        raise
    finally:
        workers.end()
        broker.kill9()
        shutil.rmtree(broker.folder, ignore_errors=True)


def _faults(
    seed: int,
    rng: random.Random,
    kinds: Sequence[str],
    faults: int,
    gap_s: float,
    workers: Workers,
    broker: Apache,
) -> Counter[str]:
    """So many faults, each kind as often; how often each was proven to have happened."""
    happened: Counter[str] = Counter()
    for _ in range(2):
        workers.start()
    coming = [kinds[number % len(kinds)] for number in range(faults)]
    rng.shuffle(coming)
    for kind in coming:
        time.sleep(rng.uniform(0.5, 1.5) * gap_s)
        workers.reap()
        _fault(kind, rng, workers, broker, happened)
        print(f"seed {seed}: {sum(happened.values())} faults, last {kind}; {len(workers.running)} workers")
    return happened


def _holds(seed: int, broker: Apache, workers: Workers, grid: Grid) -> Expected:
    """Waits for the lists that the log must lead to, which are returned; raises AssertionError with what differs."""
    want = expected(read(broker.address, "posts"), grid)
    deadline = time.monotonic() + 120
    while True:
        workers.reap()
        looked = time.monotonic()
        have = found_lists(read(broker.address, "trends"))
        if sum(map(len, have.lists.values())) >= sum(map(len, want.lists.values())):
            break
        assert time.monotonic() < deadline, _missing(want.lists, have.lists)
        time.sleep(max(1.0, 3 * (time.monotonic() - looked)))  # workers have the machine most of the time
    panes = found_panes(read(broker.address, "topic-counts"))
    places = sorted(panes.keys() | want.panes.keys())
    other = [place for place in places if panes.get(place) != want.panes.get(place)]
    assert not other, f"closed panes differ: {other[:30]}"
    assert have.lists == want.lists, _difference(want.lists, have.lists)
    assert not have.changed, "a list was said again with other bytes"
    dead = {record.key: dict(record.headers) for record in read(broker.address, "posts-dead")}
    assert dead.keys() == want.dead, _other_letters(want.dead, dead)
    print(
        f"seed {seed}: {want.posts} posts, {len(want.dead)} dead, {want.nudges} markers for idle partitions,"
        f" {sum(map(len, want.lists.values()))} lists and {len(panes)} panes equal, {have.repeated} said again"
    )
    told = workers.log.read_text()
    older = told.count("the state that was found is older")
    print(f"seed {seed}: {older} times a state was found that is older than what was committed, and made whole")
    holes = told.count("are not in the log (any more)")
    assert not holes, f"{holes} holes were seen in a log that has none"
    return want


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


def _other_letters(want: set[bytes], have: dict[bytes, dict[str, bytes]]) -> str:
    """Which dead letters are missing, and which nobody expected and why they were written."""
    unknown = [(key, have[key].get("reason")) for key in sorted(have.keys() - want)]
    return f"dead letters differ: missing {sorted(want - have.keys())[:20]}, unknown {unknown[:20]}"


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
    elif kind == "rights":
        happened[kind] += _without_a_right(rng, workers, broker)
    else:
        pid = broker.pid
        broker.kill9()
        happened[kind] += not Path(f"/proc/{pid}").exists()
        broker.start()


def _without_a_right(rng: random.Random, workers: Workers, broker: Apache) -> bool:
    """Takes a right from all workers until one has given up, or says what it lacks."""
    topic, operation = rng.choice(TAKEN)
    what = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{USER}", "*", AclOperation[operation])
    client = AdminClient({"bootstrap.servers": broker.address})
    said, lacks = len(workers.log.read_bytes()), f"does not allow user {USER} to {operation} topic {topic}".encode()
    (made,) = client.create_acls([AclBinding(*what, AclPermissionType.DENY)]).values()
    made.result(20)
    try:
        deadline = time.monotonic() + 60
        while not (
            noticed := lacks in workers.log.read_bytes()[said:] or any(it.poll() == 1 for it in workers.running)
        ):
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
    finally:
        (gone,) = client.delete_acls([AclBindingFilter(*what, AclPermissionType.DENY)]).values()
        assert len(gone.result(20)) == 1
    return noticed


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
    arguments.add_argument("--live", action="store_true", help="posts of now, workers as they are deployed")
    given = arguments.parse_args()
    for seed in range(given.first_seed, given.first_seed + given.seeds):
        began = time.monotonic()
        happened = run_live(seed, given.faults) if given.live else run(seed, given.faults, given.posts)
        assert sum(happened.values()) == given.faults, happened
        print(f"seed {seed}: held after {dict(happened)} in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    main()
