"""Where what a mail quotes begins: below the line that says who wrote it, or the headers of another mail.

The library that reads replies knows most of it; here is what it leaves in: lines that a mail program has broken,
separators and headers in other languages, forwarded mails. They name other people, and their addresses.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_BEGINS = ("le ", "on ", "am ", "el ", "il ", "op ", "w dniu ", "em ", "den ")
_WROTE = (
    *("a écrit", "wrote", "schrieb", "escribió", "ha scritto", "schreef", "napisał", "escreveu", "skrev"),
    "geschreven",
)
_ATTRIBUTION_LINES, _ATTRIBUTION_CHARS = 3, 400
_FROM = ("de", "from", "von", "da", "van", "od", "från", "fra", "expéditeur")
_SUBJECT = ("objet", "subject", "sujet", "betreff", "oggetto", "onderwerp", "asunto", "assunto", "temat", "ämne")
_OTHERS = (
    *("envoyé", "sent", "gesendet", "inviato", "verzonden", "enviado", "enviada em", "wysłano", "skickat"),
    *("date", "datum", "data", "fecha", "à", "a", "to", "an", "aan", "para", "do", "till", "pour", "cc", "copie à"),
    *("envoyé le", "répondre à", "reply-to", "gesendet am"),
)
_HEADERS = frozenset((*_FROM, *_SUBJECT, *_OTHERS))
_HEADER_LINES = 8  # within which the headers of a quoted mail lie, some of them broken
_ORIGINAL = re.compile(
    r"-{3,} ?(?:message d['’]origine|(?:message|mail|e-mail) original|message (?:transféré|réexpédié)|original message"
    r"|forwarded message|ursprüngliche nachricht|weitergeleitete nachricht|mensaje (?:original|reenviado)"
    r"|messaggio (?:originale|inoltrato)|oorspronkelijk bericht|doorgestuurd bericht|mensagem (?:original|encaminhada)"
    r"|wiadomość oryginalna) ?-{3,}",
    re.IGNORECASE,
)
_ABOVE = re.compile(r"[-_]{5,}|(?:début du message|begin forwarded)[^:]{0,60}:", re.IGNORECASE)
_BY_A_PROGRAM = re.compile(
    r"(?:envoyé (?:de (?:mon|ma|yahoo|outlook)|depuis|à partir d|avec (?:la messagerie|proton|yahoo|mailo))"
    r"|sent (?:from|with|via) |gesendet (?:von|mit) |enviado d(?:esde|o) |inviato da |verzonden (?:met|vanaf) "
    r"|(?:télécharge[rz]|obtenez|get|hol(?:en sie sich)?) outlook |provenance : courrier)[^\n]{0,120}",
    re.IGNORECASE,
)


def own_words(text: str) -> str:
    """The text without what is quoted below the writer's words and what their mail program wrote under them. Of an
    answer between quoted lines the answer.

    >>> own_words("Oui !\\n\\nLe lun. 3 mars 2025 à 10:12, Jean <jean@ex.example> a\\nécrit :\\n> Qui vient ?")
    'Oui !'
    """
    lines = text.replace("\r\n", "\n").split("\n")
    plain = [" ".join(line.replace("*", " ").split()) for line in lines]
    end, has_said = len(lines), False
    for at in range(len(lines)):
        if not plain[at] or plain[at].startswith(">"):
            continue
        count = _attribution(plain, at)
        if (count and has_said) or _ORIGINAL.fullmatch(plain[at]) or _heads(plain, at):
            end = at
            break
        lines[at : at + count] = plain[at : at + count] = [""] * count
        has_said = has_said or not count
    while end and _is_under_it(plain[end - 1]):
        end -= 1
    return "\n".join(lines[:end])


def _is_under_it(line: str) -> bool:
    """Whether a line below somebody's words is none of theirs: it is blank, quoted, separates or advertises."""
    return not line or line.startswith(">") or bool(_ABOVE.fullmatch(line) or _BY_A_PROGRAM.fullmatch(line))


def _attribution(plain: Sequence[str], at: int) -> int:
    """How many lines say who wrote what follows, and when; 0 where they say something else."""
    if not plain[at].lower().startswith(_BEGINS):
        return 0
    told = ""
    for count, line in enumerate(plain[at : at + _ATTRIBUTION_LINES], 1):
        told = f"{told} {line.lower()}"[:_ATTRIBUTION_CHARS]
        if told.endswith(":") and any(wrote in told for wrote in _WROTE) and any(map(str.isdecimal, told)):
            return count
    return 0


def _heads(plain: Sequence[str], at: int) -> bool:
    """Whether the headers of another mail begin here: its sender, its subject, and one more."""
    if _header(plain[at]) not in _HEADERS:
        return False
    names = set[str]()
    for line in plain[at : at + _HEADER_LINES]:
        if not line:
            break
        names.add(_header(line))
    told = names & _HEADERS
    return len(told) > 2 and not told.isdisjoint(_FROM) and not told.isdisjoint(_SUBJECT)


def _header(line: str) -> str:
    name, colon, _ = line.partition(":")
    return name.strip().lower() if colon and len(name) < 20 else ""
