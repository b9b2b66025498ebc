"""What may be shown: decisions of moderators, the state they add up to, and the log that keeps them."""

from pipeline.moderation.log import DecisionLog, LogError, MemoryLog, SqliteLog
from pipeline.moderation.state import (
    QUEUES,
    ConflictError,
    Mode,
    Moderation,
    Queue,
    account_ref,
    original_ref,
    post_ref,
    reading_of,
)
from pipeline.moderation.words import BlockedWords, Reading, word_key

__all__ = [
    "QUEUES",
    "BlockedWords",
    "ConflictError",
    "DecisionLog",
    "LogError",
    "MemoryLog",
    "Mode",
    "Moderation",
    "Queue",
    "Reading",
    "SqliteLog",
    "account_ref",
    "original_ref",
    "post_ref",
    "reading_of",
    "word_key",
]
