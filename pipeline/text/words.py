"""The words and phrases of a post: what posts without tags speak of, by the same rules for every network.

Words are runs of letters, marks and digits, as Unicode's word bounds find them, but that an apostrophe parts words, as
in `l'équipe`. Where a script writes no spaces, ICU's dictionaries part them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import regex

from pipeline.text._compiled import phrases
from pipeline.text.keys import WORD, fold

if TYPE_CHECKING:
    from icu4py.breakers import WordBreaker

LOOKED_AT = 1_000  # characters of a text
MAX_WORDS = 40  # of a text
MAX_LETTERS = 40  # what is longer is no word
MAX_PHRASE = 4  # words
MOST = 60  # words and phrases of a post

# links, addresses, mentions and tags, up to the next space
_LEFT_OUT = re.compile(r"(?:\b\w{2,12}://|\bwww\.|(?<![\w.+-])[\w.+-]*[@＠]|[#＃﹟$])\S*", re.IGNORECASE)
_JOINS = r"\s'’\u02bc·\u2010\u2011\-"  # what may stand between words of a phrase
_JOINED = frozenset("'’\u02bc·\u2010\u2011-")  # those of them that make one of two words, as it is written
_LINE_ENDS = r"[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]"
# what ends a sentence, a line or a part of it; in `2.0` and `18:30` it is part of a number
_ENDS = rf"(?<![0-9])[.,:]|[.,:](?![0-9])|\s[\u2010\u2011\-]+(?=\s)|{_LINE_ENDS}"
_BREAK_OF_ASCII = re.compile(rf"[^A-Za-z0-9{_JOINS}.,:]|{_ENDS}")
_BREAK = regex.compile(rf"[^\p{{L}}\p{{M}}\p{{Nd}}\u200c\u200d{_JOINS}.,:]|{_ENDS}")
_UNSPACED = regex.compile(r"[\p{Han}\p{Hiragana}\p{Katakana}\u30fc\uff70\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]")
_CJK = "\u1100"  # from here on two letters make a word
_KANA = regex.compile(r"[\p{Hiragana}\p{Katakana}]")
_IDEOGRAPH = regex.compile(r"\p{Han}")
# may begin or end a phrase: not at all, where the other end is long, in any case, where it is all of the phrase
_SHORT, _BESIDE, _LONG, _ALONE = range(4)


class _Word(NamedTuple):
    start: int
    end: int
    kind: int
    key: str


def words_of(text: str, spellings: Iterable[str] = ()) -> list[str]:
    """The words and phrases of a text as written, each key (`fold`) once, under its first spelling.

    Links, addresses, mentions, tags and numbers alone are left out, and what is the same as one of the tags
    (`spellings`, as `topics_of` gives them). A word has three letters at least, in Chinese, Japanese and Korean two;
    two capitals are one (`JO`, `5G`), but for the RT of those who repeat by hand, and so is one of A to Z (`X`) that
    no apostrophe or hyphen joins to another. A phrase is two to four words in a row, which no mark but an apostrophe or
    a hyphen parts, and no end of a line; its first and last are words of several letters, numbers or single ideographs
    of Japanese, and one of these is a word. Of a text the first 1,000 characters and 40 words are looked at, and at
    most 60 words and phrases told, in order of their first words.

    >>> words_of("Le feu d'artifice! 14 juillet https://example.com")
    ['feu', "feu d'artifice", 'artifice', '14 juillet', 'juillet']
    >>> words_of("RT @ann: l'IA et les JO")
    ['IA', 'IA et les', 'IA et les JO', 'les', 'les JO', 'JO']
    """
    known = {fold(spelling)[1:] for spelling in spellings}
    if phrases is not None:
        compiled = phrases.phrases(text, known, _read, _parted)
        if compiled is not None:
            return compiled
    text = _LEFT_OUT.sub("\n", text[:LOOKED_AT])
    first = dict.fromkeys(known, "")
    left = MAX_WORDS
    for part in (_BREAK_OF_ASCII if text.isascii() else _BREAK).split(text):
        if left <= 0:
            break
        plain = part.split()
        if part.isascii() and "".join(plain).isalnum():
            left -= len(plain)
            _add_plain(plain[: len(plain) + min(left, 0)], first)
        elif plain:
            words = _words_in(part)[:left]
            left -= len(words)
            _add_phrases(part, words, first)
    return [spelling for spelling in first.values() if spelling][:MOST]


def is_unspaced(words: str) -> bool:
    """Whether they begin and end with letters of scripts that write no spaces: within others no space bounds them.

    >>> is_unspaced("流星群"), is_unspaced("2026年"), is_unspaced("fête")
    (True, False, False)
    """
    return _UNSPACED.match(words) is not None and _UNSPACED.match(words[-1]) is not None


def _add_plain(words: list[str], first: dict[str, str]) -> None:
    """As `_add_phrases`, of nothing but ASCII letters, digits and spaces: most of most texts."""
    kinds = [_read(word)[0] for word in words]
    for number, kind in enumerate(kinds):
        if kind == _SHORT:
            continue
        if kind == _ALONE:
            first.setdefault(words[number].lower(), words[number])
            continue
        spelling, joint = "", ""
        for word, other in zip(words[number : number + MAX_PHRASE], kinds[number : number + MAX_PHRASE], strict=True):
            spelling += joint + word
            joint = " "
            if other == _LONG or (other == _BESIDE and kind == _LONG):
                first.setdefault(spelling.lower(), spelling)


def _add_phrases(part: str, words: list[_Word], first: dict[str, str]) -> None:
    for number, word in enumerate(words):
        if word.kind == _SHORT:
            continue
        if word.kind == _ALONE:
            if _JOINED.isdisjoint((part[word.start - 1 : word.start], part[word.end : word.end + 1])):
                first.setdefault(word.key, part[word.start : word.end])
            continue
        key, end = word.key, -1
        for last in words[number : number + MAX_PHRASE]:
            if last.end - word.start > MAX_PHRASE * (MAX_LETTERS + 1):
                break
            if end >= 0:
                key += f" {last.key}" if last.start > end else last.key
            end = last.end
            if last.kind == _LONG or (last.kind == _BESIDE and word.kind == _LONG):
                spelling = part[word.start : last.end]
                if not spelling.isalnum():
                    spelling = " ".join(spelling.split())
                first.setdefault(key, spelling)


def _words_in(part: str) -> list[_Word]:
    found: list[_Word] = []
    for word in WORD.finditer(part):
        start, end = word.span()
        if not word[0].isascii() and _UNSPACED.search(word[0]):
            found += _in_run(part, start, end)
        else:
            found.append(_Word(start, end, *_read(word[0])))
    return found


@lru_cache(maxsize=1 << 16)
def _read(word: str) -> tuple[int, str]:
    """Its kind and its key."""
    key = fold(word)
    if len(word) > MAX_LETTERS:
        return _SHORT, key
    if key[:1].isdecimal() and all(it.isdecimal() or it in ".,:" for it in key):
        return _BESIDE, key
    if len(word) == 1 and "A" <= word <= "Z":
        return _ALONE, key
    return _LONG if len(key) > 2 or (len(key) == 2 and (key[0] >= _CJK or _is_short_name(word))) else _SHORT, key


def _is_short_name(word: str) -> bool:
    return len(word) == 2 and word.isupper() and word != "RT"


def _in_run(part: str, start: int, end: int) -> Iterator[_Word]:
    """The words of a run of letters without spaces. In Japanese, which has kana in it, an ideograph is a word."""
    run = part[start:end]
    has_kana, begin = _KANA.search(run) is not None, 0
    for until in _parted(run):
        kind, key = _read(run[begin:until])
        if has_kana and until - begin == 1 and _IDEOGRAPH.match(run, begin):
            kind = _BESIDE
        yield _Word(start + begin, start + until, kind, key)
        begin = until


@lru_cache(maxsize=1 << 12)  # of posts that are passed on
def _parted(run: str) -> tuple[int, ...]:
    """Where the words that ICU sees within a run of letters end, one behind the other."""
    ends = tuple([end for _, end in _breaker()(run, "root").segments()])
    if run.isascii() or max(run) <= "\uffff":
        return ends
    units = run.encode("utf-16-le", "surrogatepass")  # in which ICU counts
    return tuple([len(units[: 2 * end].decode("utf-16-le", "replace")) for end in ends])


@lru_cache(maxsize=1)
def _breaker() -> type[WordBreaker]:
    from icu4py.breakers import WordBreaker  # 40 MB, for those alone who read such texts

    return WordBreaker
