"""`upswell extract`: the hashtags, cashtags, mentions and links of texts, a JSON object a line."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from typing import Annotated, BinaryIO

import orjson
import typer

from pipeline.cli.errors import WrongUseError
from pipeline.text import DIALECTS, Dialect, Entities, Item
from pipeline.text import extract as find_entities

_CHUNK_BYTES = 1 << 16


def extract(
    texts: Annotated[
        list[str] | None, typer.Argument(metavar="[TEXT]...", show_default=False, help="Texts; - for standard input.")
    ] = None,
    dialect: Annotated[
        str, typer.Option(metavar="|".join(DIALECTS), help="Whose rules decide what is a hashtag, a mention, a link.")
    ] = "twitter",
) -> None:
    """Hashtags, cashtags, mentions and links of texts, as JSON.

    One text an argument, or, with - or no argument, one a line of standard input; one JSON object a line is answered,
    to an empty line too. Lines end at \\n only. Indices are code points and include the sign, as `text` does.
    Bytes that are not UTF-8 count as one U+FFFD each broken sequence.
    """
    chosen = next((known for known in DIALECTS if known == dialect), None)
    if chosen is None:
        raise WrongUseError(f"--dialect {dialect}: no such dialect, take one of {', '.join(DIALECTS)}")
    out = sys.stdout.buffer
    for text in texts or ["-"]:
        if text == "-":
            _answer_lines(sys.stdin.buffer, out, chosen)
        else:
            out.write(_answer(_decoded(os.fsencode(text)), chosen))
    out.flush()


def _answer_lines(lines: BinaryIO, out: BinaryIO, dialect: Dialect) -> None:
    # whoever types, or pipes line by line, waits for each answer; a file's answers go out in blocks
    for line, more_at_hand in _lines(lines):
        out.write(_answer(_decoded(line), dialect))
        if not more_at_hand:
            out.flush()


def _lines(stream: BinaryIO) -> Iterator[tuple[bytes, bool]]:
    """The lines without their \\n, each with whether another whole one has been read already."""
    rest: list[bytes] = []
    read = getattr(stream, "read1", stream.read)
    while chunk := read(_CHUNK_BYTES):
        *whole, last = chunk.split(b"\n")
        for index, line in enumerate(whole):
            if rest:
                line = b"".join([*rest, line])
                rest = []
            yield line, index + 1 < len(whole)
        if last:
            rest.append(last)
    if rest:
        yield b"".join(rest), False


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace")


def _answer(text: str, dialect: Dialect) -> bytes:
    found: Entities = find_entities(text, dialect)
    return orjson.dumps({kind: list(map(_as_json, items)) for kind, items in found._asdict().items()}) + b"\n"


def _as_json(item: Item) -> dict[str, object]:
    return {"text": item.text, "indices": [item.start, item.end]}
