"""Unicode's normal forms in time that grows with the text alone."""

from __future__ import annotations

import unicodedata
from typing import Literal

import regex

# UAX #15 calls text stream-safe that has no longer run: no language comes near it. To order the marks of a letter
# takes the square of their number. The two halfwidth ones are letters that become marks.
MAX_MARKS = 30
MAX_LIGATURES = 256  # in a text; each stands for 18 letters
_LIGATURE = "\ufdfa"
_MARKS = regex.compile(rf"([\p{{M}}\uff9e\uff9f]{{{MAX_MARKS}}})[\p{{M}}\uff9e\uff9f]+")


def normalized(form: Literal["NFC", "NFD", "NFKC", "NFKD"], text: str) -> str:
    """The text in this form; of more than MAX_MARKS combining marks in a row the first ones, and of the one ligature
    that is a sentence none where there are more than MAX_LIGATURES.

    >>> normalized("NFC", "e\\u0301" + "\\u0301" * 100) == "é" + "\\u0301" * 29
    True
    """
    if text.isascii():
        return text
    if _LIGATURE in text and text.count(_LIGATURE) > MAX_LIGATURES:
        text = text.replace(_LIGATURE, "")
    return unicodedata.normalize(form, _MARKS.sub(r"\1", text))
