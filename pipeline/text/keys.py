"""What counts as the same: the key of a topic's spellings, and the key of a post's words."""

from __future__ import annotations

import re
from functools import lru_cache

import regex

from pipeline.text._compiled import scan
from pipeline.text.normal import normalized

# the flags of nations like Scotland differ in characters that nobody sees
_FLAG = r"\N{WAVING BLACK FLAG}[\U000E0020-\U000E007E]{1,6}\U000E007F"
_INVISIBLE = regex.compile(rf"({_FLAG})|\p{{Default_Ignorable_Code_Point}}+")
_NOT_IN_A_KEY = regex.compile(rf"({_FLAG})|[\p{{Default_Ignorable_Code_Point}}\p{{Cc}}\p{{Cf}}\p{{White_Space}}]+")
_JOINED = r"\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}"
_NOT_IN_A_SPELLING = regex.compile(
    rf"({_FLAG}|(?<=[{_JOINED}])[\u200c\u200d](?=[{_JOINED}]))|[\p{{Cc}}\p{{Cf}}\p{{White_Space}}]"
)
# letters, marks and digits; and what stands between two digits, as in 2.0
WORD = regex.compile(
    r"[\p{L}\p{M}\p{Nd}\u200c\u200d]++(?:(?<=\p{Nd})[.,:](?=\p{Nd})[\p{L}\p{M}\p{Nd}\u200c\u200d]++)*+"
)
_ACCENTED = regex.compile(r"([\p{Latin}\p{Greek}\p{Cyrillic}--\p{M}])\p{M}+", regex.VERSION1)

# points of Hebrew, vowel marks of Arabic, which are left out for adults; hamza and madda make letters, and stay
_VOWEL_MARKS = (*range(0x591, 0x5BE), 0x5BF, 0x5C1, 0x5C2, 0x5C4, 0x5C5, 0x5C7, *range(0x64B, 0x653), 0x670)

# letters that no accent makes, and what people type who have no key for them
_PLAIN_LETTERS = str.maketrans(
    dict.fromkeys(_VOWEL_MARKS, "")
    | {
        "œ": "oe", "æ": "ae", "þ": "th", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ȷ": "j",
        "ŋ": "n", "ĸ": "k", "ə": "e", "ƀ": "b", "ɓ": "b", "ɖ": "d", "ɗ": "d", "ƙ": "k", "ƴ": "y", "ɨ": "i", "ʉ": "u",
        "ɫ": "l", "ƶ": "z", "ǥ": "g", "\N{ARABIC TATWEEL}": "",
    }
)  # fmt: skip

_QUOTED = re.compile('["“„«](.*)["”“»]', re.DOTALL)
SIGILS = "#$"  # what a key that is no word begins with
_RETWEET = re.compile(r"RT @\w+:? ?")
_LINK_OR_MENTION = re.compile(r"https?://\S+|@\w+")
_LETTERS = re.compile(r"[^\W\d_]+")
_KEY_LENGTH = 60
_MOSTLY_ENOUGH = 96  # characters that mostly have as many letters as a key takes


def _lower_letters_or_spaces(encoding: str) -> bytes:
    """For `bytes.translate`. The encoding has a byte a character, and every letter of it is lower-cased within it."""
    characters = [bytes([code]).decode(encoding, "replace") for code in range(256)]
    return b"".join(it.lower().encode(encoding) if _LETTERS.fullmatch(it) else b" " for it in characters)


_ONE_BYTE = {encoding: _lower_letters_or_spaces(encoding) for encoding in ("latin-1", "cp1252")}


def fold(spelling: str) -> str:
    """The topic key of a spelling (sigil included): what is written differently and is the same topic.

    NFKC, case folded, characters that nobody sees removed, the combining marks of Latin, Greek and Cyrillic letters
    and the vowel marks of Arabic and Hebrew dropped, and letters like œ, ł, ø, ı written as people do who have no key
    for them. Marks of other scripts stay: there they are letters. Folding a key gives the key. A key holds no control,
    format or white-space character, but for those that tell one nation's flag from another's. What has no sigil is
    words (`pipeline.text.words`): its key is theirs, a space between two that are not written together.

    >>> fold("#Présidentielle2022"), fold("＃ｅｔé"), fold("#ガンダム"), fold("$AAPL"), fold("#BonsVœux")
    ('#presidentielle2022', '#ete', '#ガンダム', '$aapl', '#bonsvoeux')
    >>> fold("Fête de l’Île"), fold("Paris-Roubaix"), fold("東京")
    ('fete de l ile', 'paris roubaix', '東京')
    """
    plain = spelling.isascii() and spelling.isprintable() and " " not in spelling
    if plain and (spelling[:1] in SIGILS or spelling.isalnum()):
        return spelling.lower()
    return _tag_key(spelling) if spelling[0] in "#$＃﹟" else _words_key(spelling)


def readable(spelling: str) -> str:
    """The spelling without what has no place in a tag: white space, control and format characters.

    Joiners between letters or emoji stay, as Persian, Sinhala and families of emoji are written with them, and so do
    the flags of nations. The key is that of the spelling as it was.

    >>> readable("#deux mots\\n"), readable("#\\u202ealert\\x1b[31m")
    ('#deuxmots', '#alert[31m')
    """
    if spelling.isprintable() and " " not in spelling:
        return spelling
    return _NOT_IN_A_SPELLING.sub(r"\1", spelling)


def tag_named(name: str) -> str:
    """The spelling of the tag of that name, given with or without its sigil: its words are written together.

    >>> tag_named("CapComNet"), tag_named(" ＃deux mots"), tag_named("$AAPL")
    ('#CapComNet', '#deuxmots', '$AAPL')
    """
    name = readable(name)
    return name if name.startswith("$") else "#" + name.lstrip("#＃﹟")


def topic_key(written: str) -> str:
    """The key of a topic as people write it down: a hashtag or cashtag with or without its sigil, words in quotation
    marks; '' where it has no letters.

    >>> topic_key("CapComNet"), topic_key("＃Été"), topic_key("$AAPL"), topic_key("#"), topic_key('"Fête de l’Île"')
    ('#capcomnet', '#ete', '$aapl', '', 'fete de l ile')
    """
    if quoted := _QUOTED.fullmatch(written.strip()):
        return _words_key(quoted[1])
    key = fold(tag_named(written))
    return key if len(key) > 1 else ""


def fold_text(text: str) -> str:
    """A whole text folded as a topic is, for finding words in it."""
    return text.lower() if text.isascii() else _fold(text, _INVISIBLE)


def _fold(spelling: str, removed: regex.Pattern[str]) -> str:
    # a removed mark or character can let others compose, or be folded further, so until nothing changes:
    # every round but the last shortens the text or brings it nearer to its normal form
    before = ""
    while before != spelling:
        before = spelling
        spelling = normalized("NFKC", spelling).casefold()
        spelling = normalized("NFD", removed.sub(r"\1", spelling))
        spelling = normalized("NFKC", _ACCENTED.sub(r"\1", spelling).translate(_PLAIN_LETTERS))
    return spelling


@lru_cache(maxsize=1 << 15)
def _tag_key(spelling: str) -> str:
    return _fold(spelling, _NOT_IN_A_KEY)


def _words_key(spelling: str) -> str:
    """Word after word: most phrases are new, and made of words that are not."""
    return " ".join(filter(None, map(_key_between_spaces, spelling.split())))


@lru_cache(maxsize=1 << 16)
def _key_between_spaces(written: str) -> str:
    return written.lower() if written.isascii() and written.isalnum() else " ".join(WORD.findall(fold_text(written)))


def text_key(text: str) -> str:
    """The words of a post, by which posts say the same: at most 60 characters of lower-case letters and spaces.

    A leading `RT @name:`, links and mentions are left out, every run of other characters than letters is one space.

    >>> text_key("RT @ann: Encore 2 trains   EN retard!! https://example.com/x @sncf")
    'encore trains en retard'
    """
    if scan is not None:
        compiled = scan.words(text)
        if compiled is not None:
            return compiled
    if text.startswith("RT @"):
        text = _RETWEET.sub("", text, count=1)
    if "http" in text or "@" in text:
        text = _LINK_OR_MENTION.sub(" ", text)
    for encoding, letters_of in _ONE_BYTE.items():
        try:
            letters = text.encode(encoding).translate(letters_of)
        except UnicodeEncodeError:
            continue
        key = b" ".join(letters[:_MOSTLY_ENOUGH].split())
        if len(key) < _KEY_LENGTH:
            key = b" ".join(letters.split())
        return key[:_KEY_LENGTH].decode(encoding)
    return " ".join(_LETTERS.findall(text)).lower()[:_KEY_LENGTH]
