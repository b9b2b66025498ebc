"""Texts in the encodings of old, which nothing in a file tells: read as whoever has them says."""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Iterator
from contextlib import suppress

from pipeline.sources.archives.streams import beginning

# what programs of Windows write under these names, as browsers take them too
_WIDER = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "big5": "cp950",
    "iso8859-1": "cp1252",
    "iso8859-9": "cp1254",
    "tis-620": "cp874",
}
_TELL_THEMSELVES = (b"<", b"From ")  # XML and mails say in what they are written
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
_ENOUGH = 3  # letters, of which all were encoded twice
_AS_BYTES = {ord(bytes([at]).decode("cp1252", "ignore") or chr(at)): at for at in range(0x80, 0xA0)}
_OF_OLD = ("mac_roman", "cp850", "cp437")  # what Excel on a Mac and consoles of DOS take bytes for
_LONGEST = 32 << 20  # bytes without the end of a line


def encoding_named(name: str) -> str:
    """The encoding that a name such as `windows-1251` or `Shift_JIS` means; raises ValueError with a sentence."""
    try:
        known = codecs.lookup(name).name
        has_lines = "\n".encode(known) == b"\n" and b"\xe9".decode(known, "replace") != ""
    except (LookupError, ValueError, TypeError):
        has_lines = False
    if not has_lines:
        raise ValueError(
            f"{name[:40]!r} is no encoding that is read; use windows-1252, windows-1251, gbk, shift_jis, ..."
        )
    return _WIDER.get(known, known)


def decoded(content: Iterator[bytes], encoding: str | None) -> Iterator[bytes]:
    """A content as UTF-8: lines that are no UTF-8 are of this encoding. What is no letter there becomes U+FFFD.

    Where no encoding is told, and all letters of the beginning were encoded twice, they are decoded once more.

    >>> b"".join(decoded(iter(["1;чай\\n".encode("cp1251"), "2;thé\\n".encode()]), "cp1251")).decode()
    '1;чай\\n2;thé\\n'
    """
    head, content = beginning(content, 5)
    if head.startswith(_TELL_THEMSELVES) or (encoding is None and not _is_twice(head)):
        yield from content
        return
    again = functools.partial(_lines, encoding=encoding) if encoding else _once
    held = b""
    for chunk in content:
        held += chunk
        end = held.rfind(b"\n") + 1 or (len(held) if len(held) > _LONGEST else 0)
        if end:
            yield again(held[:end])
            held = held[end:]
    if held:
        yield again(held)


def _is_twice(head: bytes) -> bool:
    """Whether a content seems to be UTF-8 that a program took for Windows-1252 or an older set, and encoded again."""
    try:
        runs = [] if head.isascii() else _BEYOND_ASCII.findall((head.rpartition(b"\n")[0] or head).decode())
    except UnicodeDecodeError:
        return False
    return len(runs) >= _ENOUGH and all(_decoded_again(run) != run for run in runs)


def _once(content: bytes) -> bytes:
    """What was encoded twice, encoded once."""
    try:
        return _BEYOND_ASCII.sub(lambda run: _decoded_again(run[0]), content.decode()).encode()
    except UnicodeDecodeError:
        return content


def _decoded_again(run: str) -> str:
    """Letters beyond ASCII as what their bytes in Windows-1252 or older sets mean; themselves where these mean nothing.

    >>> _decoded_again("Ã©"), _decoded_again("â€™"), _decoded_again("ðŸ˜€"), _decoded_again("é")
    ('é', '’', '😀', 'é')
    >>> _decoded_again("√©"), _decoded_again("‚Äô"), _decoded_again("├®"), _decoded_again("√")
    ('é', '’', 'é', '√')
    """
    with suppress(UnicodeError):
        return run.translate(_AS_BYTES).encode("latin-1").decode()
    for letters in _OF_OLD:
        with suppress(UnicodeError):
            return run.encode(letters).decode()
    return run


def _lines(content: bytes, encoding: str) -> bytes:
    if _is_utf8(content):
        return content
    return b"\n".join(
        line if _is_utf8(line) else line.decode(encoding, "replace").encode(errors="replace")
        for line in content.split(b"\n")
    )


def _is_utf8(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return b"\x1b" not in content  # which switches letters where seven bits have to do
