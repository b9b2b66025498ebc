"""Comments below articles, as Disqus exports them in XML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from xml.etree import ElementTree

from pipeline.sources.archives.block import Block, Document, Filling
from pipeline.sources.archives.formats.base import PAGE_BYTES, Given, One, Parsed, build, short
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.streams import TruncatedError
from schemas import PostError

_ROOT = re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?<disqus[\s>]")
_MARK = re.compile(rb"<post[ >]|</post>|<!\[CDATA\[")
_QUOTED_ENDS = re.compile(rb"\]\]>")
_MARK_BYTES = 8  # of one that may be cut at the end of what is held
_PREFIX = re.compile(r"\b(?:dsq|xsi):")


def _knows(_name: str, head: bytes) -> bool:
    return _ROOT.match(head) is not None


def _read(name: str, content: Iterator[bytes], given: Given, _parse: Callable[[bytes], Parsed]) -> Iterator[Block]:
    filling = Filling(name, "comments of Disqus")
    line = 1
    try:
        for passed, post in _posts(content):
            line += passed
            filling.add(line, post, partial(_post, given=given))
            line += post.count(b"\n")
    except TruncatedError as error:
        filling.fault(line, b"", PostError("truncated", str(error)))
    except PostError as error:
        filling.fault(line, b"", error)
    yield filling.in_order_of_time()


def _posts(content: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each comment, with how many lines lie between the one before and it."""
    held, at, passed = b"", 0, 0
    begin: int | None = None
    is_quoted = False  # what is said, in which any letters may stand
    for chunk in content:
        held += chunk
        while (mark := (_QUOTED_ENDS if is_quoted else _MARK).search(held, at)) is not None:
            at = mark.end()
            if is_quoted or mark[0].startswith(b"<!"):
                is_quoted = not is_quoted
            elif mark[0].startswith(b"<p"):
                begin = mark.start() if begin is None else begin
            elif begin is not None:
                yield passed + held.count(b"\n", 0, begin), held[begin:at]
                held, at, passed, begin = held[at:], 0, 0, None
        at = max(at, len(held) - _MARK_BYTES)
        if begin is None:
            passed += held.count(b"\n", 0, at)
            held, at = held[at:], 0
        elif len(held) > PAGE_BYTES:
            raise PostError("too-large", f"a comment of more than {PAGE_BYTES >> 20} MiB")
    if begin is not None:
        raise TruncatedError("the export ends within a comment")


def _post(post: bytes, given: Given) -> One:
    """The post in one comment; None where it was deleted or is spam."""
    try:
        # of one element no document type can stand before
        element = ElementTree.fromstring(_PREFIX.sub("", post.decode()))  # noqa: S314
    except (ElementTree.ParseError, UnicodeDecodeError) as error:
        raise PostError("invalid", f"no sound comment: {error}") from None

    def said(path: str) -> str:
        return element.findtext(path) or ""

    if "true" in (said("isDeleted"), said("isSpam")):
        return None
    return build(
        element.get("id", ""),
        said("author/username") or said("author/name"),
        text_of(said("message")),
        given.clock.ms(said("createdAt")),
        source="disqus",
        author_name=short(said("author/name")),
    )


DOCUMENTS = (Document("disqus", _knows, _read),)
