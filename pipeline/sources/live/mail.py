"""A mail as a post: what its sender wrote, without what is quoted and signed, under a pseudonym."""

from __future__ import annotations

import re
from email.message import EmailMessage
from email.utils import parseaddr, parsedate_to_datetime

from pipeline.sources.archives.formats.base import build
from pipeline.sources.live.model import Item
from pipeline.sources.mail_text import decoded, header, message_of, parts_of, written
from pipeline.sources.senders import Senders
from schemas import PostError

MOST_BYTES = 256 << 10  # of a mail that are read; what is behind is an attachment
SOURCE = "mail"
_BY_A_MACHINE = ("X-Autoreply", "X-Autorespond", "X-Autoresponse", "X-Failed-Recipients")
_MACHINES = re.compile(
    r"(?:mailer-daemon|postmaster|microsoftexchange[0-9a-f]{3,}|(?:no|ne-?pas)-?(?:reply|repondre)|do-?not-?reply)@",
    re.IGNORECASE,
)
_AWAY = re.compile(
    r"(?:réponse automatique|absence du bureau|message d['’]absence|automatic reply|auto(?:matic)?[ -]?reply|autoreply"
    r"|out of (?:the )?office|automatische antwort|abwesenheitsnotiz|respuesta automática|risposta automatica"
    r"|automatisch antwoord|resposta automática|odpowiedź automatyczna|autosvar) ?(?::|$)",
    re.IGNORECASE,
)
_ANSWER = re.compile(r"\s*(re|fwd?|aw|wg|tr|rv|sv|vs|odp|rif)\s*:", re.IGNORECASE)


def item_of(raw: bytes, senders: Senders, now_ms: int) -> Item:
    """The post of a mail; a sign of life for what no person wrote (bounces, answers by machines)."""
    try:
        message = message_of(raw)
        if _by_a_machine(message):
            return Item()
        address = parseaddr(header(message, "From"))[1]
        if not address:
            return Item(PostError("invalid", "the mail has no sender"))
        author, shown = senders.mail(address)
        subject = " ".join(decoded(header(message, "Subject")).split())
        text = written(message)
        if subject and not _ANSWER.match(subject):
            text = subject if not text or text.startswith(subject) else f"{subject}\n{text}"
        if not text:
            return Item()
        return Item(
            build(
                senders.reference(header(message, "Message-ID") or f"{address} {_date(message, 0)} {text}"),
                author,
                text,
                _date(message, now_ms),
                source=SOURCE,
                author_name=shown,
            )
        )
    except PostError as error:
        return Item(error)
    except (ValueError, LookupError, AttributeError, TypeError) as error:  # the standard library on hostile headers
        return Item(PostError("invalid", f"the mail cannot be read ({type(error).__name__})"))


def _by_a_machine(message: EmailMessage) -> bool:
    """Bounces, receipts, answers of who is away, invitations of calendars, and what nobody reads answers to."""
    automatic, precedence = header(message, "Auto-Submitted").lower(), header(message, "Precedence").lower()
    if automatic not in ("", "no") or precedence in ("bulk", "junk", "auto_reply"):
        return True
    if header(message, "Return-Path") == "<>" or any(header(message, name) for name in _BY_A_MACHINE):
        return True
    subject = " ".join(decoded(header(message, "Subject")).split())
    if _MACHINES.match(parseaddr(header(message, "From"))[1]) or _AWAY.match(subject):
        return True
    if message.get_content_type() == "multipart/report":
        return True
    return any(part.get_content_type() == "text/calendar" and part.get_param("method") for part in parts_of(message))


def _date(message: EmailMessage, otherwise: int) -> int:
    try:
        return int(parsedate_to_datetime(header(message, "Date")).timestamp() * 1_000)
    except (TypeError, ValueError, OverflowError):
        return otherwise
