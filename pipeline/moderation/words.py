"""Blocked words: found in every disguise in which a reader would still read the word, and shown with what was found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby, pairwise
from typing import NamedTuple

import regex

from pipeline.moderation.lookalikes import Unit, decoded, is_unseen, letters_of, shapes_of, written_as
from pipeline.text import fold_text, printable
from pipeline.text.normal import normalized

LONG = 5  # letters: such a word is found inside others, too; a shorter one is part of too many
SPLIT = 3  # letters: a shorter word is not looked for in pieces
_MAX_PIECE = 80  # characters of what is told as found
_BETWEEN = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}\p{Tibetan}]")
_JOINTS = frozenset(".-_*·~")  # what splits a short word; an apostrophe or a slash makes two of it (he'll)
_MARK = regex.compile(r"\p{M}")
_SHORT_GAP = 8
_GLUED, _JOINT, _SIGNS, _SPACE, _BOTH = range(5)  # what stands before a letter


def word_key(word: str) -> str:
    """What a blocked word is known by; empty where nothing of it can be compared."""
    return _BETWEEN.sub(" ", fold_text(word)).strip()


class Found(NamedTuple):
    """A blocked word (its key), and the piece of the text that was read as it, safe to show."""

    word: str
    piece: str


class _Letters(NamedTuple):
    """The letters of a text one after the other, whatever stands between them."""

    text: str
    runs: str  # of equal letters in a row one
    firsts: tuple[int, ...]  # run -> its first letter; one more at the end
    starts: tuple[int, ...]  # letter -> where it begins in the text
    ends: tuple[int, ...]
    gaps: bytes  # letter -> what stands before it
    written: bytes  # letter -> whether it is one, and no figure or sign that looks like it

    def ends_before(self, letter: int) -> bool:
        """Whether a word may begin at this letter: at a gap, a capital after a small letter, or the end."""
        if letter in (0, len(self.starts)) or self.gaps[letter]:
            return True
        before, after = self.text[self.ends[letter - 1] - 1], self.text[self.starts[letter]]
        if not (before.islower() and after.isupper()):
            return False
        start = self.starts[letter]
        return (
            "://" not in self.text[self.text.rfind(" ", 0, start) + 1 : start]
        )  # the capitals of an address are nobody's words


class Reading(NamedTuple):
    """What a few texts are to the eye; made once, looked at for each word."""

    letters: tuple[_Letters, ...]
    shapes: tuple[_Letters, ...]  # figures and signs are read as the letters that they look like


def read_text(*texts: str) -> Reading:
    """All readings of a few texts that are shown together; none runs over into the next."""
    written = list(dict.fromkeys(form for text in texts for form in decoded(normalized("NFC", text))))
    shaped = dict.fromkeys(form for text in written for form in (text, text.replace("@", "e")))  # @ is a or e
    return Reading(
        tuple(_letters(text, letters_of(text)) for text in written),
        tuple(_letters(text, shapes_of(text)) for text in shaped),
    )


def _letters(text: str, units: Iterable[Unit]) -> _Letters:
    runs: list[str] = []
    firsts: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    gaps, written = bytearray(), bytearray()
    for letter, start, end, is_written in units:
        if not runs or runs[-1] != letter:
            firsts.append(len(starts))
            runs.append(letter)
        if not ends or start <= ends[-1]:
            gaps.append(_GLUED)
        else:
            between = text[ends[-1] : start]
            gaps.append(_short_gap(between) if len(between) <= _SHORT_GAP else _gap(between))
        starts.append(start)
        ends.append(end)
        written.append(is_written)
    firsts.append(len(starts))
    return _Letters(text, "".join(runs), tuple(firsts), tuple(starts), tuple(ends), bytes(gaps), bytes(written))


def _gap(between: str) -> int:
    seen = [it for it in between if not is_unseen(it) and not _MARK.match(it)]
    if not seen:
        return _GLUED
    if all(it.isspace() for it in seen):
        return _JOINT if any(map(is_unseen, between)) else _SPACE  # nobody hides a character beside an honest space
    if any(it.isspace() for it in seen):
        return _BOTH
    return _JOINT if len(seen) <= 2 and _JOINTS.issuperset(seen) else _SIGNS


_short_gap = lru_cache(1 << 12)(_gap)


class _Word:
    """A blocked word or phrase as one of the two readings has it."""

    def __init__(self, key: str, units: Iterable[Unit], *, shape: bool) -> None:
        self.key = key
        letters = [(letter, place) for letter, place, _, _ in units]
        self._exact = [written_as(key[place]) for _, place in letters]
        told = [(letter, [place for _, place in run]) for letter, run in groupby(letters, key=lambda it: it[0])]
        self.runs = "".join(letter for letter, _ in told)
        self._counts = [len(places) for _, places in told]
        self._long = len(letters) >= LONG
        self._split = len(letters) >= SPLIT
        self._joint = len(letters) > SPLIT
        self._phrase = " " in key
        self._unspaced = _UNSPACED.search(key) is not None
        self._shape = shape
        after_space = [" " in key[max(0, place - 1) : place] for _, place in letters]
        self._breaks = {number for number, breaks in enumerate(after_space) if breaks}  # letters that begin a word

    def found_in(self, read: _Letters) -> str:
        """The piece of the text that is read as the word; "" for none."""
        place = read.runs.find(self.runs) if self.runs else -1
        while place >= 0:
            if piece := self._piece(read, place):
                return piece
            place = read.runs.find(self.runs, place + 1)
        return ""

    def _piece(self, read: _Letters, place: int) -> str:
        counts = self._counts
        letters: list[tuple[int, int]] = []  # letter of the text, letter of the word
        number = 0
        for at, count in enumerate(counts):
            first, end = read.firsts[place + at], read.firsts[place + at + 1]
            if at == 0:  # of the runs at the ends what hangs together and is enough
                start = end - count
                while start > first and not read.gaps[start]:
                    start -= 1
                first = max(first, start)
            if at == len(counts) - 1:
                stop = first + count
                while stop < end and not read.gaps[stop]:
                    stop += 1
                end = min(end, stop)
            length = end - first
            if length < count or (not self._long and count < length < 3):
                return ""
            letters += [(it, number + min(it - first, count - 1)) for it in range(first, end)]
            number += count
        first, last = letters[0][0], letters[-1][0]
        if self._shape and not self._long:  # figures stand for letters, and no letter for another
            for it, number in letters:
                if read.written[it] and written_as(read.text[read.starts[it]]) != self._exact[number]:
                    return ""
        starts = read.firsts[place + 1 : place + len(counts)]  # of the runs behind the first
        spelt = self._long and not self._phrase and all(read.gaps[it] for it in starts)
        if not self._reads(read, first, last, self._inner(read, letters), spelt=spelt):
            return ""
        while first and not read.gaps[first]:
            first -= 1
        while last + 1 < len(read.starts) and not read.gaps[last + 1]:
            last += 1
        return printable(read.text[read.starts[first] : read.ends[last]], _MAX_PIECE)

    def _inner(self, read: _Letters, letters: list[tuple[int, int]]) -> list[int]:
        """What stands before each letter but the first; nothing where the phrase has a space itself."""
        inner, passed = [], -1
        for (it, number), (_, before) in zip(letters[1:], letters, strict=False):
            breaks = number in self._breaks and number != before and number != passed
            passed = number if breaks else passed
            inner.append(_GLUED if breaks else read.gaps[it])
        return inner

    def _reads(self, read: _Letters, first: int, last: int, inner: list[int], *, spelt: bool) -> bool:
        """Whether somebody would read the word there, rather than a part of another or of several; `spelt`: letter by
        letter, each perhaps repeated (mm ee rr dd ee)."""
        if self._shape:
            figures = read.written[first : last + 1].count(0)
            if not self._long and not 0 < figures <= (last + 1 - first) / 2:
                return False
            if figures > last - first:
                return False
        gaps = [gap for gap in inner if gap]
        if not gaps:
            inside = self._unspaced or (self._long and not self._phrase)
            return inside or (read.ends_before(first) and read.ends_before(last + 1))
        glued = (first and not read.gaps[first]) or (last + 1 < len(read.starts) and not read.gaps[last + 1])
        if glued or not self._split or (self._shape and not self._long):
            return False
        if spelt or len(gaps) >= len(inner) - len(self._breaks):
            return True
        if not self._long or self._unspaced:
            return self._joint and not self._unspaced and all(gap == _JOINT for gap in gaps)
        if _SPACE not in gaps and _BOTH not in gaps:
            return True
        return _BOTH not in gaps and any(_singles(inner))  # two longer pieces may be two words: mer de


def _singles(inner: list[int]) -> Iterator[bool]:
    """Of each letter, whether gaps part it from the others."""
    sides = [1, *inner, 1]
    return (bool(before and after) for before, after in pairwise(sides))


class BlockedWords:
    """Which of a set of words or phrases a text holds, and where.

    Case, accents, marks, width, characters that nobody sees, letters of other scripts, figures and signs that look
    alike, repeated letters, and signs or spaces between the letters do not hide a word. One of LONG letters and more is
    found inside others (`#merdealors`); a shorter one where it stands alone or where capitals part it. In scripts that
    write without spaces a word is found wherever it stands. It takes the length of the text for each word.
    """

    def __init__(self, words: Iterable[str]) -> None:
        keys = sorted(filter(None, map(word_key, words)))
        self._letters = [_Word(key, letters_of(key), shape=False) for key in keys]
        self._shapes = [_Word(key, shapes_of(key), shape=True) for key in keys]
        # spelt out, two letters are no third: c 0 n n 4 r d
        apart = {key: list(shapes_of(key, joined=False)) for key in keys}
        self._shapes += [_Word(key, it, shape=True) for key, it in apart.items() if it != list(shapes_of(key))]

    def __bool__(self) -> bool:
        return bool(self._letters)

    def found_in(self, text: str | Reading) -> Found | None:
        """The first blocked word that the text holds."""
        if not self._letters or not text:
            return None
        reading = read_text(text) if isinstance(text, str) else text
        for words, texts in ((self._letters, reading.letters), (self._shapes, reading.shapes)):
            for read in texts:
                for word in words:
                    if piece := word.found_in(read):
                        return Found(word.key, piece)
        return None
