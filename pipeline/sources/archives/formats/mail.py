"""Messages of mailing lists and news groups: mbox files, the files of a Maildir, and single messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from pipeline.sources.archives.batches import RAW_BYTES
from pipeline.sources.archives.block import Block, Document, Filling, too_large
from pipeline.sources.archives.formats.base import HIDDEN, PAGE_BYTES, Given, Hidden, Parsed, build, short
from pipeline.sources.archives.lines import Overlong, blocks
from schemas import Post, PostError

_FROM = re.compile(rb"From (?:(?:\S+|.*@.*) .*\d{4}|-?\d{9,20}\s*$)")  # the line between the messages of an mbox
_HEADER = re.compile(rb"[A-Za-z][A-Za-z0-9-]{0,63}:(?: |\t|\r?$)")
# what tells that a message went to somebody; and what lists and groups write above theirs
_TO_SOMEBODY = ("To", "Cc", "Bcc", "Delivered-To", "X-Gmail-Labels", "X-GM-THRID")
_TO_ALL = (
    *("List-Id", "List-Post", "List-Archive", "List-Subscribe", "Mailing-List", "X-Mailing-List", "X-Mailman-Version"),
    *("Newsgroups", "X-BeenThere", "X-Google-Group-Id", "Archived-At"),
)
_NEEDED = (re.compile(rb"^From:", re.MULTILINE | re.IGNORECASE), re.compile(rb"^Date:", re.MULTILINE | re.IGNORECASE))


def _knows(_name: str, head: bytes) -> bool:
    first = head.partition(b"\n")[0]
    if _FROM.match(first):
        return True
    headers = head.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    return _HEADER.match(first) is not None and all(need.search(headers) for need in _NEEDED)


def _read(name: str, content: Iterator[bytes], given: Given, _parse: Callable[[bytes], Parsed]) -> Iterator[Block]:
    held: list[bytes] = []
    begun = size = 0
    blank = True
    for part in blocks(content, PAGE_BYTES):
        filling = Filling(name, "mail")
        if isinstance(part, Overlong):
            filling.overlong(part, PAGE_BYTES)
            yield filling.block
            continue
        for number, row in enumerate(part.rows, part.first):
            row = row.removesuffix(b"\r")
            if blank and _FROM.match(row):
                _take(filling, begun, held, size, given)
                held, begun, size = [], number, 0
            else:
                begun = begun or number
                size += len(row)
                if size <= PAGE_BYTES:
                    held.append(row[1:] if row.startswith((b">From ", b">>From ")) else row)
            blank = not row
        if part.truncated:
            filling.fault(begun, b"\n".join(held)[:RAW_BYTES], PostError("truncated", part.truncated))
            held = []
        yield filling.block
    filling = Filling(name, "mail")
    _take(filling, begun, held, size, given)
    yield filling.in_order_of_time()


def _take(filling: Filling, line: int, rows: list[bytes], size: int, given: Given) -> None:
    if not any(rows):
        return
    raw = b"\n".join(rows)
    if size > PAGE_BYTES:
        filling.fault(line, raw, too_large(size, PAGE_BYTES))
        return
    try:
        filling.answer(line, raw, _post(raw, given))
    except PostError as error:
        filling.fault(line, raw, error)


def _post(raw: bytes, given: Given) -> Post | Hidden:
    from email.utils import parseaddr

    from pipeline.sources.mail_text import decoded, header, message_of, written  # what no other archive needs

    try:
        message = message_of(raw)
        date, subject = header(message, "Date"), " ".join(decoded(header(message, "Subject")).split())
        name, address = parseaddr(decoded(header(message, "From")))
        body = written(message)
        is_private = any(map(message.__contains__, _TO_SOMEBODY)) and not any(map(message.__contains__, _TO_ALL))
    except Exception as error:  # the library raises whatever broken messages make it stumble over
        raise PostError("invalid", f"no message: {str(error)[:80]}") from None
    if is_private:
        return HIDDEN
    if not date:
        raise PostError("time", "no time - at `Date`")
    return build(
        header(message, "Message-ID").strip("<>")[:256] or f"{address} {date}"[:256],
        (address or name)[:256],
        "\n\n".join(part for part in (subject, body) if part),
        given.clock.mail_ms(date, "Date"),
        source="mail",
        author_name=short(name),
    )


DOCUMENTS = (Document("mail", _knows, _read),)
