"""The words and phrases of a text, character by character, for scripts that write spaces between words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from typing import NamedTuple

LINE_ENDS = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
JOINING = "'’\u02bc·\u2010\u2011-"


class Word(NamedTuple):
    text: str
    before: str  # what stands between the word before it and this one


def words_of(text: str, tags: Collection[str] = ()) -> list[tuple[str, str]]:
    """(as written, key) of the words and phrases, each key once; none that is one of the `tags` (keys without sign).

    >>> words_of("Rain, rain in Paris: top 14! (l'été) www.a.example/x bob@a.example #rain", ["rain"])
    ... # doctest: +NORMALIZE_WHITESPACE
    [('rain in Paris', 'rain in paris'), ('Paris', 'paris'), ('top', 'top'), ('top 14', 'top 14'), ('été', 'ete')]
    """
    found: dict[str, str] = {}
    seen = 0
    for words in sentences(text[:1_000]):
        words = words[: 40 - seen]
        seen += len(words)
        for first in range(len(words)):
            for last in range(first, min(first + 4, len(words))):
                here = words[first : last + 1]
                ends = {kind(here[0].text), kind(here[-1].text)}
                behind = words[last + 1].before if last + 1 < len(words) else ""
                alone = ends == {"capital"} and len(here) == 1 and not set(JOINING) & {here[0].before[-1:], behind[:1]}
                if not (ends in ({"long"}, {"long", "number"}) or alone):
                    continue
                written = here[0].text + "".join(word.before + word.text for word in here[1:])
                key = " ".join(fold(word.text) for word in here)
                if key not in tags:
                    found.setdefault(key, " ".join(written.split()))
    return [(written, key) for key, written in found.items()][:60]


def kind(word: str) -> str:
    """Whether it may stand at the end of a phrase: a `number`, or `long` enough a word; or only by itself: a `capital`;
    else `short`."""
    if len(word) > 40:
        return "short"
    if all(c.isdecimal() or c in ".,:" for c in word):
        return "number"
    if len(word) == 1 and word in "ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        return "capital"
    if len(word) == len(fold(word)) == 2 and word == word.upper() != word.lower() and word != "RT":
        return "long"
    return "long" if len(fold(word)) >= 3 else "short"


def fold(word: str) -> str:
    """Without accents, lower case."""
    return "".join(c for c in unicodedata.normalize("NFKD", word.casefold()) if not unicodedata.combining(c))


def sentences(text: str) -> list[list[Word]]:
    """The words between two marks, ends of lines, or things that are no words."""
    text = without_links(text)
    found: list[list[Word]] = [[]]
    at, before = 0, ""
    while at < len(text):
        end = at
        while end < len(text) and (is_part(text[end]) or is_inside_number(text, end)):
            end += 1
        if end > at:
            found[-1].append(Word(text[at:end], before))
            at, before = end, ""
        elif ends_sentence(text, at):
            found.append([])
            at, before = at + 1, ""
        else:
            before += text[at]
            at += 1
    return [words for words in found if words]


def is_part(c: str) -> bool:
    return unicodedata.category(c)[0] in "LM" or c.isdecimal()


def is_inside_number(text: str, at: int) -> bool:
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return text[at] in ".,:" and before.isdecimal() and after.isdecimal()


def ends_sentence(text: str, at: int) -> bool:
    c = text[at]
    if c in "-\u2010\u2011":
        return text[at - 1 : at].isspace() and text[at + 1 : at + 2].isspace()
    return c in LINE_ENDS or not (c.isspace() or c in JOINING)


def without_links(text: str) -> str:
    """Links, addresses, mentions and tags are an end of a line each, up to the next space."""
    kept = []
    for piece in pieces(text):
        starts = [at for sign in "@#$" if (at := piece.find(sign)) >= 0]
        starts += [
            found.start() for found in (re.search(r"\b\w{2,12}://", piece), re.search(r"\bwww\.", piece)) if found
        ]
        at = min(starts, default=len(piece))
        if piece[at : at + 1] == "@":
            while at and (piece[at - 1].isalnum() or piece[at - 1] in "._+-"):
                at -= 1
        kept.append(piece[:at] + ("\n" if starts else ""))
    return "".join(kept)


def pieces(text: str) -> list[str]:
    """Cut before and behind every space."""
    found = [""]
    for c in text:
        if c.isspace():
            found += [c, ""]
        else:
            found[-1] += c
    return found


def letters(topic: str) -> str:
    """What a tag and its phrase have in common."""
    return "".join(c for c in topic if c.isalnum())


def part_of(one: str, other: str) -> bool:
    """Whether the words of one of the two are among those of the other, in a row."""
    few, many = sorted((one.split(" "), other.split(" ")), key=len)
    return any(many[at : at + len(few)] == few for at in range(len(many)))


def inside(one: str, other: str) -> bool:
    """Whether one of the two stands anywhere in the other, and begins and ends with letters of a script without
    spaces."""
    few, many = sorted((one, other), key=len)
    return few in many and all(unspaced(c) for c in (few[:1], few[-1:]))


def is_told(one: str, other: str) -> bool:
    """Whether a row that tells one of the two need not tell the other."""
    return part_of(one, other) or inside(one, other)


def unspaced(c: str) -> bool:
    names = ("CJK ", "IDEOGRAPHIC ", "HIRAGANA ", "KATAKANA", "THAI ", "LAO ", "KHMER ", "MYANMAR ")
    return c != "" and unicodedata.name(c, "").startswith(names)
