"""`upswell extract`: every line of input is answered by one JSON object."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.cli.errors import WrongUseError
from pipeline.cli.extract import extract

EMPTY: dict[str, list[Any]] = {"hashtags": [], "cashtags": [], "mentions": [], "urls": []}


class Pipe(io.BytesIO):
    """Standard input that gives at most a few bytes at a time, and standard output, both as bytes."""

    def __init__(self, content: bytes = b"", step: int = 1 << 16) -> None:
        super().__init__(content)
        self.buffer = self
        self._step = step

    def read1(self, size: int | None = -1, /) -> bytes:
        return super().read1(min(self._step, size or self._step))


def answers(texts: list[str] | None, stdin: bytes = b"", dialect: str = "twitter", step: int = 1 << 16) -> list[Any]:
    out = Pipe()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdin", Pipe(stdin, step))
        patched.setattr(sys, "stdout", out)
        extract(texts, dialect=dialect)
    written = out.getvalue()
    assert written.endswith(b"\n") or not written
    return [json.loads(line) for line in written.split(b"\n")[:-1]]


def test_each_argument_is_a_text() -> None:
    assert answers(["été #un", "@ann $FB\nhttp://example.com/#x"]) == [
        {**EMPTY, "hashtags": [{"text": "#un", "indices": [4, 7]}]},
        {
            "hashtags": [],
            "cashtags": [{"text": "$FB", "indices": [5, 8]}],
            "mentions": [{"text": "@ann", "indices": [0, 4]}],
            "urls": [{"text": "http://example.com/#x", "indices": [9, 30]}],
        },
    ]


@pytest.mark.parametrize("texts", [None, [], ["-"]])
def test_without_texts_standard_input_is_read(texts: list[str] | None) -> None:
    assert [answer["hashtags"] for answer in answers(texts, b"#a\n\nno\n#b")] == [
        [{"text": "#a", "indices": [0, 2]}],
        [],
        [],
        [{"text": "#b", "indices": [0, 2]}],
    ]


def test_lines_end_at_newlines_only() -> None:
    text = "a\r#b\x85#c\u2028#d\x0b#e\x1e#f"
    (answer,) = answers(None, text.encode() + b"\n")
    assert [item["text"] for item in answer["hashtags"]] == ["#b", "#c", "#d", "#e", "#f"]


@given(st.binary(max_size=60), st.integers(1, 7))
def test_every_line_of_any_bytes_is_answered(content: bytes, step: int) -> None:
    lines = content.split(b"\n")
    expected = len(lines) - (lines[-1] == b"")
    found = answers(None, content, step=step)
    assert len(found) == expected
    assert all(answer.keys() == EMPTY.keys() for answer in found)


def test_broken_utf8_is_one_character_a_sequence() -> None:
    (answer,) = answers(None, b"\xff\xe2\x82 #a\n")
    assert answer["hashtags"] == [{"text": "#a", "indices": [3, 5]}]


def test_an_answer_is_flushed_as_soon_as_no_further_line_is_at_hand() -> None:
    flushed: list[int] = []

    class Out(Pipe):
        def flush(self) -> None:
            flushed.append(self.getvalue().count(b"\n"))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sys, "stdin", Pipe(b"#a\n#b\n", step=3))
        patched.setattr(sys, "stdout", Out())
        extract(None, dialect="twitter")
    assert flushed[:2] == [1, 2]


def test_the_dialect_is_the_one_asked_for() -> None:
    assert answers(["#a-b"], dialect="unicode")[0]["hashtags"][0]["text"] == "#a-b"
    assert answers(["#a-b"])[0]["hashtags"][0]["text"] == "#a"


def test_an_unknown_dialect_is_wrong_use() -> None:
    with pytest.raises(WrongUseError, match=r"--dialect myspace: .* twitter, mastodon, bluesky, unicode"):
        answers(["x"], dialect="myspace")
