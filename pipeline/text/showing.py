"""A post's text made safe for a terminal or a log line: one line, nothing that moves the cursor or turns the text."""

from __future__ import annotations

import unicodedata

import regex

REPLACEMENT = "\ufffd"
ELLIPSIS = "…"
MAX_SHOWN = 1_000  # characters of a post on a screen; none looks behind twice as many of what was written
_MAX_MARKS = 4  # on one letter; real languages need fewer, and a tower of them smears over the lines beside

_NOT_TEXT = regex.compile(r"[\p{Cc}\p{Cs}\p{Co}\p{Cn}]+")
_INVISIBLE = regex.compile(
    r"""(
        \N{WAVING BLACK FLAG}[\U000E0020-\U000E007E]{1,6}\U000E007F               # a nation's flag
        | (?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f]) \u200d (?=\p{Extended_Pictographic})
        | (?<=\p{Emoji}) [\ufe0e\ufe0f]
        | (?<=[\p{L}\p{M}--[\p{Latin}\p{Default_Ignorable_Code_Point}]])                # forms letters of many scripts
          [\u200c\u200d](?=[\p{L}--[\p{Latin}\p{Default_Ignorable_Code_Point}]])
    ) | [\p{Cf}\p{Default_Ignorable_Code_Point}]""",
    regex.VERBOSE | regex.VERSION1,
)
_STRAY_MARKS = regex.compile(rf"^[\p{{M}} ]+|(\p{{M}}{{{_MAX_MARKS}}})\p{{M}}+")
_CLUSTER = regex.compile(r"\X")
_PRIVATE_SOURCES = frozenset({"sms", "mail", "email"})
_NETWORKS = frozenset({"twitter", "mastodon", "bluesky"})  # whose accounts may be known by their digits alone
_PSEUDONYM = regex.compile(r"(?:sms|mail|web)-[0-9a-f]{32}")  # as pipeline.sources.senders makes them
_NUMBER = regex.compile(r"\+?[0-9][0-9 ().\-/]{5,}")


def is_pseudonym(account: str) -> bool:
    """Whether an account is the keyed hash that somebody without an account is: it means nothing to people."""
    return _PSEUDONYM.fullmatch(account) is not None


def shown_account(account: str, source: str) -> str:
    """An account as everybody may see it: safe to show, and of who wrote by SMS or mail no number and no address.

    `source` as source_name gives it. A number of another source is one all the same, but for an account that a network
    knows by its digits. Of a pseudonym there is nothing to show.

    >>> shown_account("+33 6 12 34 56 78", "sms"), shown_account("ann@mail.example", "mail")
    ('•••78', 'a•••')
    >>> shown_account("2244994945", "twitter"), shown_account("2244994945", "form")
    ('2244994945', '•••45')
    >>> shown_account("ann@toot.example", "mastodon"), shown_account("ann", "sms")
    ('ann@toot.example', 'ann')
    >>> shown_account("web-" + "3f" * 16, "web")
    ''
    """
    account = printable(account)
    if is_pseudonym(account):
        return ""
    if source in _PRIVATE_SOURCES and "@" in account:
        return f"{account[0]}•••"
    is_number = _NUMBER.fullmatch(account) and not (source in _NETWORKS and account.isdigit())
    if is_number or (source in _PRIVATE_SOURCES and sum(map(str.isdigit, account)) > 5):
        return f"•••{account[-2:]}"
    return account


def printable(text: str, width: int | None = None) -> str:
    """A text safe to show: on one line, cut at a display width (columns), an ellipsis at the cut.

    White space becomes single spaces. Control characters (escape sequences lose their ESC), lone surrogates and code
    points that are no text become U+FFFD. Invisible format characters, bidi overrides and isolates among them, are
    removed, but for the joiners inside emoji and between letters of scripts that need them.

    >>> printable("a\\x1b[31mred\\n\\u202ealert"), printable("こんにちは世界", 9)
    ('a�[31mred alert', 'こんにち…')
    """
    if not (text.isascii() and text.isprintable()):
        text = _NOT_TEXT.sub(REPLACEMENT, " ".join(text.split()))
        text = _STRAY_MARKS.sub(r"\1", " ".join(_INVISIBLE.sub(r"\1", text).split()))
    if width is None or len(text) * 2 <= width:
        return text
    return cut(text, width)


def cut(text: str, width: int) -> str:
    """A text that is safe already, cut at a display width (columns), an ellipsis at the cut."""
    if text.isascii():
        return text if len(text) <= width else text[: max(width - 1, 0)] + ELLIPSIS[:width]
    columns = 0
    fits = 0  # characters before the ellipsis, if one is needed
    for cluster in _CLUSTER.finditer(text):
        columns += _columns(cluster[0])
        if columns > width:
            return text[:fits] + ELLIPSIS if width > 0 else ""
        if columns < width:
            fits = cluster.end()
    return text


def _columns(cluster: str) -> int:
    """Columns of a grapheme cluster, as the terminal counts that shows most: joined emoji one beside the other."""
    columns = 0
    for character in cluster:
        if character == "\ufe0f":
            columns += 1  # emoji presentation makes a narrow sign wide
        elif unicodedata.east_asian_width(character) in "WF":
            columns += 2
        elif not unicodedata.combining(character) and unicodedata.category(character) not in ("Mn", "Me", "Cf"):
            columns += 1
    return columns
