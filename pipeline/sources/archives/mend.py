"""Records whose decoration is malformed: read without it, so that it costs itself and not the post."""

from __future__ import annotations

import json
import re
from typing import Any, TypeVar

import msgspec
import orjson

from schemas import PostError
from schemas.posts import decoded

_PLACE = re.compile(r" - at `(?:key in )?\$(.*)`$")
_STEP = re.compile(r"\.([^.\[`]+)|\[(\d+)\]")
_EXACT = 2.0**53  # from here on a float may stand for several whole numbers
_FAULTS = 64  # of one record that are mended
T = TypeVar("T")


def read(decoder: msgspec.json.Decoder[T], record: bytes) -> T:
    """The record as the decoder's type, without those parts of the wrong type that it can do without.

    Of a list the bad items are left out, of an object the bad fields; an id that is a number is read as text, one
    that is a whole float (`123.0`) or a text of digits as that number, a float that is not exact as it is written,
    and a character of which only half is there becomes U+FFFD. Raises PostError when what is bad is needed.
    """
    try:
        return decoded(decoder, record)
    except PostError as error:
        if error.reason not in ("invalid", "not-json"):
            raise
        first = error
    try:
        value = loaded(record)
    except (ValueError, RecursionError):
        raise first from None
    for _ in range(_FAULTS):
        try:
            return decoder.decode(orjson.dumps(value))
        except msgspec.ValidationError as error:
            place = _PLACE.search(str(error))
            if place is None or not _mended(value, place[1], str(error)):
                raise _told(first, error) from None
        except (msgspec.DecodeError, TypeError, ValueError, RecursionError):
            raise first from None
    raise first


def _told(first: PostError, error: msgspec.ValidationError) -> PostError:
    """What was wrong at first, unless that was the decoration only."""
    return first if first.reason == "invalid" else PostError("invalid", str(error))


def strictly(record: bytes) -> Any:
    """What a record means, of which nothing is mended. Raises PostError."""
    try:
        return orjson.loads(record)
    except orjson.JSONDecodeError as error:
        raise PostError("not-json", str(error)) from None


def loaded(record: bytes | str) -> Any:
    """What a record means, with NaN as nothing, half characters as U+FFFD, and tabs and the like in its strings. Raises
    ValueError, RecursionError."""
    try:
        return orjson.loads(record)
    except orjson.JSONDecodeError:
        pass
    value = json.loads(record, parse_constant=lambda _: None, strict=False)
    text = json.dumps(value, ensure_ascii=False)
    return orjson.loads(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))


def _mended(value: Any, path: str, message: str) -> bool:
    """Whether what is wrong at the path could be taken out."""
    steps: list[str | int] = [name or int(number) for name, number in _STEP.findall(path.replace("[...]", ""))]
    if not steps:
        return False
    parents = [value]
    for step in steps[:-1]:
        try:
            parents.append(parents[-1][step])
        except (KeyError, IndexError, TypeError):
            return False
    last = steps[-1]
    holder = parents[-1]
    if isinstance(holder, dict) and isinstance(last, str) and last.endswith(("id", "id_str")):
        bad = holder.get(last)
        number = int(bad) if type(bad) is float and bad.is_integer() and abs(bad) < _EXACT else bad
        if type(bad) is float and abs(bad) >= _EXACT and ("`str" in message or last == "id"):
            text = last if "`str" in message else "id_str"
            del holder[last]
            holder.setdefault(text, repr(bad))  # 1.7856e+18, which names nothing
            return True
        if type(bad) is str and bad.isascii() and bad.isdigit() and "`int" in message:
            holder[last] = int(bad)
            return True
        if type(number) is int and (number is not bad or "`str" in message):
            holder[last] = str(number) if "`str" in message else number
            return True
    # the innermost item of a list that the fault stands in, else the field itself
    for at in range(len(steps) - 1, -1, -1):
        if isinstance(steps[at], int):
            del parents[at][steps[at]]
            return True
    if isinstance(holder, dict) and last in holder:
        del holder[last]
        return True
    return False
