"""From one post to what it speaks of: its topics, their keys, its words, its cell and its events."""

from pipeline.text.cells import DIALECTS, Dialect, dialect_of, language, source_name
from pipeline.text.entities import Entities, Item
from pipeline.text.keys import fold, fold_text, text_key, topic_key
from pipeline.text.matching import EventMatcher, matcher_of
from pipeline.text.networks import network_of
from pipeline.text.showing import MAX_SHOWN, cut, is_pseudonym, printable, shown_account
from pipeline.text.topics import extract, how_read, topics_of
from pipeline.text.words import is_unspaced, words_of

__all__ = [
    "DIALECTS",
    "MAX_SHOWN",
    "Dialect",
    "Entities",
    "EventMatcher",
    "Item",
    "cut",
    "dialect_of",
    "extract",
    "fold",
    "fold_text",
    "how_read",
    "is_pseudonym",
    "is_unspaced",
    "language",
    "matcher_of",
    "network_of",
    "printable",
    "shown_account",
    "source_name",
    "text_key",
    "topic_key",
    "topics_of",
    "words_of",
]
