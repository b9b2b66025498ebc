"""Blocked words: found in every disguise that a reader would still read as the word."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import regex

from pipeline.moderation.lookalikes import shape, skeleton
from pipeline.text import fold_text

_SHAPE_LENGTH = 5  # shorter words are too often another word with i for l
_BETWEEN = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_HUMP = regex.compile(r"(?<=[\p{Ll}\p{N}])(?=\p{Lu})|(?<=\p{L})(?=\p{N})|(?<=\p{N})(?=\p{L})")
_MARKS = regex.compile(r"\p{M}+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]")
_GAP = " \n "
_SPELT_OUT = regex.compile(r"(?<![^ ])[^ ](?: [^ ])+(?![^ ])")


def word_key(word: str) -> str:
    """What a blocked word is known by; empty where nothing of it can be compared."""
    return _spaced(fold_text(word)).strip()


class Reading(NamedTuple):
    """What a text is to the eye, in all the ways it may be read; made once, looked at for each word."""

    plain: str
    shapes: str
    folded: str


def read_text(*texts: str) -> Reading:
    """All readings of a few texts that are shown together; none runs over into the next."""
    plain: list[str] = []
    shapes: list[str] = []
    folds: list[str] = []
    for text in texts:
        for written in {text, _HUMP.sub(" ", text)}:
            folded = _spaced(fold_text(written))
            folds.append(folded)
            for form in {folded, _bare(folded), _bare(_spaced(skeleton(written)))}:
                form = " ".join(form.split())
                joined = _SPELT_OUT.sub(lambda found: found[0].replace(" ", ""), form)
                plain += {form, joined}
                shapes += {shape(form), shape(joined)}
    return Reading(f" {_GAP.join(plain)} ", f" {_GAP.join(shapes)} ", _GAP.join(folds))


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
            forms = {" ".join(form.split()) for form in (key, _bare(key), _bare(_spaced(skeleton(word))))}
            self._plain |= {f" {form} " for form in forms}
            if len(key) >= _SHAPE_LENGTH:
                self._shapes |= {f" {shape(form)} " for form in forms}

    def __bool__(self) -> bool:
        return bool(self._plain)

    def found_in(self, text: str | Reading) -> bool:
        """Whether the text holds a blocked word."""
        if not self._plain or not text:
            return False
        reading = read_text(text) if isinstance(text, str) else text
        return (
            any(word in reading.plain for word in self._plain)
            or any(word in reading.shapes for word in self._shapes)
            or any(word in reading.folded for word in self._unspaced)
        )


def _spaced(text: str) -> str:
    return _BETWEEN.sub(" ", text)


def _bare(text: str) -> str:
    """Without the marks of any script: nothing that is piled on a letter hides it."""
    if text.isascii():
        return text
    return unicodedata.normalize("NFKC", _MARKS.sub("", unicodedata.normalize("NFD", text)))
