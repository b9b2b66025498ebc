"""Texts in the encodings of old, which nothing in a file tells: read as whoever has them says."""

from __future__ import annotations

import codecs
from collections.abc import Iterator

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

    >>> b"".join(decoded(iter(["1;чай\\n".encode("cp1251"), "2;thé\\n".encode()]), "cp1251")).decode()
    '1;чай\\n2;thé\\n'
    """
    if encoding is None:
        yield from content
        return
    head, content = beginning(content, 5)
    if head.startswith(_TELL_THEMSELVES):
        yield from content
        return
    held = b""
    for chunk in content:
        held += chunk
        end = held.rfind(b"\n") + 1 or (len(held) if len(held) > _LONGEST else 0)
        if end:
            yield _lines(held[:end], encoding)
            held = held[end:]
    if held:
        yield _lines(held, encoding)


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
