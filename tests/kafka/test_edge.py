"""Topics, pushes, results and the doctor on a real Kafka and on the embedded broker."""

from __future__ import annotations

import asyncio
import io
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Producer
from kafka.errors import CoordinatorLoadInProgressError, NotCoordinatorError

from pipeline.cli import run
from pipeline.kafka.checks import answered
from pipeline.kafka.connection import BrokerAwayError, RefusedError
from pipeline.kafka.producer import PostProducer, end_marker
from pipeline.kafka.results import follow_trends
from pipeline.kafka.topics import TopicsError, init_topics, topic_table
from pipeline.local import Local, Options
from pipeline.partitions import split_by_author
from pipeline.settings import Settings, SettingsError, load_settings
from schemas import Post, TrendList
from schemas.counts import PartitionProgress, encode_counts
from schemas.topics import Topics
from tests.kafka.apache import PASSWORD, USER, free_port
from tests.kafka.fixtures import Shared
from tests.kafka.reference import read

START_MS = 1_700_000_000_000


@pytest.fixture(params=["kafka", "embedded"])
def settings(request: pytest.FixtureRequest, prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """Settings of a broker without topics of ours; the command finds the same."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UPSWELL_KAFKA_BROKERS", request.getfixturevalue(request.param))
    monkeypatch.setenv("UPSWELL_KAFKA_PREFIX", prefix)
    return load_settings()


def posts_of(count: int) -> list[Post]:
    return [
        Post(id=str(n), author=f"auteur{n % 97}é", text=f"bonjour #sujet{n % 7}", time=START_MS + n * 10)
        for n in range(count)
    ]


def log_of(settings: Settings, topic: str = "posts") -> list[list[Any]]:
    """Every record of a topic, by partition, in log order."""
    found = read(settings.kafka_brokers, f"{settings.kafka_prefix}{topic}")
    return [[one for one in found if one.partition == partition] for partition in range(settings.partitions)]


def lists_of(settings: Settings, **how: Any) -> list[TrendList]:
    async def read() -> list[TrendList]:
        return [trends async for trends in follow_trends(settings, once=True, **how)]

    return asyncio.run(read())


def publish(settings: Settings, values: list[bytes]) -> None:
    producer = Producer({"bootstrap.servers": settings.kafka_brokers, "enable.idempotence": True})
    for value in values:
        producer.produce(f"{settings.kafka_prefix}trends", value, partition=0)
    assert producer.flush(10) == 0


def a_list(minute: int, final: bool = True) -> TrendList:
    return TrendList("all", "1h", 3_600, START_MS // 60_000 * 60_000 + minute * 60_000, final, "", [])


# -- topics ------------------------------------------------------------------------------------------------------------


def test_topics_are_made_once_and_a_second_init_changes_nothing(settings: Settings) -> None:
    first = init_topics(settings)
    assert sorted(first.made) == sorted(topic.name for topic in topic_table(settings))
    again = init_topics(settings)
    assert again.made == []
    assert sorted(again.there) == sorted(first.made)


def test_a_topic_with_other_partitions_is_told_in_one_line_and_nothing_is_made(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    init_topics(settings)
    assert run(["topics", "init", "--partitions", "7"]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "has 4 partitions where 7 are set" in told
    assert "UPSWELL_PARTITIONS" in told


def test_a_topic_with_another_policy_is_refused(kafka: str, prefix: str) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic

    settings = load_settings(kafka_brokers=kafka, kafka_prefix=prefix)
    admin = AdminClient({"bootstrap.servers": kafka})
    admin.create_topics([NewTopic(f"{prefix}rank-state", 1, 1)])[f"{prefix}rank-state"].result(10)
    with pytest.raises(TopicsError, match=r"rank-state has cleanup\.policy=delete where compact is needed"):
        init_topics(settings)
    assert f"{prefix}posts" not in admin.list_topics(timeout=5).topics


def test_more_copies_than_brokers_are_refused_with_the_remedy(kafka: str, prefix: str) -> None:
    with pytest.raises(TopicsError, match="UPSWELL_REPLICATION"):
        init_topics(load_settings(kafka_brokers=kafka, kafka_prefix=prefix, replication=9))


# -- pushing -----------------------------------------------------------------------------------------------------------


def test_posts_lie_in_the_partitions_of_the_local_pipeline_in_their_order(settings: Settings) -> None:
    init_topics(settings)
    posts = posts_of(3_000)
    with PostProducer(settings) as producer:
        producer.push(posts[:1_700])
        producer.push_dead(b"{not a post")
        producer.push(posts[1_700:])
        marked_at = producer.finish()
        assert producer.acknowledged == 3_001
    log = log_of(settings)
    wanted = split_by_author(posts, settings.partitions)
    assert [[r.key.decode() for r in part if r.key] for part in log] == [[p.author for p in part] for part in wanted]
    assert [[msgspec.json.decode(r.value, type=Post).id for r in part if r.key] for part in log] == [
        [p.id for p in part] for part in wanted
    ]
    assert [r.value for part in log for r in part if not r.key and not r.headers] == [b"{not a post"]
    assert [part[-1].headers for part in log] == [(("marker", str(marked_at).encode()),)] * settings.partitions
    assert all(part[-1].value == b"" for part in log)


@pytest.mark.parametrize(
    ("newest", "pane_ms", "max_out_of_orderness_ms"),
    [(0, 10_000, 5_000), (3_599_999, 7_500, 0), (3_600_000, 60_000, 61_000)],
)
def test_the_end_marker_is_the_one_of_the_local_pipeline(
    newest: int, pane_ms: int, max_out_of_orderness_ms: int
) -> None:
    local = Local(Options(pane_ms=pane_ms, max_out_of_orderness_ms=max_out_of_orderness_ms, partitions=2))
    local.feed([Post(id="1", author="a", text="#x", time=START_MS // 3_600_000 * 3_600_000 + newest)])
    local.finish()
    counters = local._counters
    assert {counter.newest for counter in counters} == {
        end_marker(START_MS // 3_600_000 * 3_600_000 + newest, pane_ms, max_out_of_orderness_ms)
    }


def an_archive(folder: Path) -> Path:
    path = folder / "posts.ndjson"
    lines = [msgspec.json.encode(post) for post in posts_of(500)]
    path.write_bytes(b"\n".join([*lines, b"junk", b'{"id":"1"}']) + b"\n")
    return path


def test_replay_pushes_an_archive_with_its_bad_lines_as_they_are(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    archive = an_archive(tmp_path)
    assert run(["topics", "init"]) == 0
    capsys.readouterr()
    assert run(["replay", str(archive), "--to-kafka"]) == 0
    out = capsys.readouterr().out
    assert "500  posts to" in out
    assert "2  records that are no posts" in out
    values = [record.value for part in log_of(settings) for record in part if not record.headers]
    assert len(values) == 502
    assert {b"junk", b'{"id":"1"}'} < set(values)


def test_an_archive_that_would_be_late_as_a_whole_is_refused_before_anything_is_pushed(
    kafka: str, prefix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UPSWELL_KAFKA_BROKERS", kafka)
    monkeypatch.setenv("UPSWELL_KAFKA_PREFIX", prefix)
    settings, archive = load_settings(), an_archive(tmp_path)
    init_topics(settings)
    assert run(["replay", str(archive), "--to-kafka"]) == 0
    capsys.readouterr()
    assert run(["replay", str(archive), "--to-kafka"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "--retime now" in told
    assert sum(len(part) for part in log_of(settings)) == 502 + settings.partitions
    assert run(["replay", str(archive), "--to-kafka", "--retime", "now"]) == 0


def test_produce_stamps_posts_without_a_time_and_passes_others_on_as_they_are(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    init_topics(settings)
    timed = b'{"id":"2","author":"ana","text":"#b","time":99,"mine":1}'
    feed = tmp_path / "feed"
    feed.write_bytes(b'{"id":"1","author":"ana","text":"#a","created":7}\n' + timed + b"\njunk\n")
    with feed.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert run(["produce"]) == 0
    told, noted = capsys.readouterr()
    assert "2 posts, 1 dead" in told
    assert "1 of 2 posts were more than 5 s old" in noted
    values = {record.value for part in log_of(settings) for record in part}
    assert {timed, b"junk"} < values
    stamped = json.loads(next(iter(values - {timed, b"junk"})))
    assert stamped["created"] == 7
    assert stamped["time"] > START_MS


def test_pushing_to_topics_that_are_not_there_names_the_command_that_makes_them(settings: Settings) -> None:
    with pytest.raises(TopicsError, match="upswell topics init"):
        PostProducer(settings)


# -- results -----------------------------------------------------------------------------------------------------------


def test_results_come_in_log_order_and_what_is_no_list_is_passed_over(settings: Settings) -> None:
    init_topics(settings)
    assert lists_of(settings) == []
    publish(settings, [b"junk", *(msgspec.json.encode(a_list(minute)) for minute in range(30))])
    assert [trends.at for trends in lists_of(settings)] == [a_list(minute).at for minute in range(30)]
    assert [trends.at for trends in lists_of(settings, last=3)] == [a_list(minute).at for minute in (27, 28, 29)]


def test_trends_once_shows_the_newest_list_and_no_repetition(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    init_topics(settings)
    publish(settings, [msgspec.json.encode(it) for it in (a_list(1), a_list(2), a_list(1), a_list(2, final=False))])
    assert run(["trends", "--once", "--json"]) == 0
    shown = msgspec.json.decode(capsys.readouterr().out, type=TrendList)
    assert (shown.at, shown.final) == (a_list(2).at, True)


# -- who may not, and who is not there ---------------------------------------------------------------------------------


@pytest.mark.parametrize("command", [["topics", "init", "--wait", "0"], ["produce"], ["trends", "--once"]])
def test_a_broker_that_is_down_is_one_line_and_exit_code_1(
    command: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    address = f"127.0.0.1:{free_port()}"
    assert run([*command, "--brokers", address]) == 1
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert f"no Kafka broker answers at {address}" in told


def test_init_waits_for_a_broker_that_comes_later_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    with pytest.raises(BrokerAwayError):
        init_topics(load_settings(kafka_brokers=f"127.0.0.1:{free_port()}"), wait_s=1, say=said.append)
    assert len(said) == 1
    assert "waiting" in said[0]


def with_password(apache: Shared, prefix: str, mechanism: str, password: str) -> Settings:
    return load_settings(
        kafka_brokers=apache.sasl_address,
        kafka_prefix=prefix,
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism=mechanism,
        kafka_sasl_user=USER,
        kafka_sasl_password=password,
    )


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
def test_every_client_of_ours_passes_with_the_right_password(apache: Shared, prefix: str, mechanism: str) -> None:
    settings = with_password(apache, prefix, mechanism, PASSWORD)
    assert init_topics(settings).made
    with PostProducer(settings) as producer:
        producer.push(posts_of(10))
    assert producer.acknowledged == 10
    assert lists_of(settings) == []


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_a_wrong_password_is_one_sentence_that_does_not_show_it(apache: Shared, prefix: str, mechanism: str) -> None:
    settings = with_password(apache, prefix, mechanism, "wrong-horse")
    for attempt in (lambda: init_topics(settings), lambda: PostProducer(settings), lambda: lists_of(settings)):
        with pytest.raises(RefusedError, match="refuses user 'upswell'") as caught:
            attempt()
        assert "wrong-horse" not in str(caught.value)
        assert "\n" not in str(caught.value)
    assert "wrong-horse" not in repr(settings)


def test_a_password_that_is_missing_is_told_before_anybody_is_asked() -> None:
    with pytest.raises(SettingsError, match="UPSWELL_KAFKA_SASL_PASSWORD"):
        init_topics(load_settings(kafka_security_protocol="SASL_PLAINTEXT", kafka_sasl_user="ana"))


# -- the doctor --------------------------------------------------------------------------------------------------------


def checks(capsys: pytest.CaptureFixture[str], *flags: str) -> tuple[int, dict[str, Any]]:
    code = run(["doctor", "--json", *flags])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return code, {line["name"]: line for line in lines}


def test_the_doctor_names_what_is_missing_and_its_remedy(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = checks(capsys)
    assert code == 1
    posts = found[f"topic {settings.kafka_prefix}posts"]
    assert not posts["ok"]
    assert "topics init" in posts["remedy"]
    init_topics(settings)
    _, found = checks(capsys)
    failed = [name for name, check in found.items() if not check["ok"]]
    assert failed in ([f"group {settings.kafka_prefix}upswell"], [])  # nobody works; an embedded broker cannot tell
    code, found = checks(capsys, "--partitions", "2")
    assert code == 1
    assert "4 partitions where 2 are set" in found[f"topic {settings.kafka_prefix}posts"]["remedy"]


def test_the_doctor_tells_how_far_the_workers_are_behind(
    kafka: str, prefix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UPSWELL_KAFKA_PREFIX", prefix)
    monkeypatch.setenv("UPSWELL_KAFKA_BROKERS", kafka)
    settings = load_settings(partitions=1)
    init_topics(settings)
    with PostProducer(settings) as producer:
        producer.push(posts_of(40))
    _, found = checks(capsys, "--partitions", "1")
    assert found[f"lag {prefix}posts[0]"]["found"].startswith("40 records")


@pytest.mark.parametrize(("ahead_s", "ok"), [(600, False), (-600, True)])
def test_the_doctor_tells_event_time_that_is_ahead_of_the_brokers_clock(
    settings: Settings, capsys: pytest.CaptureFixture[str], ahead_s: int, ok: bool
) -> None:
    """As it stays where a broker's clock was fast, and was set right."""
    init_topics(settings)
    with PostProducer(settings) as producer:
        producer.push(posts_of(40))
    _, found = checks(capsys)
    assert "event time" not in found, "nobody has counted yet"
    now_ms = int(time.time() * 1_000)
    closed = {0: now_ms - 900_000, 2: now_ms + ahead_s * 1_000}
    counted = [PartitionProgress(partition, 1, frontier) for partition, frontier in closed.items()]
    counts = Producer({"bootstrap.servers": settings.kafka_brokers})
    for value in (b"not ours", *map(encode_counts, counted)):
        counts.produce(Topics(settings.kafka_prefix).counts, value)
    assert counts.flush(10) == 0
    code, found = checks(capsys)
    told = found["event time"]
    assert told["ok"] is ok
    if not ok:
        assert code == 1
        assert re.search(r"in partitions 2 of the posts it is up to (59\d|60\d) s ahead", told["found"])
        assert "NTP" in told["remedy"]


def test_the_doctor_waits_for_a_coordinator_that_has_just_begun_and_not_for_ever() -> None:
    loading = iter([CoordinatorLoadInProgressError(), NotCoordinatorError()])

    def ask() -> str:
        for error in loading:
            raise error
        return "told"

    assert answered(ask) == "told"

    def never() -> str:
        raise CoordinatorLoadInProgressError

    with pytest.raises(CoordinatorLoadInProgressError):
        answered(never, 0.0)


def test_the_doctor_says_when_no_broker_is_there(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    code, found = checks(capsys, "--brokers", f"127.0.0.1:{free_port()}")
    assert code == 1
    assert not found["broker"]["ok"]
    assert found["broker"]["remedy"]
