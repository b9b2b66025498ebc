"""Objects as Python, JavaScript, Ruby and MongoDB's shell print them, and JSON with commas too many, as JSON."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import orjson

from pipeline.sources.archives.json_values import JsonValues
from pipeline.sources.archives.streams import TruncatedError

_HELD_BYTES = 1 << 20  # a longer string, or call, is taken apart
_AT_ONCE = 4 << 20
_LINES = 32
# what strict JSON holds outside of its strings nowhere, but within them often: a reason to look
_SUSPECT = re.compile(
    rb"[{\[,:(]\s*+[bBuU]?'|,\s*+[}\]]|[{,]\s*+[A-Za-z_$:][\w$]*+\s*+(?::|=>)|\"\s*+=>"
    rb"|:\s*+(?:True|False|None|nil|undefined|[A-Za-z_.]++\()"
)
_PARENTHESES = rb"\((?:[^()'\"\n]|'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\"|\((?:[^()\n]|\([^()\n]*+\))*+\))*+\)"
_STRINGS = rb"(?:\s*+(?:\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'))*+"  # one after the other, they are one
_TOKEN = re.compile(
    rb"(?P<double>\"(?:[^\"\\\n]|\\.)*+\"" + _STRINGS + rb")"
    rb"|(?P<single>[bBuU]?'(?:[^'\\\n]|\\.)*+'" + _STRINGS + rb")"
    rb"|(?P<unclosed>[\"'][^\n]*+)"
    rb"|(?P<comma>,(?=(?:\s|//[^\n]*+|/\*[^*]*+\*/)*+[}\]]))"
    rb"|(?P<comment>//[^\n]*+|/\*[^*]*+\*/)"
    rb"|(?P<call>(?:new\s++)?[A-Za-z_$][\w.$]*+" + _PARENTHESES + rb")"
    rb"|(?P<key>[A-Za-z_$][\w$]*+(?=\s*+:(?!:))|:[A-Za-z_]\w*+(?=\s*+=>))"
    rb"|(?P<word>-?[A-Za-z_$][\w.$]*+)"
    rb"|(?P<arrow>=>)"
    rb"|(?P<number>[-+]?\d[\w.+:-]*+)"
)
_PARTS = re.compile(rb"[bBuU]?'((?:[^'\\]|\\.)*+)'|\"((?:[^\"\\]|\\.)*+)\"")
_ESCAPE = re.compile(
    rb"\\(?:x([0-9a-fA-F]{2})|U([0-9a-fA-F]{8})|u\{([0-9a-fA-F]{1,6})\}|(u[0-9a-fA-F]{4}|[\"\\/bfnrt])|(.))|(\")|(\t)",
    re.DOTALL,
)
_NUMBER = re.compile(rb"-?(?:0|[1-9]\d*+)(?:\.\d++)?(?:[eE][-+]?\d++)?")
_WORDS = {b"true": b"true", b"True": b"true", b"false": b"false", b"False": b"false"}  # any other is nothing
_ARGUMENT = re.compile(rb"(?:new\s++)?([\w.$]++)\(\s*+('(?:[^'\\]|\\.)*+'|\"(?:[^\"\\]|\\.)*+\"|-?\d++)?")
# what `times` reads as programs print it
_MOMENTS = (b"datetime.", b"Timestamp", b"pd.", b"pandas.")


def as_json(content: bytes) -> bytes:
    """A text with its objects written as JSON; sound JSON as it is.

    >>> as_json(b"{'id': 1, 'text': 'it\\\\'s', 'geo': None, ok: true, /* aside */}").decode()
    '{"id": 1, "text": "it\\'s", "geo": null, "ok": true }'
    >>> as_json(b'{"_id" => ObjectId("65f0"), :at=>2024-05-01T10:40:00Z}').decode()
    '{"_id" : "65f0", "at":"2024-05-01T10:40:00Z"}'
    """
    return _TOKEN.sub(_written, content)


def is_nearly_json(head: bytes) -> bool:
    """Whether what begins so holds objects that are JSON only when they are written anew."""
    if head.lstrip()[:1] not in (b"{", b"[") or not _SUSPECT.search(head):
        return False
    lines = head.split(b"\n")
    whole = lines[: max(1, min(len(lines) - 1, _LINES))]
    if any(not _is_sound(line) and _is_sound(as_json(line)) for line in whole if line.strip()):
        return True
    return not any(map(_is_sound, whole)) and not _begins_soundly(head) and _begins_soundly(as_json(head))


def _is_sound(text: bytes) -> bool:
    try:
        return isinstance(orjson.loads(text), (dict, list))
    except orjson.JSONDecodeError:
        return False


def _begins_soundly(text: bytes) -> bool:
    first = next(iter(JsonValues([text], len(text) + 1, lambda _: False)), None)
    return first is not None and not first.fault and _is_sound(first.raw)


def rewritten(content: Iterator[bytes], stalled: Callable[[], bool]) -> Iterator[bytes]:
    """The content with its objects written as JSON."""
    held = b""
    cut: TruncatedError | None = None
    try:
        for chunk in content:
            held += chunk
            is_due = stalled() and b"\n" in chunk
            if len(held) >= _AT_ONCE or is_due:
                written, held = _up_to(held, held.rfind(b"\n") + 1 if is_due else len(held) - _HELD_BYTES)
                yield written
    except TruncatedError as error:
        cut = error
    if held:
        yield as_json(held)
    if cut is not None:
        raise cut


def _up_to(held: bytes, limit: int) -> tuple[bytes, bytes]:
    """What stands up to a place as JSON, and the rest from the token that goes beyond it."""
    parts: list[bytes] = []
    end = 0
    for token in _TOKEN.finditer(held):
        if token.end() > limit:
            break
        parts += (held[end : token.start()], _written(token))
        end = token.end()
    if not parts:
        return held[:limit], held[limit:]
    return b"".join(parts), held[end:]


def _written(token: re.Match[bytes]) -> bytes:
    kind, text = token.lastgroup, token[0]
    if kind == "double":
        return text if b"\\" not in text and b"\n" not in text and text.count(b'"') == 2 else _string(text)
    if kind == "single":
        return _string(text)
    if kind == "word":
        return _WORDS.get(text, b"null")
    if kind == "number":
        return text if _NUMBER.fullmatch(text) else _number(text)
    if kind == "key":
        return b'"' + text.lstrip(b":") + b'"'
    if kind == "call":
        return _of_call(text)
    if kind == "unclosed":
        return text
    return b":" if kind == "arrow" else b""


def _number(text: bytes) -> bytes:
    bare = text.removeprefix(b"+")
    return bare if _NUMBER.fullmatch(bare) else b'"' + text + b'"'


def _of_call(text: bytes) -> bytes:
    if text.startswith(_MOMENTS):
        return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b"'") + b'"'
    found = _ARGUMENT.match(text)
    if found is None or found[2] is None:
        return b"null"
    argument = found[2]
    is_number = argument[:1] not in b"'\"" or (found[1].startswith(b"Number") and _NUMBER.fullmatch(argument[1:-1]))
    return argument.strip(b"'\"") if is_number else _string(argument)


def _string(text: bytes) -> bytes:
    said = b"".join(part[1] or part[2] or b"" for part in _PARTS.finditer(text))
    return b'"' + _ESCAPE.sub(_escape, said) + b'"'


def _escape(found: re.Match[bytes]) -> bytes:
    byte, long, braced, kept, other, quote, _ = found.groups()
    if quote:
        return b'\\"'
    if kept:
        return b"\\" + kept
    if byte:
        return b"\\u00" + byte
    if number := long or braced:
        point = int(number, 16)
        return chr(point).encode("utf-8", "replace") if 31 < point < 0x110000 else b"\\ufffd"
    return b"\\t" if not other else b"\\u0000" if other == b"0" else b"" if other == b"\n" else other
