"""A provider's request as data: its address, headers, and the fields of its form, query or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from pipeline.sources.lenient import whole_characters
from pipeline.sources.mail_text import characters

MOST_FIELDS = 500
FORM, MULTIPART, JSON = "application/x-www-form-urlencoded", "multipart/form-data", "application/json"


class UnreadableError(Exception):
    """The body is not what its header says."""


@dataclass(frozen=True)
class Came:
    """`url` is the address that the provider was told, with its query as it was sent; `form` holds the pairs of a form
    in their order, `told` the same or the JSON or the query as one value a name."""

    url: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes = b""
    query: Sequence[tuple[str, str]] = ()
    form: Sequence[tuple[str, str]] = ()
    raw: Mapping[str, bytes] = field(default_factory=dict)  # of a multipart form: values before any charset
    told: Mapping[str, Any] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """A field as text; '' where there is none, or where it is no text or number."""
        value = self.told.get(name, "")
        return str(value) if isinstance(value, str | int | float) else ""


def came_of(url: str, headers: Mapping[str, str], body: bytes) -> Came:
    """Raises UnreadableError."""
    query = _pairs(url.partition("?")[2])
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if not body:
            return Came(url, headers, body, query, told=dict(query))
        if kind == JSON:
            told = msgspec.json.decode(whole_characters(body))
            if not isinstance(told, dict):
                raise UnreadableError("the body is no JSON object")
            return Came(url, headers, body, query, told=told)
        if kind == FORM:
            form = _pairs(body.decode("utf-8", "surrogateescape"))
            return Came(url, headers, body, query, form, told=dict(form))
        if kind == MULTIPART:
            raw = _parts(headers["content-type"], body)
            form = [(name, characters(value)) for name, value in raw.items()]
            return Came(url, headers, body, query, form, raw, dict(form))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError, LookupError) as error:
        raise UnreadableError(f"the body is no {kind}: {type(error).__name__}") from None
    raise UnreadableError("the body is neither a form nor JSON")


def _pairs(text: str) -> list[tuple[str, str]]:
    """Of a form or a query, in UTF-8 or in Windows' letters, as gateways of SMS write them at times."""
    pairs = parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=MOST_FIELDS)
    return [(_read(name), _read(value)) for name, value in pairs]


def _read(text: str) -> str:
    return characters(text.encode("utf-8", "surrogateescape"))


def _parts(content_type: str, body: bytes) -> dict[str, bytes]:
    """The fields of a form that are no files."""
    told = content_type.encode("ascii", "replace").replace(b"\r", b"").replace(b"\n", b"")
    parsed = BytesParser(policy=compat32).parsebytes(b"Content-Type: " + told + b"\r\n\r\n" + body)
    parts = parsed.get_payload()
    if not isinstance(parts, list) or len(parts) > MOST_FIELDS:
        raise ValueError
    found: dict[str, bytes] = {}
    for part in parts:
        if not isinstance(part, Message) or part.is_multipart():
            continue
        name = part.get_param("name", header="content-disposition")
        value = part.get_payload(decode=True)
        if isinstance(name, str) and part.get_filename() is None and isinstance(value, bytes):
            found[name] = value
    return found


def charsets_of(came: Came) -> dict[str, str]:
    """The charset of each field, as SendGrid tells them in a field of its own."""
    try:
        told = json.loads(came.told.get("charsets", "{}"))
    except (ValueError, TypeError, RecursionError):
        return {}
    return {str(name): str(charset) for name, charset in told.items()} if isinstance(told, dict) else {}
