"""Blocked words: found in every disguise that a reader would still read as the word."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

import regex

from pipeline.moderation.lookalikes import shape, skeleton
from pipeline.text import fold_text

_SHAPE_LENGTH = 5  # shorter words are too often another word with i for l
_BETWEEN = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_HUMP = regex.compile(r"(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{L})(?=\p{N})|(?<=\p{N})(?=\p{L})")
_MARKS = regex.compile(r"\p{M}+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]")
_SPELT_OUT = regex.compile(r"(?<![^ ])[^ ](?: [^ ])+(?![^ ])")


def word_key(word: str) -> str:
    """What a blocked word is known by; empty where nothing of it can be compared."""
    return _spaced(fold_text(word)).strip()


class BlockedWords:
    """Whether a text holds one of a set of words or phrases, as a word of its own.

    Case, accents, marks, width, characters that nobody sees, letters of other scripts that look alike, punctuation
    between the letters (`m.e.r.d.e`), and words joined in a hashtag (`#MerdeAlors`) do not hide it. In scripts that
    write without spaces a word is found wherever it stands. Figures that stand for letters (`m3rd3`) are not read.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._plain: set[str] = set()
        self._shapes: set[str] = set()
        self._unspaced: set[str] = set()
        for word in words:
            key = word_key(word)
            if not key:
                continue
            if _UNSPACED.search(key):
                self._unspaced.add(key)
            forms = {key, _bare(key), _bare(_spaced(skeleton(word)).strip())}
            self._plain |= forms
            if len(key) >= _SHAPE_LENGTH:
                self._shapes |= {shape(form) for form in forms}
        self._longest = max((key.count(" ") + 1 for key in self._plain | self._shapes), default=0)

    def __bool__(self) -> bool:
        return bool(self._plain)

    def found_in(self, text: str) -> bool:
        """Whether the text holds a blocked word. The cost grows with the text, not with the number of words."""
        if not self._plain or not text:
            return False
        humps = _HUMP.sub(" ", text)
        for written in {text, humps}:
            folded, seen = _spaced(fold_text(written)), _spaced(skeleton(written))
            forms = {folded, _bare(folded), _bare(seen)}
            if any(self._holds(self._plain, form) for form in forms):
                return True
            if self._shapes and any(self._holds(self._shapes, shape(form)) for form in forms):
                return True
            if any(word in folded for word in self._unspaced):
                return True
        return False

    def _holds(self, words: set[str], text: str) -> bool:
        joined = _SPELT_OUT.sub(lambda found: found[0].replace(" ", ""), text)
        return any(
            " ".join(parts[start : start + length]) in words
            for parts in {tuple(text.split()), tuple(joined.split())}
            for length in range(1, self._longest + 1)
            for start in range(len(parts) - length + 1)
        )


def _spaced(text: str) -> str:
    return _BETWEEN.sub(" ", text)


def _bare(text: str) -> str:
    """Without the marks of any script: nothing that is piled on a letter hides it."""
    return unicodedata.normalize("NFKC", _MARKS.sub("", unicodedata.normalize("NFD", text)))
