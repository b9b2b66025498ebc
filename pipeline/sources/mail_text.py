"""What a person wrote in a mail: without what is quoted and signed. Hostile headers cost no more than others."""

from __future__ import annotations

import codecs
import email.policy
import re
from collections.abc import Iterator
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage, Message
from email.parser import BytesParser
from typing import cast

from mailparser_reply.parser import EmailMessage as Mail

from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.mail_quotes import own_words

MOST_TEXT = 10_000  # characters
_LANGUAGES = ["en", "fr", "de", "es", "it", "nl", "pl", "pt"]
_SIGNED = re.compile(r"^-- ?$", re.MULTILINE)
_HEADER = 1_000  # characters of a header's value that are read
_LOOSE = ("utf-8", "ascii", "iso8859-1")  # what programs say of which they know nothing better
_parser = BytesParser(EmailMessage, policy=email.policy.compat32)  # the newer policy takes seconds over a long From


def message_of(raw: bytes) -> EmailMessage:
    """The mail, whatever it holds."""
    return cast(EmailMessage, _parser.parsebytes(raw))


def header(message: Message, name: str) -> str:
    """The value of a header as it was sent; '' where there is none."""
    found = next((value for told, value in message.raw_items() if told.lower() == name.lower()), "")
    return characters(str(found)[:_HEADER].encode("utf-8", "surrogateescape")).strip()


def decoded(value: str) -> str:
    """A header's value for people.

    >>> decoded("=?utf-8?q?=C3=A9t=C3=A9?= indien")
    'été indien'
    """
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def written(message: EmailMessage) -> str:
    """What the sender wrote: no quotation, no signature. May raise what the standard library does over broken parts."""
    text = own_words(_body(message)[: 2 * MOST_TEXT])
    text = text[: signed.start()] if (signed := _SIGNED.search(text)) else text
    found = Mail(text=text, languages=list(_LANGUAGES), keep_hyphen_lists=True).read()
    newest = found.replies[0].body if found.replies else text
    lines = [line.rstrip() for line in newest.split("\n") if not line.lstrip().startswith(">")]
    return "\n".join(lines).strip()[:MOST_TEXT]


def parts_of(message: Message) -> Iterator[Message]:
    """The parts of a mail that are no attachments, and no mails themselves."""
    if header(message, "Content-Disposition").lower().startswith("attachment"):
        return
    if message.get_content_maintype() == "multipart" and message.is_multipart():
        for part in cast(list[Message], message.get_payload()):
            yield from parts_of(part)
    else:
        yield message


def _body(message: EmailMessage) -> str:
    """The first part that says something: in plain text, else in HTML."""
    parts = list(parts_of(message))
    for kind in "text/plain", "text/html":
        for part in parts:
            if part.get_content_type() == kind and (text := _text(part)).strip():
                return text
    return ""


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    text = characters(content, part.get_content_charset() or "us-ascii")
    return text_of(text[: 8 * MOST_TEXT]) if part.get_content_subtype() == "html" else text


def characters(content: bytes, charset: str = "utf-8") -> str:
    """The text of bytes that are said to be in a charset. Where that says little, they are UTF-8, which may be cut at
    its end; what is none is of a Western Windows.

    >>> characters("été".encode(), "us-ascii"), characters("été".encode("latin-1"))
    ('été', 'été')
    """
    try:
        if codecs.lookup(charset).name not in _LOOSE:
            return content.decode(charset, errors="replace")
    except LookupError:
        pass
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(content)
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")
