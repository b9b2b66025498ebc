"""Texts in the cells of tables as whoever wrote them meant them, however a program has written them down."""

from __future__ import annotations

import ast
import json
import re
from html import unescape

from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.tables.cells import is_nothing

_MARKUP = re.compile(r"</(?:p|a|span|div)>|<br ?/?>")  # as servers of the fediverse write a text
# line ends and tabs as databases and programs spell them
_SPELLED = re.compile(r"(?<!\\)\\(?:r\\n|[nrt])")
_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|nbsp|#\d{1,6}|#x[0-9a-fA-F]{1,5});")  # as Twitter and YouTube write it
_BYTES = re.compile(
    r"b(['\"])(?:[^\\]|\\[\\'\"nrt]|\\x[0-9a-f]{2})*\1"
)  # what Python prints of a text that was encoded
_OF_JSON = re.compile(r"(?<!\\)(?:\\u[0-9a-fA-F]{4})+")
_OF_R = re.compile(r"<U\+((?!D[89A-F])[0-9A-F]{4}|000[0-9A-F]{5})>")  # letters that R could not print on Windows


def said(cell: str) -> str:
    """A text, also one that Google's Takeout keeps in pieces; none where a program lost it, or there never was one.

    >>> said("hello"), said('{"text":"hello "},{"text":"all"}'), said("#NAME?")
    ('hello', 'hello all', '')
    >>> said("b'caf\\\\xc3\\\\xa9'"), said("caf\\\\u00e9"), said("caf<U+00E9>"), said("b'"), said("a\\\\nb")
    ('café', 'café', 'café', "b'", 'a\\nb')
    """
    if cell.startswith('{"text":'):
        cell = _pieces(cell)
    elif is_nothing(cell):
        return ""
    elif cell[:2] in ("b'", 'b"'):
        cell = _decoded(cell)
    return plain_text(cell)


def plain_text(text: str) -> str:
    """A text without what a program made of its line ends, its letters beyond ASCII and its marks."""
    if "\\" in text:
        text = _SPELLED.sub(lambda mark: " " if mark[0] == "\\t" else "\n", text)
        text = _OF_JSON.sub(_letters, text)
    if "<U+" in text:
        text = _OF_R.sub(lambda mark: chr(int(mark[1], 16)), text)
    if _MARKUP.search(text):
        return text_of(text)
    return unescape(text) if _ENTITY.search(text) else text


def _letters(escaped: re.Match[str]) -> str:
    letters: str = json.loads(f'"{escaped[0]}"')
    return letters.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decoded(cell: str) -> str:
    """What Python encoded and printed; the cell itself where it is no such thing."""
    if _BYTES.fullmatch(cell.strip()) is None:
        return cell
    try:
        value: bytes = ast.literal_eval(cell.strip())
    except (ValueError, SyntaxError):  # as where a letter is beyond ASCII
        return cell
    return value.decode(errors="replace")


def _pieces(cell: str) -> str:
    try:
        pieces = json.loads(f"[{cell}]")
    except ValueError:
        return cell
    return "".join(str(piece.get("text", "")) for piece in pieces if isinstance(piece, dict))
