"""Tables of messages that those in a chat alone can read, known by columns that tables of public posts do not have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.sources.archives.batches import NoTableError
from pipeline.sources.archives.tables.names import Places

# of exports of iMessage, Snapchat, Signal, WhatsApp's database, WeChat, Intercom, Mattermost and Slack
_MARKS = (
    *("is_from_me", "from_me", "key_from_me", "chat_session", "chat_identifier", "chat_guid", "is_sender"),
    *("conversation_title", "edited_by_post_id", "client_msg_id", "thread_ts", "dm_conversation", "talker_id"),
    *("conversation_part_id", "delivered_as"),
)
_TOGETHER = (  # of Intercom and its like, Facebook and Instagram
    ("conversation_id", "author_type"),
    ("conversation_id", "message_type"),
    ("sender_name", "timestamp_ms"),
)
_PHONES = ("phone", "phone_number", "sender_phone", "sender_number")
_MESSAGES = ("message", "body", "content", "text")
_FEW = 8  # columns: what has more tells of a page or of a place, which may have a number to be called, too
_KAKAOTALK = ["Date", "User", "Message"]  # no more, no less: logs of public chats are named otherwise
_STAMPS = ("ts", "message_ts")  # which Slack names messages by
_OF_SLACK = re.compile(r"\"?\d{10}\.\d{6}\"?", re.ASCII)


class ChatError(NoTableError):
    """A table holds what was not public."""


def chat_tells(names: Sequence[str], places: Places, rows: Sequence[Sequence[str]]) -> str | None:
    """Which columns tell that a table holds the messages of a chat, as part of a sentence; None where none does."""
    found = _of_chats(names, places, rows)
    if not found:
        return None
    *others, last = (names[at] for at in found)
    return f"its columns {', '.join(others)} and {last} tell" if others else f"its column {last} tells"


def _of_chats(names: Sequence[str], places: Places, rows: Sequence[Sequence[str]]) -> list[int]:
    for at in places.all_of(_MARKS):
        return [at]
    for pair in _TOGETHER:
        found = [at for name in pair for at in list(places.all_of([name]))[:1]]
        if len(found) == len(pair):
            return found
    if len(names) <= _FEW and any(True for _ in places.all_of(_MESSAGES)):
        for at in places.all_of(_PHONES):
            return [at]
    if [name.strip('\ufeff"') for name in names] == _KAKAOTALK:
        return list(range(len(names)))
    for at in places.all_of(_STAMPS):
        stamps = [row[at] for row in rows if row[at]]
        if stamps and all(map(_OF_SLACK.fullmatch, stamps)):
            return [at]
    return []
