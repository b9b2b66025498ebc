"""Tables of messages that those in a chat alone can read, known by columns that tables of public posts do not have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pipeline.sources.archives.tables.names import Places

# of exports of iMessage, Snapchat, Signal, WhatsApp's database, Mattermost and Slack
_MARKS = (
    *("is_from_me", "from_me", "key_from_me", "chat_session", "chat_identifier", "chat_guid", "is_sender"),
    *("conversation_title", "edited_by_post_id", "client_msg_id", "thread_ts", "dm_conversation"),
)
_STAMPS = ("ts", "message_ts")  # which Slack names messages by
_OF_SLACK = re.compile(r"\"?\d{10}\.\d{6}\"?", re.ASCII)


def chat_column(names: Sequence[str], places: Places, rows: Sequence[Sequence[str]]) -> str | None:
    """The name of a column that tells that a table holds the messages of a chat; None where none does."""
    for at in places.all_of(_MARKS):
        return names[at]
    for at in places.all_of(_STAMPS):
        stamps = [row[at] for row in rows if row[at]]
        if stamps and all(map(_OF_SLACK.fullmatch, stamps)):
            return names[at]
    return None
