"""When two tags are one topic.

The simulator's own short restatement of the rule, so that its labels are a second opinion on the pipeline's.
"""

from __future__ import annotations

import unicodedata

_DROPPING = ("LATIN", "GREEK", "CYRILLIC")


def fold(tag: str) -> str:
    """NFKC, casefold, and combining marks dropped from Latin, Greek and Cyrillic letters.

    >>> fold("Présidentielle2022"), fold("Fußball"), fold("ガイド")
    ('presidentielle2022', 'fussball', 'ガイド')
    """
    folded = unicodedata.normalize("NFKC", tag).casefold()
    if folded.isascii():
        return folded
    kept: list[str] = []
    dropping = False
    for char in unicodedata.normalize("NFD", folded):
        if unicodedata.combining(char):
            if dropping:
                continue
        else:
            dropping = unicodedata.name(char, "").startswith(_DROPPING)
        kept.append(char)
    return unicodedata.normalize("NFC", "".join(kept))


def topic_key(tag: str) -> str:
    """The key of a hashtag given with or without its `#`.

    >>> topic_key("#CapComNet")
    '#capcomnet'
    """
    return "#" + fold(tag.removeprefix("#"))
