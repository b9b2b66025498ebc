"""The post that a provider's request is: its sender a keyed hash and a name that betrays nobody, before anything else.

Replies to senders do not exist here: what a provider gets is a status, and for Twilio an empty answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from pipeline.sources.live.mail import item_of
from pipeline.sources.mail_text import characters
from pipeline.sources.senders import Senders
from pipeline.sources.webhooks.came import Came, charsets_of
from schemas import Post, PostError, parse_time
from schemas.posts import checked
from schemas.webhooks import Webhook

MOST_TEXT = 10_000
MOST_PARTS = 20
_SECONDS_BELOW = 100_000_000_000  # as ms that is 1973


class NoPostError(Exception):
    """What came will never be a post; the provider need not bring it again."""


class Part(NamedTuple):
    """A piece of a long SMS: of which, the how manieth, of how many."""

    of: str
    number: int
    total: int


class Brought(NamedTuple):
    """The post, and where it is a piece of a longer one, which."""

    post: Post
    part: Part | None = None


def brought(hook: Webhook, came: Came, senders: Senders, now_ms: int) -> Brought:
    """Raises NoPostError."""
    try:
        if hook.kind == "twilio":
            return _sms(hook, senders, came.text("From"), came.text("Body"), came.text("MessageSid"), now_ms)
        if hook.kind == "vonage":
            return _vonage(hook, senders, came, now_ms)
        if hook.kind == "custom":
            return _custom(hook, senders, came, now_ms)
        return Brought(_mail(hook, came, senders, now_ms))
    except PostError as error:
        raise NoPostError(str(error)) from None


def joined(parts: Mapping[int, Post], of: str, senders: Senders) -> Post:
    """The long SMS that all of its pieces make."""
    pieces = [parts[number] for number in sorted(parts)]
    text = "".join(piece.text for piece in pieces).strip()[:MOST_TEXT]
    return msgspec.structs.replace(pieces[0], id=senders.reference(f"long {pieces[0].author} {of}"), text=text)


def _sms(hook: Webhook, senders: Senders, number: str, text: str, id_: str, now_ms: int) -> Brought:
    if not number.strip() or not id_:
        raise NoPostError("no sender, or no id")
    author, shown = senders.phone(number)
    return Brought(_post(hook, senders.reference(f"{hook.name} {id_}"), author, shown, text, now_ms, "sms"))


def _vonage(hook: Webhook, senders: Senders, came: Came, now_ms: int) -> Brought:
    text, part = came.text("text"), _part(came)
    found = _sms(
        hook, senders, came.text("msisdn"), "-" if part and not text.strip() else text, came.text("messageId"), now_ms
    )
    if part is not None:
        found.post.text = text[:MOST_TEXT]  # with the blanks at its ends
    return Brought(found.post, part)


def _part(came: Came) -> Part | None:
    of, number, total = came.text("concat-ref"), came.text("concat-part"), came.text("concat-total")
    if came.text("concat").lower() not in ("true", "1") or not (of and number.isdecimal() and total.isdecimal()):
        return None
    part = Part(of[:64], int(number[:3]), int(total[:3]))
    return part if 1 <= part.number <= part.total <= MOST_PARTS else None


def _custom(hook: Webhook, senders: Senders, came: Came, now_ms: int) -> Brought:
    found = {name: _at(came.told, path) for name, path in hook.fields.items()}
    sender, text = found.get("author", ""), found.get("text", "")
    if not sender.strip():
        raise NoPostError("no sender")
    author, shown = senders.phone(sender) if hook.senders == "sms" else senders.mail(sender)
    id_ = found.get("id") or f"{sender} {found.get('time', '')} {text}"
    reference = senders.reference(f"{hook.name} {id_}")
    post = _post(hook, reference, author, shown, text, now_ms, hook.senders)
    if said := found.get("time"):
        post.created = _moment(said)
    return Brought(post)


def _moment(said: str) -> int | None:
    """ms of seconds or ms since 1970, or RFC 3339."""
    try:
        if said.isascii() and said.isdigit():
            number = int(said[:16])
            return parse_time(number * 1_000 if number < _SECONDS_BELOW else number)
        return parse_time(said)
    except PostError:
        return None


def _at(told: Any, path: str) -> str:
    """What lies at `data.payload.text`, or under a name that is so written."""
    if isinstance(told, Mapping) and path in told:
        found: Any = told[path]
    else:
        found = told
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else ""


def _post(hook: Webhook, id_: str, author: str, shown: str, text: str, now_ms: int, source: str) -> Post:
    text = text.strip()[:MOST_TEXT]
    if not text:
        raise NoPostError("no text")
    events = [hook.event] if hook.event else None
    return checked(Post(id_, author, text, now_ms, source, author_name=shown, events=events))


def _mail(hook: Webhook, came: Came, senders: Senders, now_ms: int) -> Post:
    if hook.kind == "mailgun":
        mail = _made(_mailgun_headers(came), came.text("body-plain"), came.text("body-html"))
    elif hook.kind == "postmark":
        mail = _made(_postmark_headers(came), came.text("TextBody"), came.text("HtmlBody"))
    else:
        charsets = charsets_of(came)
        text, html = (_decoded(came, name, charsets) for name in ("text", "html"))
        head = _decoded(came, "headers", charsets).strip().encode("utf-8", "replace")
        mail = _made([], text, html, head)
    item = item_of(mail, senders, now_ms)
    if isinstance(item.content, PostError):
        raise NoPostError(str(item.content))
    if not isinstance(item.content, Post):
        raise NoPostError("nobody wrote it, or nothing")
    post = item.content
    post.created, post.time = int(post.time), now_ms
    post.events = [hook.event] if hook.event else None
    return post


def _mailgun_headers(came: Came) -> list[tuple[str, str]]:
    try:
        told = msgspec.json.decode(came.text("message-headers") or "[]", type=list[tuple[str, str]])
    except (msgspec.DecodeError, RecursionError):
        told = []
    return told or [("From", came.text("from") or came.text("sender")), ("Subject", came.text("subject"))]


def _postmark_headers(came: Came) -> list[tuple[str, str]]:
    headers = [("From", came.text("From")), ("Subject", came.text("Subject")), ("Date", came.text("Date"))]
    headers.append(("Message-ID", came.text("MessageID")))
    told = came.told.get("Headers")
    for one in told if isinstance(told, list) else ():
        if isinstance(one, dict) and str(one.get("Name", "")).lower() not in ("message-id", "from", "subject", "date"):
            headers.append((str(one.get("Name", "")), str(one.get("Value", ""))))
    return headers


def _decoded(came: Came, name: str, charsets: Mapping[str, str]) -> str:
    """A field of a multipart form in the charset that the provider says it has."""
    raw = came.raw.get(name)
    if raw is None:
        return came.text(name)
    return characters(raw, charsets.get(name, "utf-8"))


_OF_THE_BODY = ("content-type", "content-transfer-encoding", "mime-version", "content-disposition")


def _made(headers: list[tuple[str, str]], text: str, html: str, head: bytes = b"") -> bytes:
    """The mail again, with one part: the text, or where there is none the HTML."""
    lines = [_unfolded(line) for line in _logical(head)]
    for name, value in headers:
        lines.append(f"{''.join(name.split())}: {' '.join(value.split())}".encode("utf-8", "replace"))
    kept = [line for line in lines if line.partition(b":")[0].strip().lower().decode("latin-1") not in _OF_THE_BODY]
    if any(line.lower().startswith(b"content-type: multipart/report") for line in lines):
        kept.append(b"Auto-Submitted: auto-replied")  # a bounce or a receipt, which is told by its parts alone
    kind = b"plain" if text.strip() or not html else b"html"
    kept += [b"Content-Type: text/" + kind + b"; charset=utf-8", b"Content-Transfer-Encoding: 8bit"]
    return b"\n".join(kept) + b"\n\n" + (text if kind == b"plain" else html).encode("utf-8", "replace")


def _logical(head: bytes) -> list[bytes]:
    """The header lines, each with its continuations."""
    found: list[bytes] = []
    for line in head.splitlines():
        if line[:1] in (b" ", b"\t") and found:
            found[-1] += b" " + line.strip()
        elif b":" in line:
            found.append(line)
    return found


def _unfolded(line: bytes) -> bytes:
    return b" ".join(line.split())
