"""Delivery: a process that ends at any point leaves each post in the log once; withdrawals find what they mean."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from pipeline.kafka.connection import KafkaUseError
from pipeline.sources.live import delivery as module
from pipeline.sources.live.delivery import Delivery
from pipeline.sources.live.metrics import SourceMetrics
from pipeline.sources.live.model import Item, Withdrawal
from pipeline.sources.live.store import KEPT_MS, Store
from schemas import Post
from schemas.posts import retraction
from tests.sources.harness import Log, Script, item, post

POINTS = ("taken", "pending", "acknowledged", "stored", "recovering", "recovered")
IT = Script()


class CrashError(BaseException):
    """The process ends here."""


class Life:
    """One life of a process: a store opened, batches delivered, and perhaps an end at the n-th crash point."""

    def __init__(self, folder: Path, log: Log, crash_at: str = "", now_ms: int = 10_000) -> None:
        self.store, self.log, self.registry = Store(folder), log, CollectorRegistry()
        self.reached: list[str] = []
        self.now_ms = now_ms
        self._crash_at = crash_at
        self.delivery = Delivery(
            self.store, SourceMetrics(self.registry), now_ms=lambda: self.now_ms, reached=self._reached
        )

    def _reached(self, point: str) -> None:
        self.reached.append(point)
        if point == self._crash_at:
            raise CrashError(point)

    def run(self, network: Sequence[Item], batch: int = 2) -> None:
        """Recovers, then reads the network from the cursor on."""
        self.delivery.recover(self.log)
        cursor = self.store.cursor("it")
        rest = [one for one in network if cursor is None or (one.cursor or {}).get("at", 0) >= cursor["at"]]
        for at in range(0, len(rest), batch):
            self.take(*rest[at : at + batch])

    def take(self, *items: Item) -> None:
        self.delivery.deliver([(IT, one) for one in items], self.log)

    def outcome(self, outcome: str) -> float:
        labels = {"name": "it", "outcome": outcome}
        return self.registry.get_sample_value("upswell_source_records_total", labels) or 0.0

    def end(self) -> None:
        self.store.close()


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path, Log())


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("half", [False, True], ids=["all acknowledged", "half of a batch got through"])
def test_an_end_at_any_point_leaves_each_post_in_the_log_once(tmp_path: Path, point: str, half: bool) -> None:
    log = Log()
    network = [item(number) for number in range(1, 8)]
    crashed = []
    for crash in (point, point, ""):
        if half:
            log.fails = 1
        life = Life(tmp_path, log, crash)
        try:
            life.run(network)
        except (CrashError, KafkaUseError) as error:
            crashed.append(str(error))
        finally:
            life.end()
    for _ in range(2):  # nothing ends any more
        log.fails = 0
        life = Life(tmp_path, log)
        life.run(network)
        assert life.store.cursor("it") == {"at": 7}
        assert life.store.pending() == []
        life.end()
    assert sorted(log.ids) == [str(number) for number in range(1, 8)]
    if not point.startswith("recover") and not half:
        assert crashed == [point, point]  # it did happen


def test_the_ends_while_recovering_do_happen(tmp_path: Path) -> None:
    log = Log()
    for point in ("pending", "recovering", "recovered", ""):
        life = Life(tmp_path, log, point)
        with pytest.raises(CrashError, match=point) if point else contextlib.nullcontext():
            life.run([item(1), item(2)])
        life.end()
    assert log.ids == ["1", "2"]


@settings(max_examples=15, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(POINTS), st.integers(1, 4), st.booleans()), max_size=6))
def test_any_run_of_ends_and_faults_leaves_each_post_once(
    tmp_path_factory: pytest.TempPathFactory, ends: list[tuple[str, int, bool]]
) -> None:
    folder, log = tmp_path_factory.mktemp("state"), Log()
    network = [item(number) for number in range(1, 10)]
    for point, batch, half in [*ends, ("", 3, False)]:
        log.fails = int(half)
        life = Life(folder, log, point)
        with contextlib.suppress(CrashError, KafkaUseError):
            life.run(network, batch)
        life.end()
    assert sorted(log.ids) == sorted(str(number) for number in range(1, 10))


def test_what_was_never_sent_is_sent_with_the_time_of_its_receipt_now(tmp_path: Path) -> None:
    log = Log()
    first = Life(tmp_path, log, "pending", now_ms=10_000)
    with pytest.raises(CrashError):
        first.take(item(1))
    first.end()
    second = Life(tmp_path, log, now_ms=99_000)
    assert second.delivery.recover(log) == 1
    assert [(one.id, one.time, one.created) for one in log.posts] == [("1", 99_000, 1_000)]
    second.end()


def test_a_post_that_several_servers_give_counts_once_and_each_of_its_names_is_known(life: Life) -> None:
    life.take(Item(post("uri"), alias="one 11"), Item(post("uri"), alias="two 22"))
    life.take(Item(post("uri"), alias="three 33"))
    assert life.log.ids == ["uri"]
    for alias in ("one 11", "two 22", "three 33"):
        assert life.store.named("test", alias) == "uri"
    life.end()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Post]:
    """Retractions as the one place gets them, which here makes records of them."""
    found: list[Post] = []

    def record(gone: Post, at: int) -> Post:
        found.append(retraction(gone, at))
        return post(f"withdrawn {gone.id}", author=gone.author)

    monkeypatch.setattr(module, "retraction", record)
    return found


def by_alias(alias: str, at: int = 20_000) -> Item:
    return Item(Withdrawal(at), alias=alias)


def test_a_withdrawal_by_another_name_tells_the_whole_post_once(life: Life, told: list[Post]) -> None:
    life.take(Item(post("uri", "a #tag"), alias="one 11"))
    life.take(by_alias("one 11"), by_alias("one 11"))
    life.take(by_alias("one 11"))
    assert told == [Post("uri", "ann", "a #tag", 10_000, "test", deleted=20_000)]
    assert life.log.ids == ["uri", "withdrawn uri"]
    known = life.store.get("test", "uri")
    assert known is not None
    assert known.post is None  # its text is gone
    life.take(Item(post("uri", "a #tag"), alias="two 22"))  # another server has not heard of it yet
    assert life.log.ids == ["uri", "withdrawn uri"]
    life.end()


def test_a_withdrawal_reaches_the_log_as_the_post_as_it_was(life: Life) -> None:
    life.take(Item(post("uri", "a #tag"), alias="one 11"))
    life.take(by_alias("one 11"))
    assert (life.outcome("withdrawn"), life.log.ids) == (1, ["uri", "uri"])
    sent, gone = life.log.posts
    assert gone == msgspec.structs.replace(sent, deleted=20_000, created=None)
    life.take(by_alias("one 99"))
    assert life.outcome("withdrawal-unknown") == 1
    life.end()


def test_a_post_that_comes_and_goes_in_one_batch_never_reaches_the_log(life: Life, told: list[Post]) -> None:
    life.take(Item(post("uri"), alias="one 11"), by_alias("one 11"))
    life.take(Item(post("uri"), alias="two 22"))
    assert "uri" not in life.log.ids
    assert [one.id for one in told] == ["uri"]
    life.end()


def test_a_withdrawal_that_comes_before_its_post_holds(life: Life) -> None:
    life.take(Item(Withdrawal(20_000, "uri", "ann")))
    life.take(Item(post("uri")))
    assert life.log.ids == []
    life.end()


def test_nobody_withdraws_what_another_will_have_said(life: Life) -> None:
    """Relays give what is newest first: a deletion, by anybody, before the note that it names."""
    life.take(Item(Withdrawal(20_000, "uri", "bob")))
    life.take(Item(post("uri")))
    assert life.log.ids == ["uri"]
    life.end()


def test_the_last_of_several_edits_in_one_batch_stays(life: Life, told: list[Post]) -> None:
    life.take(Item(post("uri", "first")), *(Item(post("uri", text), edit=True) for text in ("second", "third")))
    assert life.log.texts[-1] == "third"
    assert life.log.ids[-1] not in [one.id for one in told]
    life.now_ms += 1
    life.take(Item(post("uri", "fourth"), edit=True))
    assert [one.text for one in told] == ["first", "second", "third"]
    life.end()


def test_what_was_withdrawn_is_not_brought_back_by_an_edit_that_comes_late(life: Life) -> None:
    life.take(Item(post("uri", "first"), alias="one 11"))
    life.take(Item(post("uri", "second"), edit=True))
    life.take(by_alias("one 11"))
    sent = len(life.log.posts)
    life.now_ms += 5_000
    life.take(Item(post("uri", "third"), edit=True), Item(post("uri", "first")))
    assert len(life.log.posts) == sent
    life.end()


def test_all_of_an_author_is_withdrawn_and_nobody_elses(life: Life, told: list[Post]) -> None:
    life.take(Item(post("1")), Item(post("2")), Item(post("3", author="bob")))
    life.take(Item(post("4")), Item(Withdrawal(20_000, author="ann")))
    assert sorted(one.id or "" for one in told) == ["1", "2", "4"]
    life.take(Item(Withdrawal(20_000, "3", "ann")))  # a claim about somebody else's post
    assert len(told) == 3
    life.end()


def test_an_edit_withdraws_what_was_and_is_a_post_of_its_own(life: Life, told: list[Post]) -> None:
    edit = Item(post("uri", "second"), alias="one 11", edit=True)
    life.take(Item(post("uri", "first"), alias="one 11"))
    life.take(edit, edit, Item(post("uri", "second"), alias="two 22", edit=True))
    assert [one.text for one in told] == ["first"]
    assert life.log.texts == ["first", "text of withdrawn uri", "second"]
    life.now_ms = 30_000
    life.take(Item(post("uri", "third"), edit=True), by_alias("one 11"))
    assert [one.text for one in told] == ["first", "second", "third"]
    life.end()


def test_an_edit_of_a_stream_that_begins_here_is_a_post(life: Life) -> None:
    life.take(Item(post("new", "of a stream that begins here"), edit=True))
    assert life.log.ids == ["new"]
    life.end()


def test_what_is_older_than_a_day_is_forgotten_and_the_number_of_posts_is_bounded(
    life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.sources.live.store.MOST_POSTS", 3)
    life.take(Item(post("old"), alias="one 1"))
    life.now_ms += KEPT_MS + 1
    for number in range(5):
        life.now_ms += 1
        life.take(item(number))
    life.store.prune(life.now_ms)
    assert life.store.get("test", "old") is None
    assert life.store.named("test", "one 1") is None
    assert [number for number in range(5) if life.store.get("test", str(number))] == [2, 3, 4]
    life.end()


def test_the_file_is_for_its_owner_alone(tmp_path: Path, life: Life) -> None:
    life.take(item(1))
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}
    life.end()
