"""WARC files: the posts in answers of APIs, as twarc and Social Feed Manager keep them, if of known formats."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress

from pipeline.sources.archives.block import Block, Document, Filling
from pipeline.sources.archives.formats.base import PAGE_BYTES, Given, Parsed
from pipeline.sources.archives.json_values import JsonValues
from pipeline.sources.archives.streams import TruncatedError
from schemas import PostError

_ANSWER_BYTES = 64 << 20  # of an answer, which is held whole up to here
_HEAD_BYTES = 65_536
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_EMPTY = re.compile(rb"[\r\n]*")
_LENGTH = re.compile(rb"^content-length:[ \t]*(\d{1,15})", re.IGNORECASE | re.MULTILINE)
_IS_ANSWER = re.compile(rb"^warc-type:[ \t]*(?:response|resource)\b", re.IGNORECASE | re.MULTILINE)
_IS_CHUNKED = re.compile(rb"^transfer-encoding:[ \t]*chunked", re.IGNORECASE | re.MULTILINE)
_IS_PACKED = re.compile(rb"^content-encoding:[ \t]*(?:gzip|deflate)", re.IGNORECASE | re.MULTILINE)
_CHUNK = re.compile(rb"([0-9a-fA-F]{1,8})[^\n]{0,256}\n")


class _Reader:
    """A content, so much of it at a time as is asked for."""

    def __init__(self, content: Iterator[bytes]) -> None:
        self._content = content
        self._held, self._at = b"", 0

    def head(self) -> bytes:
        """What stands before the next empty line; nothing at the end."""
        while True:
            self._at = _EMPTY.match(self._held, self._at).end()  # type: ignore[union-attr]  # it matches anything
            if end := _END_OF_HEAD.search(self._held, self._at):
                head = self._held[self._at : end.start()]
                self._at = end.end()
                return head
            self._held = self._held[self._at :]
            self._at = 0
            chunk = next(self._content, b"")
            if (not chunk and self._held) or len(self._held) > _HEAD_BYTES:
                raise TruncatedError("it ends within a record, or is no WARC from here on")
            if not chunk:
                return b""
            self._held += chunk

    def body(self, size: int, *, is_kept: bool) -> bytes:
        """The next `size` bytes, or nothing where they are passed over."""
        parts, left = [], size
        while left:
            if self._at == len(self._held):
                self._held, self._at = next(self._content, b""), 0
                if not self._held:
                    raise TruncatedError("it ends within a record")
            part = self._held[self._at : self._at + left]
            self._at += len(part)
            left -= len(part)
            if is_kept:
                parts.append(part)
        return b"".join(parts)


def _read(name: str, content: Iterator[bytes], _given: Given, parse: Callable[[bytes], Parsed]) -> Iterator[Block]:
    reader, found, number = _Reader(content), False, 0
    filling = Filling(name, "answers of APIs (WARC)")
    try:
        while head := reader.head():
            number += 1
            length = _LENGTH.search(head)
            if length is None:
                raise TruncatedError(f"record {number} does not say how long it is")
            is_answer = _IS_ANSWER.search(head) is not None
            is_too_large = is_answer and int(length[1]) > _ANSWER_BYTES
            body = reader.body(int(length[1]), is_kept=is_answer and not is_too_large)
            if is_too_large:
                filling.fault(number, head, PostError("too-large", f"an answer of more than {_ANSWER_BYTES >> 20} MiB"))
            for item in JsonValues([_said(body)], PAGE_BYTES, lambda _: False) if is_answer else ():
                if item.fault:
                    break
                with suppress(PostError):  # most of what an API answers is something else
                    filling.answer(number, item.raw, parse(item.raw))
            found = found or filling.records > 0
            if filling.block.posts:
                yield filling.in_order_of_time()
                filling = Filling(name, filling.block.how)
    except TruncatedError as error:
        filling.fault(number, b"", PostError("truncated", str(error)))
        found = True
    if not found:
        filling.fault(1, b"", PostError("invalid", "this is a WARC of web pages: take the posts out of it first"))
    yield filling.in_order_of_time()


def _said(answer: bytes) -> bytes:
    """The JSON in an answer of HTTP, as it was before it was packed for the way; nothing where it is something else."""
    end = _END_OF_HEAD.search(answer[:_HEAD_BYTES]) if answer.startswith(b"HTTP/") else None
    head, body = (answer[: end.start()], answer[end.end() :]) if end else (b"", answer)
    if _IS_CHUNKED.search(head):
        body = b"".join(_chunks(body))
    if _IS_PACKED.search(head):
        with suppress(zlib.error):
            body = zlib.decompressobj(wbits=47).decompress(body, _ANSWER_BYTES)
    return body if body.lstrip()[:1] in (b"{", b"[") else b""


def _chunks(body: bytes) -> Iterator[bytes]:
    at = 0
    while (size := _CHUNK.match(body, at)) is not None and (length := int(size[1], 16)):
        yield body[size.end() : size.end() + length]
        at = size.end() + length + 2
    if at == 0:
        yield body  # it was put together already


DOCUMENTS = (Document("warc", lambda _, head: head.startswith(b"WARC/"), _read),)
