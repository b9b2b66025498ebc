"""Stack Exchange's dumps: questions, answers and comments, a row of XML each; the other tables hold no posts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from xml.etree import ElementTree

from pipeline.sources.archives.block import Block, Document, Filling
from pipeline.sources.archives.formats.base import PAGE_BYTES, Given, One, Parsed, build, declared
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.lines import blocks
from schemas import PostError

_ROOT = re.compile(
    rb"\s*(?:<\?xml[^>]*>\s*)?<(posts|comments|badges|posthistory|postlinks|tags|users|votes)>\s*<row ", re.IGNORECASE
)
_KINDS = ("1", "2")  # of posts: questions and answers, not what describes tags or moderators
_AUTHORS = ("OwnerUserId", "UserId", "OwnerDisplayName", "UserDisplayName")
_TAG = re.compile(r"[^<>|\s]+")


def _knows(_name: str, head: bytes) -> bool:
    return _ROOT.match(head) is not None


def _read(name: str, content: Iterator[bytes], given: Given, _parse: Callable[[bytes], Parsed]) -> Iterator[Block]:
    how = "Stack Exchange, a row a line"
    for part in blocks(content, PAGE_BYTES):
        filling = Filling(name, how)
        for number, row in filling.lines_of(part, PAGE_BYTES):
            if row.lstrip().startswith(b"<row "):
                filling.add(number, row, lambda row: _post(row, given))
        yield filling.block


def _post(row: bytes, given: Given) -> One:
    """The question, answer or comment in a row; None for a row of another table, or of nobody."""
    try:
        fields = ElementTree.fromstring(row).attrib  # noqa: S314 - of one element no document type can stand before
    except ElementTree.ParseError as error:
        raise PostError("invalid", f"no sound row of XML: {error}") from None
    is_comment = "Text" in fields and "PostId" in fields
    if not is_comment and ("Body" not in fields or fields.get("PostTypeId") not in _KINDS):
        return None
    author = next((fields[key] for key in _AUTHORS if fields.get(key)), given.author or "")
    if not author:
        return None
    text = fields["Text"] if is_comment else text_of(fields["Body"])
    title = fields.get("Title", "")
    tags = _TAG.findall(fields.get("Tags", ""))
    return build(
        f"{'comment' if is_comment else 'post'}/{fields.get('Id', '')}",
        author,
        f"{title}\n\n{text}" if title else text,
        given.clock.ms(fields.get("CreationDate", "")),
        source="stackexchange",
        tags=declared(f"#{tag}" for tag in tags),
    )


DOCUMENTS = (Document("stack-exchange", _knows, _read),)
