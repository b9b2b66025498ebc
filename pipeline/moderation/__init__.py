"""What may be shown: decisions of moderators, the state they add up to, and the log that keeps them."""

from pipeline.moderation.log import DecisionLog, LogError, MemoryLog, SqliteLog
from pipeline.moderation.state import ConflictError, Moderation, account_ref, post_ref
from pipeline.moderation.words import BlockedWords, word_key

__all__ = [
    "BlockedWords",
    "ConflictError",
    "DecisionLog",
    "LogError",
    "MemoryLog",
    "Moderation",
    "SqliteLog",
    "account_ref",
    "post_ref",
    "word_key",
]
