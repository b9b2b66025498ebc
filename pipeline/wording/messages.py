"""Messages with places for values: a small part of ICU MessageFormat, parsed once and then filled in.

`{name}` is a text or a whole number; `{name, TYPE}` and `{name, TYPE, STYLE}` a value that a formatter writes;
`{name, plural, one {# post} other {# posts}}` is chosen by number, with `#` for it, and
`{name, select, a {...} other {...}}` by text, with true and false for truths. There is no quoting: braces always mean a
place. The pages' scripts read the same messages (static/messages.js).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

Values = Mapping[str, Any]
Message = Callable[[Values, "Formats"], str]
_MARK = re.compile(r"[{}#]")
_HEAD = re.compile(r"\{\s*(\w+)\s*(?:,\s*(\w+)\s*(?:,\s*([^{},]*?)\s*)?)?([},{])")
_CASE = re.compile(r"\s*(\w+)\s*\{")


class MessageError(ValueError):
    """A text is no message: what is wrong, and where."""


class Formats(Protocol):
    """What a language does with values."""

    def plain(self, value: Any) -> str:
        """A text as it is, a number as people write it."""

    def of_type(self, kind: str, value: Any, style: str) -> str:
        """A value of a type, in a style (empty: none)."""

    def plural(self, number: int) -> str:
        """Which form a number takes: one, few, other..."""


def parse(text: str) -> Message:
    """The message. Raises MessageError."""
    message, end = _sequence(text, 0, "", nested=False)
    if end != len(text):
        raise MessageError(f"{text!r}: a brace is closed at {end} that was not opened")
    return message


def _sequence(text: str, at: int, counted: str, *, nested: bool) -> tuple[Message, int]:
    """Up to the brace that closes it, or the end. `counted`: what `#` stands for; empty: for itself."""
    parts: list[str | Message] = []
    while (mark := _MARK.search(text, at)) is not None:
        parts.append(text[at : mark.start()])
        at = mark.end()
        if mark[0] == "}":
            at = mark.start()
            break
        if mark[0] == "#":
            parts.append(partial(_plain, counted) if counted else "#")
        else:
            part, at = _place(text, mark.start(), counted)
            parts.append(part)
    else:
        if nested:
            raise MessageError(f"{text!r}: a brace is not closed")
        parts.append(text[at:])
        at = len(text)
    return partial(_joined, tuple(part for part in parts if part != "")), at


def _place(text: str, at: int, counted: str) -> tuple[Message, int]:
    head = _HEAD.match(text, at)
    if head is None:
        raise MessageError(f"{text!r}: no place for a value at {at}")
    name, kind, style, mark = head.groups()
    if kind in ("plural", "select"):
        if mark == "}" or (style and mark == ","):
            raise MessageError(f"{text!r}: {name} has no cases")
        begin = text.index(",", text.index(kind, text.index(name, at) + len(name)))
        cases, end = _cases(text, begin + 1, name if kind == "plural" else counted)
        return partial(_chosen, name, kind == "plural", cases), end
    if mark != "}":
        raise MessageError(f"{text!r}: {name} is not closed")
    return (partial(_typed, name, kind, style or "") if kind else partial(_plain, name)), head.end()


def _cases(text: str, at: int, counted: str) -> tuple[dict[str, Message], int]:
    cases: dict[str, Message] = {}
    while (case := _CASE.match(text, at)) is not None:
        cases[case[1]], at = _sequence(text, case.end(), counted, nested=True)
        at += 1
    rest = re.compile(r"\s*\}").match(text, at)
    if rest is None or "other" not in cases:
        raise MessageError(f"{text!r}: cases end with a brace, and one of them is `other`")
    return cases, rest.end()


def _joined(parts: tuple[str | Message, ...], values: Values, formats: Formats) -> str:
    return "".join([part if isinstance(part, str) else part(values, formats) for part in parts])


def _plain(name: str, values: Values, formats: Formats) -> str:
    return formats.plain(values[name])


def _typed(name: str, kind: str, style: str, values: Values, formats: Formats) -> str:
    return formats.of_type(kind, values[name], style)


def _chosen(name: str, counts: bool, cases: dict[str, Message], values: Values, formats: Formats) -> str:
    value = values[name]
    told = str(value).lower() if isinstance(value, bool) else str(value)
    case = formats.plural(int(value)) if counts else told
    return (cases.get(case) or cases["other"])(values, formats)
