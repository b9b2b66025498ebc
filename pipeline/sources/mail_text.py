"""What a person wrote in a mail: without what is quoted and signed. Hostile headers cost no more than others."""

from __future__ import annotations

import email.policy
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.parser import BytesParser
from typing import cast

from mailparser_reply.parser import EmailMessage as Mail

from pipeline.sources.archives.formats.markup import text_of

MOST_TEXT = 10_000  # characters
_LANGUAGES = ["en", "fr", "de", "es", "it", "nl", "pl", "pt"]
_SIGNED = re.compile(r"^-- ?$", re.MULTILINE)
_HEADER = 1_000  # characters of a header's value that are read
_parser = BytesParser(EmailMessage, policy=email.policy.compat32)  # the newer policy takes seconds over a long From


def message_of(raw: bytes) -> EmailMessage:
    """The mail, whatever it holds."""
    return cast(EmailMessage, _parser.parsebytes(raw))


def header(message: EmailMessage, name: str) -> str:
    """The value of a header as it was sent; '' where there is none."""
    return str(message.get(name, ""))[:_HEADER].strip()


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
    text = _body(message).replace("\r\n", "\n")[: 2 * MOST_TEXT]
    text = text[: signed.start()] if (signed := _SIGNED.search(text)) else text
    found = Mail(text=text, languages=list(_LANGUAGES), keep_hyphen_lists=True).read()
    newest = found.replies[0].body if found.replies else text
    lines = [line.rstrip() for line in newest.split("\n") if not line.lstrip().startswith(">")]
    return "\n".join(lines).strip()[:MOST_TEXT]


def _body(message: EmailMessage) -> str:
    part = message.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    charset = part.get_content_charset() or "utf-8"
    try:
        text = content.decode(charset, errors="replace")
    except LookupError:
        text = content.decode("utf-8", errors="replace")
    return text_of(text[: 8 * MOST_TEXT]) if part.get_content_subtype() == "html" else text
