"""Records that programs write between those with posts, and that hold none: they are passed over, and not counted."""

from __future__ import annotations

import re
from typing import Any

_ACTIONS = frozenset({"index", "create", "update", "delete"})
_OF_ACTIONS = frozenset(
    {"_index", "_id", "_type", "routing", "_routing", "version", "version_type", "pipeline", "require_alias", "op_type"}
)
_LISTS = frozenset(
    {
        *("statuses", "posts", "feed", "data", "results", "items", "hits", "tweets", "comments", "records", "children"),
        *("orderedItems", "messages", "rows", "notes", "toots", "docs", "documents", "value", "entries"),
    }
)
_AROUND = frozenset({"data", "response", "hits", "result", "results", "output"})  # what such a list may stand in


# fields of posts: what has one of them is no page
_OF_POSTS = frozenset(
    {
        *("text", "content", "body", "message", "caption", "title", "description", "user", "author", "username"),
        *("account", "owner", "name", "created_at", "createdAt", "timestamp", "time", "date", "error", "detail"),
    }
)


# what a relay of Nostr says beside events
_FRAME = re.compile(rb'\s*(?:\[\s*)?"(?:EOSE|NOTICE|OK|CLOSED|AUTH|COUNT)"\s*,')


def is_frame(row: bytes) -> bool:
    """Whether a line is what a network says beside records, and no record.

    >>> is_frame(b'["EOSE","sub1"]'), is_frame(b'["EVENT","sub1",{"id":"00"}]')
    (True, False)
    """
    return _FRAME.match(row) is not None


def holds_nothing(value: dict[str, Any]) -> bool:
    """Whether a record says what follows it, as those do that Elasticsearch takes in bulk, or is a page without posts.

    >>> holds_nothing({"index": {"_index": "tweets", "_id": "17"}}), holds_nothing({"statuses": [], "count": 0})
    (True, True)
    >>> holds_nothing({"meta": {"result_count": 0}}), holds_nothing({"hits": {"total": 0, "hits": []}})
    (True, True)
    >>> holds_nothing({"caption": "hello", "comments": []}), holds_nothing({"errors": [{"code": 88}]})
    (False, False)
    """
    return is_action(value) or _is_empty_page(value)


def is_action(value: dict[str, Any]) -> bool:
    """Whether a record says what is to be done with the one that follows it."""
    key, inner = next(iter(value.items()), ("", None))
    return len(value) == 1 and key in _ACTIONS and isinstance(inner, dict) and inner.keys() <= _OF_ACTIONS


def _is_empty_page(value: dict[str, Any]) -> bool:
    meta = value.get("meta")
    if isinstance(meta, dict) and meta.get("result_count") == 0 and "data" not in value:
        return True
    inner = [each for key, each in value.items() if key in _AROUND and isinstance(each, dict)]
    empty = [key in _LISTS and each == [] for holder in (value, *inner) for key, each in holder.items()]
    return any(empty) and not any(
        _says_something(key, each) for holder in (value, *inner) for key, each in holder.items()
    )


def _says_something(key: str, value: Any) -> bool:
    """Whether a field holds more than what a page has: its numbers, its marks, what tells of the next one."""
    if isinstance(value, list):
        return bool(value)
    return bool(value) and (key in _OF_POSTS or (isinstance(value, str) and " " in value))
