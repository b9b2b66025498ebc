"""Events and watchlists that change while posts flow: from a place in the log on, and whatever happens to workers."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import httpx
import msgspec
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from pipeline.definitions import DefinitionsHistory
from pipeline.kafka.broker import embedded_broker
from pipeline.kafka.checks import examine
from pipeline.kafka.connection import control_keys
from pipeline.kafka.definitions import ChangedError, DefinitionsLog
from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.local import Local, Options
from pipeline.settings import Settings, load_settings
from pipeline.text import topics_of
from pipeline.trends.panes import Grid
from pipeline.web.setup.desk import KafkaDesk
from schemas import Post, TrendList
from schemas.definitions import DEFINITIONS_HEADER, Definitions, decode_definitions
from schemas.events import Event
from tests.alerts.test_alerting import at, row
from tests.alerts.test_follow import NOW, publish
from tests.alerts.test_follow import read as alerts_on
from tests.kafka.apache import free_port
from tests.kafka.fixtures import begun
from tests.kafka.reference import expected, found_lists, read
from tests.kafka.test_pipeline import SCENARIO, Worker, push, stream, wait_for
from tests.sinks.servers import until

FIRST = '[[event]]\nname = "before"\nhashtags = [{0}]\n[[watchlist]]\nname = "all"\nhashtags = [{1}]\n'
SECOND = '[[event]]\nname = "after"\nhashtags = [{1}]\n[[event]]\nname = "before"\nhashtags = [{0}, {1}]\n'
THIRD = '[[watchlist]]\nname = "all"\nhashtags = [{0}]\n'


def reload(settings: Settings, file: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The command, as a person gives it."""
    told = {"UPSWELL_KAFKA_BROKERS": settings.kafka_brokers, "UPSWELL_KAFKA_PREFIX": settings.kafka_prefix}
    return subprocess.run(
        [sys.executable, "-m", "pipeline.cli", "reload", "--config", str(file), *more],
        cwd=file.parent,
        env=os.environ | told,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ledger_of(settings: Settings) -> DefinitionsHistory:
    with closing(DefinitionsLog(settings)) as log:
        return log.refresh()


def most_used(records: list[tuple[bytes, Post | None]]) -> list[str]:
    """The two hashtags most used, as TOML has strings."""
    used = Counter(topic for _, post in records if post for topic in topics_of(post))
    return [f'"{topic}"' for topic, _ in used.most_common(2)]


@pytest.mark.timeout(400)
def test_lists_are_those_of_the_log_though_definitions_change_twice_and_workers_are_killed(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = load_settings(kafka_brokers=kafka, kafka_prefix=prefix)
    records = stream(7)
    tags = most_used(records)
    file = tmp_path / "upswell.toml"
    file.write_text(FIRST.format(*tags))
    init_topics(settings)
    first, second = len(records) // 3, 2 * len(records) // 3
    push(settings, records[:first], ended=False)
    killed = 0
    with Worker(settings, tmp_path / "one.log") as one, Worker(settings, tmp_path / "two.log") as two:
        wait_for(lambda: "ready" in one.log.read_text() and "ready" in two.log.read_text(), two)
        file.write_text(SECOND.format(*tags))
        asked = reload(settings, file)
        assert (asked.returncode, asked.stderr) == (0, "")
        assert asked.stdout.splitlines()[:3] == [
            "event after: added",
            "event before: changed (hashtags)",
            "watchlist all: removed",
        ]
        push(settings, records[first:second], ended=False)
        one.process.kill()
        killed += one.process.wait() == -signal.SIGKILL
        file.write_text(THIRD.format(*tags))
        assert reload(settings, file, "--wait", "0").returncode == 0
        push(settings, records[second:])
        two.process.kill()
        killed += two.process.wait() == -signal.SIGKILL
    assert killed == 2
    posts = read(kafka, f"{prefix}posts")
    begin = ledger_of(settings).initial
    assert begin is not None
    assert [event.name for event in begin.events] == ["before"]
    want = expected(posts, Grid(), first=begin).lists
    assert {"event:before/1h", "event:after/1h", "watch:all/1h"} <= want.keys()
    assert want != expected(posts, Grid(), first=Definitions()).lists

    def all_there() -> bool:
        found = found_lists(read(kafka, f"{prefix}trends")).lists
        return sum(map(len, found.values())) >= sum(map(len, want.values()))

    with Worker(settings, tmp_path / "three.log") as three:
        wait_for(all_there, three, 150.0)
        assert "those in force" not in three.log.read_text()
    found = found_lists(read(kafka, f"{prefix}trends"))
    assert found.lists == want
    assert not found.changed
    assert max(map(len, ledger_of(settings).entries.values())) == 2


def test_one_process_that_is_told_at_the_same_places_makes_the_same_lists(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = load_settings(kafka_brokers=kafka, kafka_prefix=prefix)
    records = stream(8)
    half, tags = len(records) // 2, most_used(records)
    lists: list[TrendList] = []
    (tmp_path / "old.toml").write_text(FIRST.format(*tags))
    (tmp_path / "upswell.toml").write_text(SECOND.format(*tags))
    old, new = (load_settings(tmp_path / name) for name in ("old.toml", "upswell.toml"))
    local = Local(Options(events=old.events, watchlists=old.watchlists), on_list=lists.append)
    local.feed([post for _, post in records[:half] if post])
    local.redefine(Definitions(events=new.events))
    local.feed([post for _, post in records[half:] if post])
    local.finish()
    init_topics(settings)
    assert reload(settings, tmp_path / "old.toml", "--wait", "0").returncode == 0  # no worker has begun yet
    push(settings, records[:half], ended=False)
    assert reload(settings, tmp_path / "upswell.toml", "--wait", "0").returncode == 0
    with PostProducer(settings) as producer:
        assert (producer.reached() or 0) > SCENARIO.start_ms  # though control records lie behind the last posts
    push(settings, records[half:])
    want: dict[str, list[bytes]] = {}
    for one in lists:
        want.setdefault(f"{one.scope}/{one.window}", []).append(msgspec.json.encode(one))

    def found() -> dict[str, list[bytes]]:
        return found_lists(read(kafka, f"{prefix}trends")).lists

    with Worker(settings, tmp_path / "worker.log") as worker:
        wait_for(lambda: sum(map(len, found().values())) >= sum(map(len, want.values())), worker, 120.0)
    assert found() == want


def test_what_is_broken_changes_nothing_and_is_told(kafka: str, prefix: str, tmp_path: Path) -> None:
    settings = begun(kafka, prefix)
    file = tmp_path / "upswell.toml"
    file.write_text('[[event]]\nname = "a"\nhashtags = ["#a"]\n')
    with Worker(settings, tmp_path / "worker.log") as worker:
        wait_for(lambda: "ready" in worker.log.read_text(), worker)
        before = ledger_of(settings).newest
        for mistake, told in (
            ('[[event]]\nname = "a"\nhashtags = ["#a"]\nend = "never"\n', "upswell.toml:4: event[0] (a).end: "),
            ('[[event]]\nname = "a"\nhashtags = ["##"]\n', "upswell.toml:3: event[0] (a).hashtags: "),
            ('[[rule]]\nname = "r"\non = "event:b"\n', "upswell.toml: rule (r).on: "),
        ):
            file.write_text(mistake)
            done = reload(settings, file)
            assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
            assert told in done.stderr
        assert ledger_of(settings).newest == before
        producer = Producer({"bootstrap.servers": kafka, "enable.idempotence": True})
        producer.produce(f"{prefix}posts", b"{", partition=2, headers=[(DEFINITIONS_HEADER, b"")])
        producer.flush(10)
        wait_for(lambda: read(kafka, f"{prefix}posts-dead"), worker)
        (letter,) = read(kafka, f"{prefix}posts-dead")
        assert (dict(letter.headers)["reason"], letter.key) == (b"definitions", b"2:0")
        assert ledger_of(settings).at(2) == before


def test_a_worker_with_another_file_says_so_and_counts_by_what_is_in_force(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = begun(kafka, prefix)
    file = tmp_path / "upswell.toml"
    file.write_text('[[event]]\nname = "a"\n')
    assert reload(settings, file, "--wait", "0", "--by", "ann").returncode == 0
    file.write_text('[[event]]\nname = "b"\n')
    with Worker(settings, tmp_path / "worker.log") as worker:
        wait_for(lambda: "ready" in worker.log.read_text(), worker)
        said = [line for line in worker.log.read_text().splitlines() if "in force" in line]
        assert len(said) == 1
        assert "by ann" in said[0]
        assert "upswell reload" in said[0]
        assert [event.name for event in ledger_of(settings).at(0).events] == ["a"]
        assert reload(settings, file).stdout.splitlines()[0] == "event a: removed"
        assert [event.name for event in ledger_of(settings).at(0).events] == ["b"]


def test_a_change_of_what_holds_no_more_is_refused_and_tells_who_was_first(kafka: str, prefix: str) -> None:
    settings = begun(kafka, prefix, partitions=1)
    ann, bob = (Definitions(0, by, (Event(by),)) for by in ("ann", "bob"))
    with closing(DefinitionsLog(settings)) as log:
        first = log.begin_with(Definitions())
        assert log.change(ann, first.version)[1] == ["event ann: added"]
        with pytest.raises(ChangedError, match="ann has changed") as raised:
            log.change(bob, first.version)
        assert raised.value.newest.content == ann.content == log.refresh().newest.content  # type: ignore[union-attr]
        (record,) = read(kafka, f"{prefix}posts")
        assert dict(record.headers)[DEFINITIONS_HEADER] == ann.version.encode()
        assert log.change(bob, ann.version)[1] == ["event ann: removed", "event bob: added"]


def test_the_page_changes_definitions_by_the_record_that_reload_writes_and_overwrites_nobody(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    file = tmp_path / "upswell.toml"
    file.write_text(f'control_key = "{"k" * 64}"\n[[event]]\nname = "file"\n')
    settings = begun(kafka, prefix, file, partitions=2)
    made, told = Definitions(events=(Event("page"),)), list[Definitions]()

    async def then(definitions: Definitions) -> None:
        told.append(definitions)

    async def change() -> None:
        ann, bob = KafkaDesk(settings, then), KafkaDesk(settings, then)
        before = await ann.newest()
        assert (before, await bob.newest()) == (Definitions(0, "", (Event("file"),)), before)
        after = await ann.change(made, before.version, "ann")
        assert (after.content, after.by, await ann.behind()) == (made.content, "ann", [0, 1])
        with pytest.raises(ChangedError):
            await bob.change(Definitions(), before.version, "bob")
        assert [await bob.newest()] == told == [after]
        await ann.stop()
        await bob.stop()

    asyncio.run(change())
    file.write_text(file.read_text().replace('"file"', '"reloaded"'))
    assert reload(settings, file, "--wait", "0").returncode == 0
    records, keys = read(kafka, f"{prefix}posts"), control_keys(settings)
    said = Counter((decode_definitions(one.value).by == "ann", one.partition, one.key) for one in records)
    assert said == {(page, partition, None): 1 for page in (True, False) for partition in (0, 1)}
    assert all(keys.accept(f"{prefix}posts", DEFINITIONS_HEADER, one.value, one.headers) for one in records)


def test_entries_that_the_log_has_left_behind_are_forgotten_but_the_last(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = begun(kafka, prefix, partitions=1)
    file = tmp_path / "upswell.toml"
    file.write_text("")
    log = DefinitionsLog(settings)

    def told(number: int) -> None:
        file.write_text(f'[[event]]\nname = "e{number}"\n')
        assert reload(settings, file).returncode == 0

    with Worker(settings, tmp_path / "worker.log") as worker:
        wait_for(lambda: "ready" in worker.log.read_text(), worker)
        for number in range(3):
            told(number)
        assert len(log.refresh().entries[0]) == 3
        admin = AdminClient({"bootstrap.servers": kafka})
        place = TopicPartition(f"{prefix}posts", 0, 3)
        assert next(iter(admin.delete_records([place]).values())).result(10).low_watermark == 3
        told(3)
        until(lambda: len(log.refresh().entries[0]) == 2, 10, "two entries are forgotten")
    log.close()
    assert sorted(log.history.entries[0]) == [2, 3]
    with PostProducer(settings) as producer:
        assert producer.reached() == 0  # the last records are control records, and tell no time
    with Worker(settings, tmp_path / "again.log") as worker:
        wait_for(lambda: "ready" in worker.log.read_text(), worker)
    assert [event.name for event in ledger_of(settings).at(0, 3).events] == ["e2"]


@pytest.mark.timeout(240)
def test_pages_walls_and_alerts_follow_within_seconds_without_a_restart(
    kafka: str, prefix: str, tmp_path: Path
) -> None:
    settings = begun(kafka, prefix)
    file, port = tmp_path / "upswell.toml", free_port()
    file.write_text('[[event]]\nname = "old"\nhashtags = ["#old"]\n[[rule]]\nname = "r"\nresolve_s = 0\n')
    told = os.environ | {"UPSWELL_KAFKA_BROKERS": kafka, "UPSWELL_KAFKA_PREFIX": prefix}
    log = tmp_path / "serve.log"

    def answer(path: str) -> int:
        try:
            return client.get(path).status_code
        except httpx.ConnectError:  # not up yet
            return 0

    def posted(number: int) -> bool:
        with PostProducer(settings) as producer:
            now = int(time.time() * 1_000)
            producer.push([Post(f"p{number}", f"a{number}", f"said {number} #new", now, source="sms")])
        return bool(client.get("/api/v1/events/new/wall").json()["posts"])

    with (
        log.open("wb") as out,
        subprocess.Popen(
            [sys.executable, "-m", "pipeline.cli", "serve", "--port", str(port)],
            cwd=tmp_path,
            env=told,
            stdout=out,
            stderr=out,
        ) as served,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client,
        Worker(settings, tmp_path / "worker.log") as worker,
    ):
        try:
            until(lambda: answer("/events/old") == 200, 90, "the page of the file's event")
            publish(kafka, f"{prefix}trends", at(NOW - 3, row("#a")))
            until(lambda: len(alerts_on(kafka, f"{prefix}alerts")) == 1, 40, "an alert")
            file.write_text("")
            assert reload(settings, file, "--wait", "0").returncode == 0
            until(lambda: answer("/events/old") == 404, 20, "an event that is gone has no page")
            file.write_text('[[event]]\nname = "new"\ntitle = "New"\nhashtags = ["#new"]\n')
            assert reload(settings, file, "--wait", "0").returncode == 0
            asked = time.monotonic()
            until(lambda: answer("/events/new") == 200, 20, "the page of the new event")
            assert time.monotonic() - asked < 10
            until(lambda: posted(int(time.monotonic() * 1_000)), 60, "a post on the new wall")
            publish(kafka, f"{prefix}trends", at(NOW - 2, row("#a")))
            until(lambda: len(alerts_on(kafka, f"{prefix}alerts")) == 2, 40, "the end of what the old rule fired")
            wait_for(lambda: "0 rules for alerts in force" in worker.log.read_text(), worker)
        finally:
            served.terminate()
    assert [one.status for one in alerts_on(kafka, f"{prefix}alerts")] == ["firing", "resolved"]
    assert "Traceback" not in log.read_text()


def test_a_file_that_is_written_is_reloaded_and_a_mistake_in_it_is_passed_over(tmp_path: Path) -> None:
    with embedded_broker() as address:
        settings = load_settings(kafka_brokers=address)
        init_topics(settings)
        file, log = tmp_path / "upswell.toml", tmp_path / "log"
        file.write_text("")
        command = [sys.executable, "-m", "pipeline.cli", "reload", "--watch", "--wait", "0", "--brokers", address]
        with log.open("wb") as out, subprocess.Popen(command, cwd=tmp_path, stdout=out, stderr=out) as watching:
            try:
                until(lambda: "0 events" in log.read_text(), 40, "the file is in force")
                for text, told in (
                    ('[[event]]\nname = "a"\n', "event a: added"),
                    ('[[event]]\nname = "A"\n', "upswell.toml:2: event[0]"),
                    ('[[event]]\nname = "bb"\n', "event bb: added"),
                ):
                    file.write_text(text)
                    until(lambda told=told: told in log.read_text(), 40, told)
                assert "what is in force stays so" in log.read_text()
                assert watching.poll() is None
            finally:
                watching.kill()
        newest = ledger_of(settings).newest
        assert newest is not None
        assert [event.name for event in newest.events] == ["bb"]


def test_the_doctor_tells_a_file_that_is_not_in_force(kafka: str, prefix: str, tmp_path: Path) -> None:
    file = tmp_path / "upswell.toml"
    file.write_text('[[event]]\nname = "a"\n')
    settings = load_settings(file, kafka_brokers=kafka, kafka_prefix=prefix)

    def told() -> tuple[bool, str]:
        check = next(check for check in examine(settings) if check.name == "definitions")
        return check.ok, f"{check.found} {check.remedy}"

    init_topics(settings)
    assert told() == (True, "nothing is in force yet: the first worker's settings file will be ")
    assert reload(settings, file, "--wait", "0").returncode == 0
    assert told()[0]
    file.write_text('[[event]]\nname = "b"\n')
    assert reload(settings, file, "--wait", "0").returncode == 0
    assert not told()[0]
    assert "upswell reload" in told()[1]
    settings = load_settings(file, kafka_brokers=kafka, kafka_prefix=prefix)
    assert "is not in force yet in partitions 0, 1, 2, 3" in told()[1]  # no worker has come to it
