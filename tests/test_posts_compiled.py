"""What is compiled of decoding posts says what the Python says, of any bytes at all."""

from __future__ import annotations

import json
import shutil
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas import MAX_RECORD_BYTES, MAX_TIME_MS, Post, PostError, decode_all_posts, decode_posts, posts
from schemas._compiled import compiled

PLAIN: dict[str, Any] = {
    "id": "https://social.example/@ann/1",
    "author": "ann",
    "text": "bonjour à tous, c'est l'#été à la montagne — 山 🌻",
    "time": 1_650_211_200_000,
    "source": "mastodon",
    "lang": "fr",
    "repost_of": "2",
    "tags": ["été", "a"],
    "url": "https://social.example/@ann/1",
    "created": 0,
    "author_name": "Ann",
    "avatar": "",
    "events": [],
    "bot": True,
    "server": "social.example",
    "deleted": 1_650_211_260_000,
}
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 3),
    st.sampled_from([MAX_TIME_MS - 1, MAX_TIME_MS, 10**18, -0.0, 1.0, 1e3, "2010-02-03T09:30:00+01:00"]),
    st.text(max_size=12),
    st.sampled_from([64, 65, 256, 257, 1_024, 1_025, 4_096, 4_097, 65_536, 65_537]).map(lambda most: "é" * most),
    st.lists(st.one_of(st.text(max_size=3), st.just("x" * 513), st.just(1)), max_size=2),
    st.just(["x"] * 65),
)
NAMES = st.sampled_from([*PLAIN, "media", "more"])


@st.composite
def records(draw: st.DrawFn) -> bytes:
    """A plain post with some fields left out, in another order or of another value; written in one of several ways, and
    then, perhaps, some bytes of it changed, cut out or twice."""
    fields = {name: PLAIN[name] for name in draw(st.permutations([*PLAIN]))}
    for name in draw(st.lists(NAMES, max_size=4)):
        fields.pop(name, None)
    fields |= draw(st.dictionaries(NAMES, VALUES, max_size=2))
    separators = draw(st.sampled_from([None, (",", ":"), (" ,\n\t", "\r: ")]))
    raw = json.dumps(fields, ensure_ascii=draw(st.integers(0, 9)) == 0, separators=separators).encode(errors="replace")
    if draw(st.booleans()):
        begin, end = sorted(draw(st.tuples(*[st.integers(0, len(raw))] * 2)))
        put = draw(st.one_of(st.binary(max_size=3), st.just(raw[begin:end] * 2), st.just(b' "id":"x",')))
        raw = raw[:begin] + put + (raw[end:] if end - begin < 40 else raw[begin:])
    return raw


def told(found: list[Post | PostError]) -> list[Any]:
    return [str(it) if isinstance(it, PostError) else it for it in found]


def in_python(raw: list[bytes]) -> tuple[list[Any], list[Post] | None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(posts, "compiled", None)
        return told(decode_posts(raw)), decode_all_posts(raw)


@given(st.lists(records(), max_size=4))
@example([json.dumps(PLAIN).encode(), b" " * MAX_RECORD_BYTES + json.dumps(PLAIN).encode()])
def test_posts_are_what_the_python_makes_of_them(raw: list[bytes]) -> None:
    assert (told(decode_posts(raw)), decode_all_posts(raw)) == in_python(raw)


def test_every_beginning_of_a_record_is_what_the_python_makes_of_it() -> None:
    raw = json.dumps(PLAIN, ensure_ascii=False).encode()
    cut = [raw[:length] for length in range(len(raw) + 1)]
    assert (told(decode_posts(cut)), decode_all_posts(cut)) == in_python(cut)


def test_where_there_is_a_compiler_it_is_used() -> None:
    assert compiled is not None or shutil.which("cc") is None, "install again: the compiled part is missing"


def test_posts_as_producers_write_them_are_plain() -> None:
    """Else the tests above would hold the Python against itself."""
    if compiled is not None:
        raw = [json.dumps(PLAIN, ensure_ascii=False).encode(), msgspec.json.encode(Post("1", "a", "é", 2))]
        found, unsure = compiled.decode([*raw, b"{}"])
        assert found == [Post(**PLAIN), Post("1", "a", "é", 2), None]
        assert unsure == 1
