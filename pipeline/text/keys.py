"""What counts as the same: the key of a topic's spellings, and the key of a post's words."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import regex

_INVISIBLE = regex.compile(
    r"(\N{WAVING BLACK FLAG}[\U000E0020-\U000E007E]+\U000E007F)"  # a nation's flag is told apart by these alone: kept
    r"|\p{Default_Ignorable_Code_Point}+"
)
_ACCENTED = regex.compile(r"([\p{Latin}\p{Greek}\p{Cyrillic}--\p{M}])\p{M}+", regex.VERSION1)

_RETWEET = re.compile(r"RT @\w+:? ?")
_LINK_OR_MENTION = re.compile(r"https?://\S+|@\w+")
_LETTERS = re.compile(r"[^\W\d_]+")
_KEY_LENGTH = 60
_ENOUGH_WORDS = _KEY_LENGTH // 2  # words of a letter and a space each
_WESTERN = "cp1252"  # a byte a character, and every letter of it is lower-cased within it


def _lower_letter_or_space(code: int) -> int:
    character = bytes([code]).decode(_WESTERN, "replace")
    return character.lower().encode(_WESTERN)[0] if _LETTERS.fullmatch(character) else ord(" ")


_WESTERN_LETTERS = bytes(map(_lower_letter_or_space, range(256)))


def fold(spelling: str) -> str:
    """The topic key of a spelling (sigil included): what is written differently and is the same topic.

    NFKC, case folded, characters that nobody sees removed, and the combining marks of Latin, Greek and Cyrillic
    letters dropped. Marks of other scripts stay: there they are letters. Folding a key gives the key.

    >>> fold("#Présidentielle2022"), fold("＃ｅｔé"), fold("#ガンダム"), fold("$AAPL")
    ('#presidentielle2022', '#ete', '#ガンダム', '$aapl')
    """
    return spelling.lower() if spelling.isascii() else _folded(spelling)


def topic_key(written: str) -> str:
    """The key of a hashtag or cashtag as people write them down, with or without its sigil; '' where it has no letters.

    >>> topic_key("CapComNet"), topic_key("＃Été"), topic_key("$AAPL"), topic_key("#")
    ('#capcomnet', '#ete', '$aapl', '')
    """
    words = " ".join(written.split())
    key = fold(words if words.startswith("$") else "#" + words.lstrip("#＃﹟ "))
    return key if len(key) > 1 else ""


def fold_text(text: str) -> str:
    """A whole text folded as a topic is, for finding words in it."""
    return text.lower() if text.isascii() else _fold(text)


def _fold(spelling: str) -> str:
    # a removed mark or character can let others compose, or be folded further, so until nothing changes:
    # every round but the last shortens the text or brings it nearer to its normal form
    before = ""
    while before != spelling:
        before = spelling
        spelling = unicodedata.normalize("NFKC", spelling).casefold()
        spelling = unicodedata.normalize("NFD", _INVISIBLE.sub(r"\1", spelling))
        spelling = unicodedata.normalize("NFKC", _ACCENTED.sub(r"\1", spelling))
    return spelling


_folded = lru_cache(maxsize=1 << 15)(_fold)


def text_key(text: str) -> str:
    """The words of a post, by which posts say the same: at most 60 characters of lower-case letters and spaces.

    A leading `RT @name:`, links and mentions are left out, every run of other characters than letters is one space.

    >>> text_key("RT @ann: Encore 2 trains   EN retard!! https://example.com/x @sncf")
    'encore trains en retard'
    """
    if text.startswith("RT @"):
        text = _RETWEET.sub("", text, count=1)
    if "http" in text or "@" in text:
        text = _LINK_OR_MENTION.sub(" ", text)
    encoding = "ascii" if text.isascii() else _WESTERN
    try:
        written = text.encode(encoding)
    except UnicodeEncodeError:
        return " ".join(_LETTERS.findall(text)).lower()[:_KEY_LENGTH]
    letters = written.translate(_WESTERN_LETTERS)
    return b" ".join(letters.split(None, _ENOUGH_WORDS))[:_KEY_LENGTH].decode(encoding)
