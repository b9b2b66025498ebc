"""What may be shown: decisions of moderators, the state they add up to, and the log that keeps them."""

from pipeline.moderation.log import DecisionLog, LogError, MemoryLog, SqliteLog
from pipeline.moderation.overruling import Overruling, overruled
from pipeline.moderation.state import (
    QUEUES,
    ConflictError,
    Mode,
    Moderation,
    Queue,
    Reason,
    Shows,
    account_ref,
    content_of,
    means,
    original_ref,
    post_ref,
    reading_of,
)
from pipeline.moderation.words import BlockedWords, Found, Reading, word_key

__all__ = [
    "QUEUES",
    "BlockedWords",
    "ConflictError",
    "DecisionLog",
    "Found",
    "LogError",
    "MemoryLog",
    "Mode",
    "Moderation",
    "Overruling",
    "Queue",
    "Reading",
    "Reason",
    "Shows",
    "SqliteLog",
    "account_ref",
    "content_of",
    "means",
    "original_ref",
    "overruled",
    "post_ref",
    "reading_of",
    "word_key",
]
