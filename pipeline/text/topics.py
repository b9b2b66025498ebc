"""A post's topics: the hashtags and cashtags of its text by the rules of its source, and the tags its network declares.

Every post passes here, so the common text (tags of Latin letters, each after white space) takes one pattern that
finds exactly what the dialect's own rules find, or finds fewer signs than there are; only then do the rules run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pipeline.text.bluesky import BLUESKY
from pipeline.text.cells import Dialect, dialect_of, source_name
from pipeline.text.entities import Entities, Item, Rules
from pipeline.text.identifiers import UNICODE
from pipeline.text.keys import fold, readable, tag_named
from pipeline.text.mastodon import MASTODON
from pipeline.text.twitter import TWITTER
from schemas import Post

MAX_SPELLING = 256  # characters; what is longer is no topic: no network has such tags, and keys are kept for hours
RULES: dict[Dialect, Rules] = {"twitter": TWITTER, "mastodon": MASTODON, "bluesky": BLUESKY, "unicode": UNICODE}

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


def topics_of(post: Post) -> tuple[str, ...]:
    """The spellings of a post's topics, `#` or `$` included, each topic key once, under its first spelling.

    In order of occurrence in the text, then as declared. The full-width sign is written `#`. A tag of which nothing can
    be seen is no topic.
    """
    text = post.text
    tags = post.tags
    if "#" in text or "$" in text or "＃" in text or "﹟" in text:
        spellings = spellings_of(text, dialect_of(source_name(post.source)))
    elif not tags:
        return ()
    else:
        spellings = []
    if tags:
        spellings = spellings + _declared(tags)
    if len(spellings) == 1 and spellings[0].isascii() and spellings[0].isprintable():
        return (spellings[0],)
    first: dict[str, str] = {}
    for spelling in spellings:
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
    found: list[str] = pattern.findall(text)
    signs = text.count("#") + (text.count("$") if has_cashtags else 0)
    if len(found) == signs and "＃" not in text and "﹟" not in text:
        return [spelling for spelling in found if len(spelling) > 1] if "$" in found or "#" in found else found
    return full_spellings_of(text, dialect)


def full_spellings_of(text: str, dialect: Dialect) -> list[str]:
    """The same by the dialect's own rules alone."""
    rules = RULES[dialect]
    items = rules.hashtags(text)
    cashtags = rules.cashtags(text)
    if cashtags:
        items = sorted(items + cashtags, key=_start)
    return [item.text if item.text[0] in "#$" else "#" + item.text[1:] for item in items
            if len(item.text) <= MAX_SPELLING]


def _start(item: Item) -> int:
    return item.start


def _declared(tags: Iterable[str]) -> list[str]:
    """Declared tags as spellings; one that is empty, nothing but a sign, or too long is none."""
    return [spelling for spelling in map(tag_named, tags) if 1 < len(spelling) <= MAX_SPELLING]


def extract(text: str, dialect: Dialect) -> Entities:
    """Everything a dialect finds in a text. Indices are code points; texts are as written, sigil included."""
    rules = RULES[dialect]
    return Entities(rules.hashtags(text), rules.cashtags(text), rules.mentions(text), rules.urls(text))
