"""Recordings of browsers (HAR): the posts in the answers that pages were given, where these are of known formats."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import orjson

from pipeline.sources.archives.block import Block, Document, Filling
from pipeline.sources.archives.formats.base import PAGE_BYTES, Given, Parsed
from pipeline.sources.archives.lines import BOM
from pipeline.sources.archives.streams import TruncatedError
from schemas import PostError

HAR_BYTES = 256 << 20  # a recording is held whole up to here
_BEGINS = re.compile(rb'(?:\xef\xbb\xbf)?\s*\{\s*"log"\s*:\s*\{\s*"(?:version|creator|browser|pages|entries)"\s*:')


def _knows(_name: str, head: bytes) -> bool:
    return _BEGINS.match(head) is not None


def _read(name: str, content: Iterator[bytes], _given: Given, parse: Callable[[bytes], Parsed]) -> Iterator[Block]:
    filling = Filling(name, "answers that a browser has recorded (HAR)")
    held = bytearray()
    try:
        for chunk in content:
            held += chunk
            if len(held) > HAR_BYTES:
                raise PostError("too-large", f"a recording of more than {HAR_BYTES >> 20} MiB")
        for number, answer in enumerate(_answers(bytes(held).removeprefix(BOM)), 1):
            try:
                filling.answer(number, answer[:64], parse(answer))
            except PostError:  # most of what a page asks for is something else
                continue
        if not filling.records:
            raise PostError("invalid", "no answer in a format that is known")
    except TruncatedError as error:
        filling.fault(1, b"", PostError("truncated", str(error)))
    except PostError as error:
        filling.fault(1, bytes(held[:64]), error)
    yield filling.in_order_of_time()


def _answers(recording: bytes) -> Iterator[bytes]:
    """The JSON records that pages were given, in order."""
    try:
        entries = orjson.loads(recording)["log"]["entries"]
        contents = [entry.get("response", {}).get("content", {}) for entry in entries]
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise PostError("not-json", "a recording of a browser (HAR) that is cut or broken: record it anew") from None
    for content in contents:
        text: Any = content.get("text")
        if not isinstance(text, str):
            continue
        answer = text.encode()
        if content.get("encoding") == "base64":
            try:
                answer = base64.b64decode(answer)
            except ValueError:
                continue
        if len(answer) > PAGE_BYTES:
            continue
        if answer.lstrip().startswith(b"{"):
            yield answer
        elif answer.lstrip().startswith(b"["):
            with suppress(orjson.JSONDecodeError):
                yield from map(orjson.dumps, orjson.loads(answer))


DOCUMENTS = (Document("har", _knows, _read),)
