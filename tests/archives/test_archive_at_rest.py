"""An archive at rest has one order, its posts' own times, whatever files hold them and however they lie there."""

from __future__ import annotations

import gzip
import itertools
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from archive_samples import NOON, Reading, lines, post, tweet
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.local import Local, Options
from pipeline.sources.archives import at_rest, look, spool
from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.read import read_archives
from schemas import Post, TrendList

DAY_MS = 86_400_000
YEAR_MS = 365 * DAY_MS
NOW = NOON + 10 * YEAR_MS


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks, files held open and memory so small that a few posts come by every way there is."""
    monkeypatch.setattr(spool, "_BLOCK_POSTS", 3)
    monkeypatch.setattr(look, "_BLOCK_POSTS", 4)
    monkeypatch.setattr(at_rest, "MOST_OPEN", 2)


def by_what_they_say(posts: list[dict[str, Any]]) -> list[Post]:
    made = [msgspec.convert(record, Post) for record in posts]
    return sorted(
        made,
        key=lambda it: (
            *(said_or_withdrawn(it), it.id, it.source or ""),
            *(it.repost_of is None, -len(it.text), msgspec.msgpack.encode(it)),
        ),
    )


def said_or_withdrawn(it: Post) -> int:
    return int(it.time if it.deleted is None else it.deleted)


def by_time(posts: list[Post]) -> list[tuple[int, list[bytes]]]:
    """Posts in the order they came, those of one time in any order, but for those that share an id too."""
    groups = itertools.groupby(posts, key=said_or_withdrawn)
    return [
        (time_ms, [msgspec.msgpack.encode(it) for it in sorted(group, key=lambda it: it.id)])
        for time_ms, group in groups
    ]


def write(folder: Path, parts: list[list[dict[str, Any]]], names: list[str]) -> None:
    for old in folder.iterdir():
        old.unlink()
    for name, part in zip(names, parts, strict=True):
        packed = gzip.compress(lines(*part)) if name.endswith(".gz") else lines(*part)
        (folder / name).write_bytes(packed)


def lists_of(posts: list[Post]) -> list[bytes]:
    issued: list[TrendList] = []
    local = Local(Options(), on_list=issued.append)
    local.feed(posts)
    local.finish()
    assert local.stats.late == 0
    return [msgspec.json.encode(it) for it in issued]


moments = st.one_of(st.integers(0, 90), st.integers(0, 5_000))
records = st.lists(
    st.builds(
        lambda number, second, author, source, text, gone: post(
            number,
            NOON + second * 1_000,
            author=f"a{author}",
            source=source,
            text=text,
            **({} if gone is None else {"deleted": NOON + (second + gone) * 1_000}),
        ),
        st.integers(0, 25),
        moments,
        st.integers(0, 4),
        st.sampled_from(["sms", "twitter"]),
        st.sampled_from(["so #Lyon", "#lyon et #Paris", "rien"]),
        st.one_of(st.none(), st.none(), st.integers(0, 300)),
    ),
    max_size=40,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data(), records, st.sampled_from([4, 16, 1_000]))
def test_the_same_posts_give_the_same_lists_however_they_are_ordered_split_and_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    data: st.DataObject,
    posts: list[dict[str, Any]],
    held: int,
) -> None:
    monkeypatch.setattr(spool, "HELD_POSTS", held)
    expected = by_what_they_say(posts)
    shuffled = data.draw(st.one_of(st.permutations(posts), st.just(sorted(posts, key=lambda it: int(it["time"])))))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(posts)), max_size=4)))
    parts = [shuffled[start:end] for start, end in zip([0, *cuts], [*cuts, len(posts)], strict=True)]
    stems = data.draw(st.permutations(["posts-2", "posts-10", "a", "Z", "0"]))
    endings = data.draw(st.lists(st.sampled_from([".jsonl", ".ndjson.gz"]), min_size=5, max_size=5))
    write(tmp_path, parts, [stem + ending for stem, ending in zip(stems, endings, strict=True)][: len(parts)])
    reading = Reading(tmp_path, batch_size=data.draw(st.sampled_from([1, 7, 4_096])), now_ms=NOW)
    assert by_time(reading.posts) == by_time(expected)
    assert reading.out_of_order == 0
    assert lists_of(reading.posts) == lists_of(expected)


def as_table(tweets: list[dict[str, Any]]) -> bytes:
    rows = [f"{it['id_str']},{it['user']['screen_name']},{it['text']},{it['created_at']}" for it in tweets]
    return "\n".join(["tweet_id,screen_name,text,created_at", *rows]).encode()


def as_columns(tweets: list[dict[str, Any]]) -> bytes:
    return msgspec.json.encode({name: {str(at): it[name] for at, it in enumerate(tweets)} for name in tweet(1)})


WRITTEN: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "a line each": lambda tweets: lines(*tweets),
    "array": msgspec.json.encode,
    "under a key": lambda tweets: msgspec.json.format(msgspec.json.encode({"statuses": tweets})),
    "beside ids": lambda tweets: msgspec.json.encode([[it["id_str"], it] for it in tweets]),
    "columns": as_columns,
    "table": as_table,
}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.data(), st.lists(st.integers(0, 500), min_size=2, max_size=24, unique=True))
def test_the_same_tweets_are_the_same_posts_however_files_hold_them(
    tmp_path: Path, data: st.DataObject, numbers: list[int]
) -> None:
    made = [
        tweet(number, created_at=f"Thu May 01 12:{number // 60:02}:{number % 60:02} +0000 2014")
        for number in data.draw(st.permutations(numbers))
    ]
    cut = data.draw(st.integers(1, len(made)))
    parts = [part for part in (made[:cut], made[cut:]) if len(part) > 1] or [made]
    for old in tmp_path.iterdir():
        old.unlink()
    for name, part in zip("ba", parts, strict=False):
        how = data.draw(st.sampled_from(sorted(WRITTEN)))
        (tmp_path / name).with_suffix(".txt").write_bytes(WRITTEN[how](part))
    expected = sorted(int(it["id_str"]) for part in parts for it in part)
    reading = Reading(tmp_path, now_ms=NOW)
    assert reading.faults == []
    assert [int(it.id) for it in reading.posts] == expected
    assert {(it.author, it.source) for it in reading.posts} == {("Ana_B", "twitter")}


def test_a_table_written_newest_first_is_counted_from_its_oldest_post(tmp_path: Path) -> None:
    rows = [f"2014-05-01 12:{minute:02d}:00,ana{minute},so #lyon,{minute}" for minute in range(59, -1, -1)]
    (tmp_path / "newest.csv").write_text("created_at,user,text,id\n" + "\n".join(rows))
    reading = Reading(tmp_path)
    assert [post.author for post in reading.posts] == [f"ana{minute}" for minute in range(60)]


def test_disorder_that_comes_late_in_a_file_is_as_much_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "HELD_POSTS", 50)
    posts = [post(number, NOON + number * 1_000) for number in range(500)]
    write(tmp_path, [[*posts[1:], posts[0]]], ["a.jsonl"])
    assert Reading(tmp_path).ids == [f"p{number}" for number in range(500)]


class TestFilesInOrder:
    @pytest.fixture(autouse=True)
    def nothing_is_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def kept(*_: Any) -> None:
            raise AssertionError("a file in order was kept, not read through")

        monkeypatch.setattr(spool.Spool, "add", kept)

    def test_are_counted_as_they_are_read(self, tmp_path: Path) -> None:
        posts = [post(number, NOON + number * 1_000 - number % 3 * 5_000) for number in range(300)]
        write(tmp_path, [posts[:150], posts[150:]], ["b.jsonl", "a.jsonl.gz"])
        assert Reading(tmp_path).posts == by_what_they_say(posts)

    def test_with_what_was_withdrawn_where_it_was(self, tmp_path: Path) -> None:
        posts = [post(number, NOON + number * 1_000) for number in range(300)]
        gone = [it | {"deleted": it["time"] + 120_500} for it in posts[::5]]
        as_recorded = sorted([*posts, *gone], key=lambda it: int(it.get("deleted", it["time"])))
        write(tmp_path, [as_recorded], ["a.jsonl"])
        assert Reading(tmp_path).posts == by_what_they_say(as_recorded)

    def test_that_overlap_are_merged(self, tmp_path: Path) -> None:
        posts = [post(number, NOON + number * 1_000) for number in range(30)]
        write(tmp_path, [posts[::2], posts[1::2]], ["b.jsonl", "a.jsonl"])
        assert Reading(tmp_path).posts == by_what_they_say(posts)


def test_more_overlapping_files_than_may_be_open_are_merged_too(tmp_path: Path) -> None:
    posts = [post(number, NOON + number * 1_000) for number in range(60)]
    write(tmp_path, [posts[start::6] for start in range(6)], [f"{name}.jsonl" for name in range(6)])
    assert Reading(tmp_path).posts == by_what_they_say(posts)


def test_a_post_years_from_all_others_is_counted(tmp_path: Path) -> None:
    posts = [post(0, NOON - 3 * YEAR_MS), *(post(n, NOON + n) for n in range(1, 30)), post(30, NOON + 5 * YEAR_MS)]
    write(tmp_path, [posts[::-1]], ["a.jsonl"])
    assert Reading(tmp_path, now_ms=NOW).posts == by_what_they_say(posts)


@pytest.mark.parametrize("ahead_ms", [DAY_MS + 1, 80 * YEAR_MS])
def test_a_post_of_a_time_that_has_not_come_is_dead(tmp_path: Path, ahead_ms: int) -> None:
    posts = [post(0), post(1, NOW + ahead_ms), post(2, NOW + DAY_MS)]
    write(tmp_path, [posts], ["a.jsonl"])
    reading = Reading(tmp_path, now_ms=NOW)
    assert reading.faults == [(2, "future")]
    assert reading.ids == ["p0", "p2"]
    assert reading.dead[0].raw + b"\n" == lines(posts[1])


def test_what_is_dead_or_skipped_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(lines(post(1), b"no json\n", post(0)))
    (tmp_path / "b.jsonl").write_bytes(lines(tweet(5), {"delete": {"status": {}}}, b"{\n"))
    reading = Reading(tmp_path)
    assert len(reading.posts) == 3
    assert [(Path(dead.file).name, dead.line, dead.reason) for dead in reading.dead] == [
        ("a.jsonl", 2, "not-json"),
        ("b.jsonl", 3, "not-json"),
    ]
    assert reading.skipped == 1


class TestOnDisk:
    @pytest.fixture(autouse=True)
    def little_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(spool, "HELD_POSTS", 100)

    def test_it_is_told_before_any_post_is_given(self, tmp_path: Path) -> None:
        posts = [post(number, NOON - number * 1_000) for number in range(500)]
        write(tmp_path, [posts], ["a.jsonl"])
        reading = Reading(tmp_path)
        first = next(place for place, batch in enumerate(reading.batches) if batch.posts)
        assert [place < first for place, batch in enumerate(reading.batches) if batch.notes] == [True]
        assert all(batch.sorting == (place < first) for place, batch in enumerate(reading.batches))

    def test_a_disk_without_room_is_one_sentence_before_any_post(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        full = open("/dev/full", "wb", buffering=0)  # noqa: SIM115 - closed by the spool
        monkeypatch.setattr(tempfile, "TemporaryFile", lambda **_: full)
        write(tmp_path, [[post(number, NOON - number * 1_000) for number in range(500)]], ["a.jsonl"])
        batches = read_archives([str(tmp_path)])
        with pytest.raises(ArchiveError, match=r"no room to sort it.*set TMPDIR"):
            assert not [batch for batch in batches if batch.posts]
        assert full.closed


def running(folder: Path, temporary: Path) -> Iterator[subprocess.Popen[bytes]]:
    code = (
        "import sys, time\n"
        "from pipeline.sources.archives import spool\n"
        "from pipeline.sources.archives.read import read_archives\n"
        "spool.HELD_POSTS = 100\n"
        "for batch in read_archives(sys.argv[1:]):\n"
        "    if batch.notes:\n"
        "        print(batch.notes[0], flush=True)\n"
        "        time.sleep(60)\n"
    )
    yield subprocess.Popen(
        [sys.executable, "-c", code, str(folder)],
        env={**os.environ, "TMPDIR": str(temporary)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL])
def test_nothing_is_left_on_disk_at_any_end(tmp_path: Path, end: signal.Signals) -> None:
    archive, temporary = tmp_path / "archive", tmp_path / "temporary"
    archive.mkdir()
    temporary.mkdir()
    write(archive, [[post(number, NOON - number * 1_000) for number in range(500)]], ["a.jsonl"])
    for process in running(archive, temporary):
        with process:
            assert process.stdout
            assert b"on disk" in process.stdout.readline()
            process.send_signal(end)
            process.wait(20)
        assert list(temporary.iterdir()) == []


def test_ten_times_what_is_held_stays_within_the_memory_of_what_is_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "HELD_POSTS", 50)
    most = 0
    kept = spool.Spool()
    for start in range(0, 500, 10):
        kept.add([msgspec.convert(post(number, NOON - number), Post) for number in range(start, start + 10)])
        most = max(most, len(kept._held))
    assert most < 60
    assert kept.on_disk == 500
    kept.close()
