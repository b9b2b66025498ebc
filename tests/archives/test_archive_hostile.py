"""No line, file or compressed stream of an enemy stops the reading of the rest."""

from __future__ import annotations

import bz2
import gzip
import io
import time
import tracemalloc
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path

import pytest
import zstandard
from archive_samples import NOON, Reading, activity, line, lines, post, read, skeet, status, tweet, tweet2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.sources.archives.batches import RAW_BYTES, ArchiveError
from pipeline.sources.archives.files import find_files
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.lines import Lines, blocks
from pipeline.sources.archives.read import read_archives
from pipeline.sources.archives.reader import read_file
from pipeline.sources.archives.strangers import likely
from schemas import PostError

FAMILIES: dict[str, Callable[[int], object]] = {
    "post": lambda number: post(number, NOON),
    "tweet-v1": tweet,
    "tweet-v2": tweet2,
    "mastodon": status,
    "activitystreams": activity,
    "jetstream": skeet,
}
BROKEN: list[tuple[bytes, set[str]]] = [
    (b"not json", {"not-json"}),
    (b'{"id": "1", "author"', {"not-json"}),
    (b"[" * 200_000, {"not-json", "invalid"}),
    (b'{"a":' * 200_000, {"not-json"}),
    (b'{"id":"1","author":"a","text":"\\ud800","time":1}', {"not-json"}),
    (b'{"id":"1","author":"a","text":"\xff","time":1}', {"not-utf8", "not-json"}),
    (b"\x00", {"not-json"}),
    (b'{"id":"a\\u0000","author":"a","text":"","time":1}', {"invalid"}),
    (b'{"id":"1","author":"","text":"","time":1}', {"invalid"}),
    (b'{"id":"1","author":"a","text":7,"time":1}', {"invalid"}),
    (b"{}", {"invalid"}),
    (b"[]", {"invalid"}),
    (b"null", {"invalid"}),
    (b"7", {"invalid"}),
]
ONLY_POSTS: list[tuple[bytes, set[str]]] = [
    (b'{"id":"1","author":"a","text":"","time":-1}', {"time"}),
    (b'{"id":"1","author":"a","text":"","time":253370764800000}', {"time"}),
    (b'{"id":"1","author":"a","text":"","time":"9999-01-01T00:00:00Z"}', {"time"}),
    (b'{"id":"1","author":"a","text":"","time":"2014-02-30T00:00:00Z"}', {"time"}),
    (b'{"id":"1","author":"a","text":"","time":1e400}', {"invalid", "not-json"}),
    (line(post(text="x" * 70_000)).strip(), {"invalid"}),
    (b'{"id":"' + b"x" * 10_000_000 + b'"}', {"too-large"}),
]


@pytest.mark.parametrize("asked", [True, False])
@pytest.mark.parametrize("name", FAMILIES)
def test_every_broken_line_is_one_dead_letter_and_the_rest_counts(tmp_path: Path, name: str, asked: bool) -> None:
    content, expected = b"", []
    broken = BROKEN + (ONLY_POSTS if name == "post" else [])
    for number, (bad, reasons) in enumerate(broken):
        content += line(FAMILIES[name](number)) + bad + b"\n"
        expected.append((2 * number + 2, reasons))
    reading = read(tmp_path, content, format=name if asked else "auto")
    assert len(reading.posts) == len(broken)
    assert [number for number, _ in reading.faults] == [number for number, _ in expected]
    for (_, reason), (number, reasons) in zip(reading.faults, expected, strict=True):
        assert reason in reasons | (set() if name == "post" else {"invalid"}), number
    assert {dead.reason for dead in reading.dead} <= set(PostError.REASONS)
    assert all(len(dead.raw) <= RAW_BYTES for dead in reading.dead)


@pytest.mark.parametrize(
    ("name", "word"),
    [("post", "hello"), ("tweet-v1", "hello"), ("tweet-v2", "hello"), ("mastodon", "Vive"), ("jetstream", "#Lyon")],
)
def test_a_record_that_is_cut_or_no_utf8_says_so(tmp_path: Path, name: str, word: str) -> None:
    whole = line(FAMILIES[name](1))
    content = whole * 3 + whole[: len(whole) // 2] + b"\n" + whole.replace(word.encode(), b"\xff", 1) + whole
    reading = read(tmp_path, content)
    assert len(reading.posts) == 4
    assert reading.faults == [(4, "not-json"), (5, "not-utf8")]


def test_a_right_to_left_override_is_a_fine_post(tmp_path: Path) -> None:
    [found] = read(tmp_path, line(post(text="\u202egnp.exe"))).posts
    assert found.text == "\u202egnp.exe"


def test_windows_line_ends_blank_lines_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    content = b"\xef\xbb\xbf" + lines(post(1), b"\r\n", b"  \n", post(2), b"oops\n", post(3)).replace(b"\n", b"\r\n")
    reading = read(tmp_path, content.rstrip())
    assert (reading.ids, reading.faults) == (["p1", "p2", "p3"], [(5, "not-json")])


def test_two_posts_on_one_line_are_two_and_one_over_two_lines_among_them_is_none(tmp_path: Path) -> None:
    content = line(post(1)).strip() + line(post(2)) + b'{"id":"3",\n"author":"a","text":"","time":1}\n' + line(post(4))
    reading = read(tmp_path, content)
    assert (reading.ids, [number for number, _ in reading.faults]) == (["p1", "p2", "p4"], [2, 3])


def test_a_file_of_garbage_is_dead_line_by_line_and_the_next_file_counts(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\x89PIG\r\n\x1a\n\x00\x00\nrubbish\n")
    (tmp_path / "b.jsonl").write_bytes(b"")
    (tmp_path / "c.jsonl").write_bytes(b"[[[[\n" + lines(post(1)))
    reading = Reading(tmp_path)
    assert reading.ids == ["p1"]
    assert [(Path(dead.file).name, dead.line) for dead in reading.dead] == [
        ("a.jsonl", 1),
        ("a.jsonl", 2),
        ("a.jsonl", 3),
        ("a.jsonl", 4),
        ("c.jsonl", 1),
    ]


class Endless(io.RawIOBase):
    """A line that goes on for `size` bytes, between two posts."""

    def __init__(self, size: int) -> None:
        self._parts = self._content(size)

    @staticmethod
    def _content(size: int) -> Iterator[bytes]:
        yield line(post(1)) + b'{"id":"'
        piece = b"x" * 65_536
        for _ in range(size // len(piece)):
            yield piece
        yield b'"}\n' + line(post(2))

    def read(self, size: int = -1) -> bytes:
        return next(self._parts, b"")


def test_a_line_of_a_gigabyte_is_passed_over_without_being_held() -> None:
    tracemalloc.start()
    try:
        batches = list(read_archives(["-"], stdin=Endless(1 << 30)))  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert [each.id for batch in batches for each in batch.posts] == ["p1", "p2"]
    [dead] = [dead for batch in batches for dead in batch.dead]
    assert (dead.line, dead.reason, len(dead.raw)) == (2, "too-large", RAW_BYTES)
    assert f"{(1 << 30) + 9} bytes" in dead.detail
    assert peak < 64 << 20


@given(
    st.lists(st.sampled_from([b"a", b"bc", b"\n", b"\n\n", b"longer than", b"\r\n"]), max_size=40), st.integers(1, 12)
)
def test_lines_are_those_of_a_plain_split_however_the_bytes_come(pieces: list[bytes], limit: int) -> None:
    found: dict[int, bytes | int] = {}
    for part in blocks(iter(pieces), limit):
        if isinstance(part, Lines):
            assert not part.truncated
            found.update(enumerate(part.rows, part.first))
        else:
            assert part.size > limit
            found[part.line] = part.size
    plain = b"".join(pieces).split(b"\n")
    if not plain[-1]:
        plain.pop()
    assert found == {number: row if len(row) <= limit else len(row) for number, row in enumerate(plain, 1)}


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress,
    "bz2": bz2.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
MANY = lines(*(post(number, NOON + number, text=f"hello {number * 2654435761 % 2**32}") for number in range(20_000)))


@pytest.mark.parametrize("kind", PACK)
class TestCompression:
    def test_is_told_by_content_not_by_name(self, tmp_path: Path, kind: str) -> None:
        reading = read(tmp_path, PACK[kind](lines(post(1), b"bad\n", post(2))), "plain.jsonl")
        assert (reading.ids, reading.faults) == (["p1", "p2"], [(2, "not-json")])

    def test_gives_the_same_posts_as_the_plain_file(self, tmp_path: Path, kind: str) -> None:
        plain, packed = read(tmp_path, MANY), read(tmp_path, PACK[kind](MANY), "x." + kind)
        assert packed.posts == plain.posts
        assert packed.batches[-1].bytes_read == packed.batches[-1].bytes_total == len(PACK[kind](MANY))

    def test_several_streams_in_a_row_are_one(self, tmp_path: Path, kind: str) -> None:
        content = PACK[kind](lines(post(1))[:20]) + PACK[kind](b"") + PACK[kind](lines(post(1))[20:] + lines(post(2)))
        reading = read(tmp_path, content + b"\0" * 100)
        assert (reading.ids, reading.dead) == (["p1", "p2"], [])

    def test_cut_in_the_middle_counts_what_was_readable(self, tmp_path: Path, kind: str) -> None:
        packed = PACK[kind](MANY)
        # bzip2 gives a block of 900 kB or nothing
        reading = read(tmp_path, packed[: len(packed) * 9 // 10])
        assert 2_000 < len(reading.posts) < 20_000
        assert reading.faults == [(len(reading.posts) + 1, "truncated")]
        assert reading.ids == [f"p{number}" for number in range(len(reading.posts))]

    def test_corrupt_or_followed_by_garbage_is_one_dead_letter(self, tmp_path: Path, kind: str) -> None:
        packed = PACK[kind](lines(post(1), post(2)))
        reading = read(tmp_path, packed + b"garbage")
        assert (reading.ids, reading.faults) == (["p1", "p2"], [(3, "truncated")])
        for place in range(4, len(packed)):
            broken = bytearray(packed)
            broken[place] ^= 0x55
            reading = read(tmp_path, bytes(broken))
            assert len(reading.posts) <= 2
            assert len([dead for dead in reading.dead if dead.reason == "truncated"]) <= 1

    def test_a_bomb_is_unpacked_in_pieces(self, tmp_path: Path, kind: str) -> None:
        bomb = PACK[kind](line(post(1)) + b"0" * (64 << 20) + b"\n" + line(post(2)))
        path = tmp_path / "bomb"
        path.write_bytes(bomb)
        tracemalloc.start()
        try:
            reading = Reading(path)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert (reading.ids, reading.faults) == (["p1", "p2"], [(2, "too-large")])
        assert peak < (160 if kind == "zst" else 16) << 20


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(["auto", "post", "tweet-v1", "tweet-v2", "twarc", "mastodon", "jetstream", "activitystreams"]),
)
def test_no_bytes_whatever_raise_anything(content: bytes, name: str) -> None:
    for head in (b"", b"\x1f\x8b\x08", b"BZh9", b"\x28\xb5\x2f\xfd", b"{", b"[", b'"a",text,time,author\n'):
        for batch in read_archives(["-"], stdin=io.BytesIO(head + content), format=name):
            assert all(dead.line >= 1 for dead in batch.dead)


class TestFindingFiles:
    def test_directories_give_known_endings_in_order_at_any_depth(self, tmp_path: Path) -> None:
        for name in ("b.jsonl", "a.ndjson.gz", "c/d.csv.zst", "README.md", ".hidden.jsonl", "E.JSON"):
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).touch()
        assert [str(path.relative_to(tmp_path)) for path in find_files([str(tmp_path)])] == [
            "E.JSON",
            "a.ndjson.gz",
            "b.jsonl",
            "c/d.csv.zst",
        ]
        assert find_files([str(tmp_path / "README.md"), "-", "-"]) == [tmp_path / "README.md", Path("-")]
        assert find_files([str(tmp_path / "*.jsonl"), str(tmp_path / "b.jsonl")]) == [tmp_path / "b.jsonl"]

    def test_a_file_whose_name_looks_like_a_pattern_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "a[1].jsonl").touch()
        assert find_files([str(tmp_path / "a[1].jsonl")]) == [tmp_path / "a[1].jsonl"]

    @pytest.mark.parametrize(
        ("path", "message"),
        [
            ("absent", "does not exist: check the path"),
            ("*.nothing", "nothing matches"),
            ("empty", "holds no archive"),
            ("a\0b", "NUL"),
        ],
    )
    def test_what_cannot_be_found_is_said_in_a_sentence(self, tmp_path: Path, path: str, message: str) -> None:
        (tmp_path / "empty").mkdir()
        with pytest.raises(ArchiveError, match=message) as told:
            find_files([str(tmp_path / path)])
        assert "\n" not in str(told.value)

    def test_no_path_at_all_is_refused(self) -> None:
        with pytest.raises(ArchiveError, match="no archive given"):
            find_files([])


class TestDocuments:
    def test_an_array_is_read_as_it_comes_whatever_its_length(self) -> None:
        """Nothing but one item at a time is held: the first posts are there long before the end."""
        taken = 0

        def content() -> Iterator[bytes]:
            nonlocal taken
            yield b"[\n"
            for number in range(200_000):
                taken += 1
                yield line(post(number)).strip() + b",\n"

        blocks = read_file("a.json", content(), "auto", Given(), lambda: False)
        first = next(block for block in blocks if block.posts)
        assert len(first.posts) <= 65_536
        assert taken < 100_000

    def test_one_that_was_never_closed_holds_all_its_posts(self, tmp_path: Path) -> None:
        reading = read(tmp_path, b"[\n" + lines(*(status(n) for n in range(1_000))))
        assert (len(reading.posts), reading.faults) == (1_000, [])

    @pytest.mark.parametrize("unit", [b"1,", b"[],", b'"x",', b"[1],{", b"{},", b'{"a":[{},{}]},'])
    def test_one_of_millions_of_items_takes_neither_memory_nor_time(
        self, unit: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("pipeline.sources.archives.reader._HOPELESS", 1_000)
        pieces = (unit * (65_536 // len(unit)) for _ in range(32))
        tracemalloc.start()
        blocks = read_file("a.json", chain([b"["], pieces, [b"{}]"]), "auto", Given(), lambda: False)
        records = sum(len(block.dead) for block in blocks if not block.posts)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert 1 <= records <= 1_001
        assert peak < 50_000_000

    @pytest.mark.parametrize("piece", [b"x", b"\\u00e9", b"[", b'\\"'])
    def test_a_string_above_the_limit_is_not_held(self, piece: bytes) -> None:
        pieces = (piece * (65_536 // len(piece)) for _ in range(1_200))  # 75 MiB
        tracemalloc.start()
        blocks = list(read_file("a.json", chain([b'{"a": "'], pieces, [b'"}\n']), "auto", Given(), lambda: False))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert [dead.reason for block in blocks for dead in block.dead] == ["too-large"]
        assert peak < 320_000_000  # some copies of the largest record there may be

    def test_zeros_before_and_behind_lines_cost_no_post(self, tmp_path: Path) -> None:
        """As rotating a log that is written to leaves them."""
        reading = read(tmp_path, bytes(5_000) + lines(*(status(n) for n in range(3))) + bytes(5_000))
        assert len(reading.posts) == 3

    def test_faults_name_their_line(self, tmp_path: Path) -> None:
        reading = read(tmp_path, b"[\n" + line(status(1)).strip() + b',\n\n{"id": \n7}\n]', "a.json")
        assert (reading.ids, reading.faults) == (["https://social.example/users/ana/statuses/1"], [(4, "invalid")])


@pytest.mark.parametrize(
    "repeated", [b"\n", b" \n", b" ", b"a  ", b"#\n", b"; x\n", b"a=bb=", b'a="\\" ', b"a.b-", b'"a" ']
)
@pytest.mark.parametrize("begin", [b"", b"[a]\n", b"a=b c=d ", b'{"'])
def test_what_a_file_looks_like_is_told_in_time_whatever_it_repeats(begin: bytes, repeated: bytes) -> None:
    began = time.process_time()
    likely((begin + repeated * 65_536)[:65_536] + b"!")
    assert time.process_time() - began < 1.0
