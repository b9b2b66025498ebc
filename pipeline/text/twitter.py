"""Hashtags, cashtags, mentions and links as Twitter (X) finds them: the rules of twitter-text 3.1.

Where its versions in other languages differ, letters, marks and digits are those of today's Unicode.
"""

from __future__ import annotations

import re

import regex

from pipeline.text.entities import Item, Rules, may_be_in_link, outside
from pipeline.text.hosts import LATIN_ACCENTS, PUNCTUATION, SPACES, TWITTER_LINKS, find_links

_HASHTAG_CHAR = (
    r"\p{L}\p{M}\p{Nd}_\u200c\u200d\ua67e\u05be\u05f3\u05f4\uff5e\u301c\u309b\u309c\u30a0\u30fb\u3003\u0f0b\u0f0c\xb7"
)
_HASH = re.compile("[#＃]")
_NOT_BEFORE_HASH = regex.compile(rf"[&{_HASHTAG_CHAR}--[\ufe0e\ufe0f]]", regex.VERSION1)
_HASHTAG_BODY = regex.compile(rf"(?![\ufe0f\u20e3])[{_HASHTAG_CHAR}]*[\p{{L}}\p{{M}}][{_HASHTAG_CHAR}]*")
_NOT_AFTER_HASHTAG = re.compile("[#＃]|://")

# followed by what Twitter lets follow: a quotation mark too (as twitter-text for Ruby), no wide space (as for Java)
_CASHTAG = re.compile(rf"(?<![^{SPACES}])\$[A-Za-z]{{1,6}}(?:[._][A-Za-z]{{1,2}})?(?![^\t-\r {PUNCTUATION}\"`])")

# Twitter has no account with more than 15 characters in its name, where twitter-text still takes 20
_MENTION = re.compile(
    r"(?:^|[^a-zA-Z0-9_!#$%&*@＠]|(?:^|[^a-zA-Z0-9_+~.-])(?:rt|RT|rT|Rt):?)"
    r"([@＠][a-zA-Z0-9_]{1,15}(?![a-zA-Z0-9_])(?:/[a-zA-Z][a-zA-Z0-9_-]{0,24})?)"
)
NOT_AFTER_MENTION = re.compile(rf"[@＠{LATIN_ACCENTS}]|://")


def hashtags(text: str) -> list[Item]:
    """The hashtags, but for those inside links."""
    found = []
    position = 0
    inside_links = False
    for sign in _HASH.finditer(text):
        start = sign.start()
        if start and (start == position or _NOT_BEFORE_HASH.match(text, start - 1)):
            continue
        body = _HASHTAG_BODY.match(text, start + 1)
        if not body:
            continue
        position = body.end()
        if not _NOT_AFTER_HASHTAG.match(text, position):
            found.append(Item(text[start:position], start, position))
            # the full-width sign may stand in a host name itself, before any dot
            inside_links = inside_links or may_be_in_link(text, start, "." if sign[0] == "#" else "://")
    return outside(found, urls(text)) if inside_links else found


def cashtags(text: str) -> list[Item]:
    """The cashtags: `$` and a ticker of up to six letters, a suffix of two allowed."""
    if "$" not in text:
        return []
    return [Item(found[0], found.start(), found.end()) for found in _CASHTAG.finditer(text)]


def mentions(text: str) -> list[Item]:
    """The mentions and lists (`@name/list`), but for those inside links."""
    if "@" not in text and "＠" not in text:
        return []
    found = [
        Item(mention[1], mention.start(1), mention.end())
        for mention in _MENTION.finditer(text)
        if not NOT_AFTER_MENTION.match(text, mention.end())
    ]
    inside_links = any(may_be_in_link(text, item.start, ".") for item in found)
    return outside(found, urls(text)) if inside_links else found


def urls(text: str) -> list[Item]:
    """The links, with or without a protocol."""
    return find_links(text, TWITTER_LINKS)


TWITTER = Rules(hashtags, cashtags, mentions, urls)
