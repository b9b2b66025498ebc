"""JSON that others wrote, read so that a character that is wrong costs itself, and a record costs no other.

The record stays bytes, of which decoders take parts as they are; `archives.mend` does the same for a record that it has
to take apart anyway, `archives.streams` for halves that stand in a file as bytes.
"""

from __future__ import annotations

import codecs
import re
from typing import TypeVar

import msgspec

from schemas import PostError
from schemas.posts import decoded

T = TypeVar("T")
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def whole_characters(raw: bytes) -> bytes:
    r"""JSON without a byte order mark, and with U+FFFD where half of a character is escaped: who cuts a text after so
    many UTF-16 units, as JavaScript does, leaves one.

    >>> whole_characters(rb'"\ud83d! \ud83d\ude00 \\ud83d"')
    b'"\\ufffd! \\ud83d\\ude00 \\\\ud83d"'
    """
    return _ESCAPE.sub(lambda escape: rb"\ufffd" if escape[1] else escape[0], raw.removeprefix(codecs.BOM_UTF8))


def sound_json(raw: bytes) -> bytes:
    """`whole_characters` of what may hold bytes that are no UTF-8: each of those is U+FFFD, too."""
    return whole_characters(raw.decode(errors="replace").encode())


def read_json(decoder: msgspec.json.Decoder[T], raw: bytes) -> T:
    """The record as the decoder's type, with U+FFFD for what is no character. Raises PostError, and nothing else."""
    try:
        return decoded(decoder, raw)
    except PostError:
        return decoded(decoder, sound_json(raw))
