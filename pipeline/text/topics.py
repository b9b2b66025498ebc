"""A post's topics: the hashtags and cashtags of its text by the rules of its source, and the tags its network declares.

Every post passes here, so the common text (tags of Latin letters, each after white space) takes one pattern that
finds exactly what the dialect's own rules find, or finds fewer signs than there are; only then do the rules run. The
same pattern stands compiled in _scan.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache

from pipeline.text._compiled import scan
from pipeline.text.cells import Dialect, dialect_of, source_name
from pipeline.text.entities import Entities, Item, Rules
from pipeline.text.keys import fold, readable, tag_named
from schemas import Post

CUT_LENGTH = 100  # characters: shorter texts are not cut by any interface
MAX_LINK_BEHIND = 40  # characters of a link behind a text that was cut
MAX_SPELLING = 256  # characters; what is longer is no topic: no network has such tags, and keys are kept for hours

# What the dialects agree on: a tag of these letters, after one of these spaces, before what none takes into a tag
_LETTERS = r"A-Za-zÀ-ÖØ-öø-ÿ"
_SPACES = r" \t\n\r\xa0\u3000"
_AFTER_SPACE = f"(?<![^{_SPACES}].)"
_HASHTAG = rf"#{_AFTER_SPACE}[0-9_]{{0,3}}[{_LETTERS}][0-9_{_LETTERS}]{{0,60}}+"
_BEFORE_MARK = rf"(?=[{_SPACES}.,;!?)\"'…]|:(?!/)|$)"
_BEFORE_SPACE = rf"(?=[.,;:!?)\"'…]*(?:[{_SPACES}]|$))"
_CASHTAG = rf"\${_AFTER_SPACE}[A-Za-z]{{1,5}}+(?=[ \t\n\r,;:!?)]|\.(?![A-Za-z])|$)"
# an amount or a number: a sign that no dialect reads as a tag, found so that it is accounted for
_NUMBER = rf"#(?=[0-9]{{1,20}}(?:[{_SPACES}]|$))"
_NO_TAG = rf"{_NUMBER}|\$(?:(?=[0-9$ ])|(?<=[A-Za-z0-9]\$))"
# dialect: what it finds in common text, and whether it knows cashtags
_PLAIN: dict[Dialect, tuple[re.Pattern[str], bool]] = {
    "twitter": (re.compile(f"{_HASHTAG}{_BEFORE_MARK}|{_CASHTAG}|{_NO_TAG}", re.DOTALL), True),
    "unicode": (re.compile(f"{_HASHTAG}{_BEFORE_MARK}|{_CASHTAG}|{_NO_TAG}", re.DOTALL), True),
    # here a tag goes on to the next space, and loses the punctuation it ends in
    "bluesky": (re.compile(f"{_HASHTAG}(?<!_){_BEFORE_SPACE}|{_CASHTAG}|{_NO_TAG}", re.DOTALL), True),
    "mastodon": (re.compile(f"{_HASHTAG}{_BEFORE_MARK}|{_NUMBER}", re.DOTALL), False),
}

_CUT = re.compile(r"([#＃﹟$])([^\s#＃﹟$….]+)(?:…|\.\.\.+)(?:\s*https?://\S{1,30})?\s*\Z")
_SEPARATORS = re.compile("[·・]")


def topics_of(post: Post) -> tuple[str, ...]:
    """The spellings of a post's topics, `#` or `$` included, each topic key once, under its first spelling.

    In order of occurrence in the text, then as declared. The full-width sign is written `#`. A tag of which nothing can
    be seen is no topic, nor what is left of one where the text was cut.
    """
    text = post.text
    tags = post.tags
    if "#" in text or "$" in text or "＃" in text or "﹟" in text:
        spellings = spellings_of(text, dialect_of(source_name(post.source)))
    elif not tags:
        return ()
    else:
        spellings = []
    stump = cut_tag(text) if "…" in text or "..." in text else None
    if stump and stump in spellings:
        spellings = _without_last(spellings, stump)
    if tags:
        known = set(spellings)  # what most networks declare stands in the text
        if others := [name for name in tags if name not in known and "#" + name not in known]:
            spellings = spellings + _declared(others, spellings, text, stump)
    if len(spellings) == 1 and spellings[0].isascii() and spellings[0].isprintable():
        return (spellings[0],)
    first: dict[str, str] = {}
    for spelling in dict.fromkeys(spellings):
        if spelling.isascii() and spelling.isprintable():
            key = spelling.lower()  # what folding gives where there is no space, and none is in a tag
        else:
            spelling = readable(spelling)
            key = fold(spelling)
        if len(key) > 1:
            first.setdefault(key, spelling)
    return tuple(first.values())


def spellings_of(text: str, dialect: Dialect) -> list[str]:
    """The hashtags and cashtags of a text in order of occurrence, repeated ones too, their sign written `#`."""
    pattern, has_cashtags = _PLAIN[dialect]
    if scan is not None:
        compiled = scan.tags(text, has_cashtags, dialect == "bluesky")
        return full_spellings_of(text, dialect) if compiled is None else compiled
    found: list[str] = pattern.findall(text)
    signs = text.count("#") + (text.count("$") if has_cashtags else 0)
    if len(found) == signs and "＃" not in text and "﹟" not in text:
        return [spelling for spelling in found if len(spelling) > 1] if "$" in found or "#" in found else found
    return full_spellings_of(text, dialect)


@lru_cache(maxsize=4_096)
def how_read(source: str | None) -> int:
    """How the texts of a source are read, as the compiled rules want to know it: 1 for cashtags, 2 for tags that go on
    to the next space."""
    dialect = dialect_of(source_name(source))
    return _PLAIN[dialect][1] | (dialect == "bluesky") << 1


@cache
def rules_of(dialect: Dialect) -> Rules:
    """A dialect's own rules, loaded with the first text that needs them: patterns take a while to compile, and most
    archives are of one network."""
    if dialect == "twitter":
        from pipeline.text.twitter import TWITTER as RULES
    elif dialect == "mastodon":
        from pipeline.text.mastodon import MASTODON as RULES
    elif dialect == "bluesky":
        from pipeline.text.bluesky import BLUESKY as RULES
    else:
        from pipeline.text.identifiers import UNICODE as RULES
    return RULES


def full_spellings_of(text: str, dialect: Dialect) -> list[str]:
    """The same by the dialect's own rules alone."""
    return list(_by_rules(text, dialect))


@lru_cache(8)  # a page asks several times about a post: its walls, whether it is blocked, its topics
def _by_rules(text: str, dialect: Dialect) -> tuple[str, ...]:
    rules = rules_of(dialect)
    items = rules.hashtags(text)
    cashtags = rules.cashtags(text)
    if cashtags:
        items = sorted(items + cashtags, key=_start)
    return tuple(
        item.text if item.text[0] in "#$" else "#" + item.text[1:] for item in items if len(item.text) <= MAX_SPELLING
    )


def _start(item: Item) -> int:
    return item.start


def cut_tag(text: str) -> str | None:
    """The tag in which a text was cut by whoever passed it on: what is left of it, which is no topic.

    Only an ellipsis at the end of a text that looks cut tells so (a retweet, or CUT_LENGTH characters and more), a
    link behind it aside: people write `#wow…` too.

    >>> cut_tag("RT @ana: all of it on the quay tonight #HarbourFe…"), cut_tag("so #wow…")
    ('#HarbourFe', None)
    """
    found = _CUT.search(text, max(0, len(text) - MAX_SPELLING - MAX_LINK_BEHIND))
    if found is None or not (len(text) >= CUT_LENGTH or text.startswith("RT @")):
        return None
    return ("$" if found[1] == "$" else "#") + found[2]


def _without_last(spellings: list[str], stump: str) -> list[str]:
    last = len(spellings) - 1 - spellings[::-1].index(stump)
    return spellings[:last] + spellings[last + 1 :]


def _declared(tags: Iterable[str], found: Sequence[str], text: str, stump: str | None) -> list[str]:
    """Declared tags as spellings; one that is empty, nothing but a sign, or too long is none.

    Of a tag that the text has and the network declares under a name of its own folding, the text's spelling stands; of
    a retweet that was cut, the stump may be declared too, and is none.
    """
    spellings = [spelling for spelling in map(tag_named, tags) if 1 < len(spelling) <= MAX_SPELLING]
    if stump and text.startswith("RT @"):
        spellings = [spelling for spelling in spellings if spelling != stump]
    bare = {_bare(spelling): spelling for spelling in found if not spelling.isascii()}
    return [bare.get(_bare(spelling), spelling) for spelling in spellings] if bare else spellings


def _bare(spelling: str) -> str:
    """A key without the signs inside a tag that some networks leave out of its name."""
    return _SEPARATORS.sub("", fold(spelling))


def extract(text: str, dialect: Dialect) -> Entities:
    """Everything a dialect finds in a text. Indices are code points; texts are as written, sigil included."""
    rules = rules_of(dialect)
    return Entities(rules.hashtags(text), rules.cashtags(text), rules.mentions(text), rules.urls(text))
