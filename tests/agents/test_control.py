"""Who may write posts may add posts, and nothing else: which records on `posts` are taken for markers, control records
and retractions."""

from __future__ import annotations

import msgspec
import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry

from agents.context import Context
from agents.count import CountedPartition
from agents.position import Position
from agents.records import marker
from pipeline.health import Health
from pipeline.trends.panes import Grid
from schemas import MARKER_HEADER, Post
from schemas.control import RETRACTION, UNSIGNED, ControlKeys
from schemas.definitions import DEFINITIONS_HEADER, MAX_DEFINITIONS_BYTES, Definitions
from schemas.events import Event
from schemas.topics import Topics
from tests.model.product import OnKafka, control

NOW = 1_400_000_000_000
FIRST = Definitions(events=(Event("gala", hashtags=("#gala",)),))
NEW = Definitions(5, events=(Event("new", words=("x",)),))
OLD_KEY, NEW_KEY = "an-old-secret-of-ours", "a-new-secret-of-ours"
POST = msgspec.json.encode(Post("p", "ann", "at #gala", NOW))


def counted(*records: OnKafka, keys: ControlKeys = UNSIGNED, partition: int = 0) -> CountedPartition:
    context = Context(Grid(), 4, Topics("p-"), Health(CollectorRegistry()), control=keys)
    one = CountedPartition(Position(TP("p-posts", partition), 0, 0), context, FIRST)
    one.take(records)
    return one


def reasons(one: CountedPartition) -> list[str]:
    return [dict(letter.headers)["reason"].decode() for letter in one.dead]


def signed(keys: ControlKeys, definitions: Definitions, topic: str = "p-posts") -> OnKafka:
    plain = control(0, NOW, definitions)
    more = keys.signed(topic, DEFINITIONS_HEADER, plain.value)
    return OnKafka(0, NOW, plain.value, plain.headers + more)


@pytest.mark.parametrize("key", [b"ann", None])
@pytest.mark.parametrize("value", [b"", b"1", NEW.version.encode()])
def test_a_post_with_a_header_called_definitions_is_a_post(key: bytes | None, value: bytes) -> None:
    one = counted(OnKafka(0, NOW, POST, ((DEFINITIONS_HEADER, value),), key))
    assert (one.counter.read, one.dead, one.definitions) == (1, [], FIRST)


def test_a_control_record_has_no_key_and_names_the_version_of_what_it_defines() -> None:
    assert counted(control(0, NOW, NEW)).definitions == NEW
    plain = control(0, NOW, NEW)
    for other in (
        OnKafka(0, NOW, plain.value, plain.headers, b"ann"),
        OnKafka(0, NOW, plain.value, ((DEFINITIONS_HEADER, b"1"),)),
        OnKafka(0, NOW, b"{}", ((DEFINITIONS_HEADER, b""),)),  # it would wipe all events and rules
        OnKafka(0, NOW, plain.value[:-1], plain.headers),
    ):
        one = counted(other)
        assert (one.definitions, len(one.dead)) == (FIRST, 1)


def test_one_that_lies_far_ahead_of_its_own_record_changes_nothing() -> None:
    near, far = NOW + 600_000, NOW + 600_001
    assert counted(control(0, NOW, Definitions(near))).definitions.at == near
    assert reasons(counted(control(0, NOW, Definitions(far)))) == ["definitions"]
    beyond = msgspec.json.encode({"at": 1 << 53, "by": "mallory"})
    assert reasons(counted(OnKafka(0, NOW, beyond, ((DEFINITIONS_HEADER, b""),)))) == ["definitions"]


@pytest.mark.parametrize(
    ("size", "dead"),
    [(MAX_DEFINITIONS_BYTES, []), (MAX_DEFINITIONS_BYTES + 1, ["definitions"]), (1 << 20, ["definitions"])],
)
def test_one_that_would_fit_no_record_of_another_topic_is_a_dead_letter(size: int, dead: list[str]) -> None:
    plain = control(0, NOW, NEW)
    one = counted(OnKafka(0, NOW, plain.value.ljust(size), plain.headers))
    assert reasons(one) == dead
    sent = [*one.dead, *one.defined.values()]
    assert [len(it.value or b"") for it in sent] == [MAX_DEFINITIONS_BYTES]


def test_where_a_key_is_set_only_what_one_of_the_keys_has_signed_is_ours() -> None:
    both = ControlKeys.of(f"{NEW_KEY},{OLD_KEY}")
    for secret in (NEW_KEY, OLD_KEY):
        for partition in (0, 3):
            assert counted(signed(ControlKeys.of(secret), NEW), keys=both, partition=partition).definitions == NEW
    assert both.signed("t", "k", b"v") == ControlKeys.of(NEW_KEY).signed("t", "k", b"v"), "the first signs"
    stolen = signed(both, NEW)
    for other in (
        control(0, NOW, NEW),
        signed(ControlKeys.of("a-secret-of-somebody"), NEW),
        signed(both, NEW, topic="q-posts"),
        OnKafka(0, NOW, control(0, NOW, Definitions(9)).value, stolen.headers),
    ):
        one = counted(other, keys=both)
        assert (one.definitions, reasons(one)) == (FIRST, ["definitions"])
    assert OLD_KEY not in repr(both)


@pytest.mark.parametrize("deleted", [{"text": "at #gala"}, {}])  # whole, or without what it said
def test_where_a_key_is_set_a_retraction_counts_when_one_of_the_keys_has_signed_it(deleted: dict[str, str]) -> None:
    both = ControlKeys.of(f"{NEW_KEY},{OLD_KEY}")
    value = msgspec.json.encode({"id": "p", "author": "ann", "time": NOW, "deleted": NOW} | deleted)
    post = OnKafka(0, NOW, POST, (), b"ann")

    def of(keys: ControlKeys, topic: str = "p-posts", what: bytes = value) -> OnKafka:
        return OnKafka(1, NOW, value, keys.signed(topic, RETRACTION, what), b"ann")

    assert [counted(post, of(one), keys=UNSIGNED).counter.retractions for one in (UNSIGNED, both)] == [1, 1]
    for secret in (NEW_KEY, OLD_KEY):
        one = counted(post, of(ControlKeys.of(secret)), keys=both)
        assert (one.counter.read, one.counter.retractions, one.dead) == (2, 1, [])
    made_up = of(UNSIGNED), of(ControlKeys.of("a-secret-of-somebody")), of(both, "q-posts"), of(both, what=POST)
    for record in made_up:
        one = counted(post, record, keys=both)
        assert (one.counter.read, one.counter.retractions, reasons(one)) == (1, 0, ["unsigned"])


def test_a_marker_has_neither_key_nor_value_and_is_signed_like_a_control_record() -> None:
    keys = ControlKeys.of(NEW_KEY)
    context = Context(Grid(), 4, Topics("p-"), Health(CollectorRegistry()), control=keys)
    ours = OnKafka(0, NOW, b"", marker(context, 2, NOW).headers)
    plain = OnKafka(0, NOW, b"", ((MARKER_HEADER, b"%d" % NOW),))
    assert [counted(it).counter.newest for it in (ours, plain)] == [NOW, NOW]
    assert counted(ours, keys=keys).counter.newest == NOW
    for other in (plain, OnKafka(0, NOW, b"", ((MARKER_HEADER, b"%d" % (NOW - 1)), *ours.headers[1:]))):
        one = counted(other, keys=keys)
        assert one.counter.newest != NOW
        assert len(one.dead) == 1
    assert len(counted(OnKafka(0, NOW, b"", ours.headers, b"ann")).dead) == 1
    assert counted(OnKafka(0, NOW, POST, ours.headers, b"ann")).counter.read == 1
