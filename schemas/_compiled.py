"""The compiled common case of decoding posts (`_decode.c`), where the installation had a compiler; else None."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import inspect

from schemas.stale import require_fitting

try:
    from schemas import _decode as compiled

    require_fitting(compiled)
except ImportError:  # msgspec and a look at each post do the same, in twice the time
    compiled = None  # type: ignore[assignment]

__all__ = ["compiled", "plain_fields"]

_NOTHING, _STRING, _REPEATED, _TIME, _BOOL, _STRINGS = range(6)  # as in _decode.c
_SAME_IN_MANY_POSTS = ("source", "lang", "server")


def plain_fields(post: type[msgspec.Struct]) -> tuple[tuple[object, ...], ...]:
    """What the compiled part is to know of each field: (name, kind, least, most, items, default)."""
    info = inspect.type_info(post)
    assert isinstance(info, inspect.StructType)
    return tuple(map(_plain_field, info.fields))


def _plain_field(field: inspect.Field) -> tuple[object, ...]:
    of = field.type
    types = of.types if isinstance(of, inspect.UnionType) else (of,)
    kind, least, most, items = _NOTHING, 0, 0, 0
    held: Any = types[0]
    if isinstance(held, inspect.ListType):
        items, held = held.max_length or 0, held.item_type
        kind = _STRINGS if isinstance(held, inspect.StrType) else _NOTHING
    elif isinstance(held, inspect.StrType):
        kind = _REPEATED if field.name in _SAME_IN_MANY_POSTS else _STRING
    elif isinstance(held, inspect.IntType):
        kind = _TIME
    elif isinstance(held, inspect.BoolType):
        kind = _BOOL
    if isinstance(held, inspect.StrType):
        least, most = held.min_length or 0, held.max_length or 0
    known = (field.name, kind, least, most, items)
    return known if field.required else (*known, field.default)
