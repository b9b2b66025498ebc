"""Texts that are nearly JSON, or nearly UTF-8: sound ones stay as they are, wherever they are cut into pieces."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from pipeline.sources.archives import nearly_json
from pipeline.sources.archives.rounded import RoundedIds
from pipeline.sources.archives.streams import as_utf8
from schemas import Post

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12)


@given(values, st.booleans())
def test_sound_json_stays_as_it_is(value: object, is_ascii: bool) -> None:
    text = json.dumps(value, ensure_ascii=is_ascii, indent=1).encode(errors="replace")
    assert nearly_json.as_json(text) == text


@given(st.dictionaries(st.text(), values, min_size=1))
def test_what_python_prints_means_the_same_as_json(value: dict[str, object]) -> None:
    written = nearly_json.as_json(repr(value).encode(errors="replace"))
    assert json.loads(written) == json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def test_it_is_written_anew_in_pieces_as_at_once(monkeypatch: object) -> None:
    text = b"".join(b"{'id': %d, 'text': 'it\\'s \"so\" %d', 'ok': True,},\n" % (n, n) for n in range(6_000))
    monkeypatch.setattr(nearly_json, "_AT_ONCE", 50_000)  # type: ignore[attr-defined]
    monkeypatch.setattr(nearly_json, "_HELD_BYTES", 1_000)  # type: ignore[attr-defined]
    pieces = (text[at : at + 777] for at in range(0, len(text), 777))
    assert b"".join(nearly_json.rewritten(pieces, lambda: False)) == nearly_json.as_json(text)


def test_hostile_texts_are_looked_at_in_time() -> None:
    begun = time.process_time()
    for text in (
        b"{'" + b"\\" * 65_000,
        b"{a(" + b"(" * 65_000,
        b"{" + b"'a' " * 16_000,
        b"{'a'," + b" " * 65_000,
        b"{a" + b"$" * 65_000,
        b"{'a',/*" + b"/*" * 32_000,
        b"{'" + b"a(" * 32_000,
        b"{'" + b"a('" * 20_000,
        b"{" + b'"a\\' * 20_000,
        b"{" + b"'\\" * 30_000,
        b"{" + b"a." * 30_000,
    ):
        nearly_json.is_nearly_json(text)
        nearly_json.as_json(text)
    assert time.process_time() - begun < 5


def _cesu(text: str) -> bytes:
    """Every character beyond the first 65,536 as its two halves."""
    units = text.encode("utf-16-be", "surrogatepass")
    halves = (chr(int.from_bytes(units[at : at + 2], "big")) for at in range(0, len(units), 2))
    return "".join(halves).encode("utf-8", "surrogatepass")


@given(st.text(alphabet="a\u00ed\ud55c\U0001f600\U0001d54f\ud83d", max_size=30), st.integers(1, 7))
def test_characters_in_two_halves_become_one_wherever_they_are_cut(text: str, size: int) -> None:
    raw = _cesu(text)
    pieces: Iterator[bytes] = (raw[at : at + size] for at in range(0, len(raw), size))
    expected = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert b"".join(as_utf8(pieces)).decode() == expected


def test_ids_are_rounded_where_more_end_in_zeros_than_chance_makes() -> None:
    rounded, true = RoundedIds(), RoundedIds()
    for number in range(20_000):
        true.heard("a.csv", str(1_785_612_345_678_910_000 + number * 1_001))
    for number in range(30):
        rounded.heard("b.csv", str(1_785_612_345_678_900_000 + number * 10_000))
    post = [Post(id="1785612345678910000", author="ana", text="#quay", time=0, repost_of="1785612345678920000")]
    assert true.named(list(post))[0].id == "1785612345678910000"
    assert true.notes() == {}
    assert rounded.named(list(post))[0].id.startswith("row:")
    assert post[0].repost_of is None
    assert list(rounded.notes()) == ["b.csv"]
    assert rounded.notes() == {}
