"""Hashtags, cashtags, mentions and links as Bluesky's own client finds them (rich text detection of AT Protocol)."""

from __future__ import annotations

import re

import regex

from pipeline.text.entities import Item, Rules
from pipeline.text.tlds import ASCII_TLDS, OTHER_TLDS

_SPACE = r"\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_ENDS_A_TAG = rf"{_SPACE}\xad\u2060\u200a-\u200d\u20e2"
_TAG = re.compile(rf"(?<![^{_SPACE}])[#＃](?!\ufe0f)[^{_ENDS_A_TAG}]+")
_MAKES_A_TAG = regex.compile(r"[^0-9\p{P}]")
_TRAILING_PUNCTUATION = regex.compile(r"\p{P}")
_TAG_LENGTH = 64  # UTF-16 code units

_CASHTAG = re.compile(rf"(?<![^{_SPACE}(])\$[A-Za-z][A-Za-z0-9]{{0,4}}(?![^{_SPACE}.,;:!?)\"'\u2019])")
_MENTION = re.compile(rf"(?<![^{_SPACE}(])@([a-zA-Z0-9.-]+)\b", re.ASCII)
_URL = re.compile(
    rf"(?:^|[{_SPACE}(])(https?://[^{_SPACE}]+|([a-z][a-z0-9]*(?:\.[a-z0-9]+)+)[^{_SPACE}]*)", re.IGNORECASE | re.ASCII
)


def hashtags(text: str) -> list[Item]:
    """The hashtags: everything up to white space, less trailing punctuation, with more than digits and punctuation."""
    found = []
    for tag in _TAG.finditer(text):
        start, end = tag.span()
        while end > start + 1 and _TRAILING_PUNCTUATION.match(text, end - 1):
            end -= 1
        body = text[start + 1 : end]
        if len(body) <= _TAG_LENGTH and _utf16_length(body) <= _TAG_LENGTH and _MAKES_A_TAG.search(body):
            found.append(Item(text[start:end], start, end))
    return found


def _utf16_length(text: str) -> int:
    return len(text) + sum(character > "\uffff" for character in text)


def cashtags(text: str) -> list[Item]:
    """The cashtags: `$`, a letter and up to four letters or digits."""
    if "$" not in text:
        return []
    return [Item(found[0], found.start(), found.end()) for found in _CASHTAG.finditer(text)]


def mentions(text: str) -> list[Item]:
    """The mentions: `@` and a handle, which is a host name."""
    if "@" not in text:
        return []
    return [
        Item(found[0], found.start(), found.end())
        for found in _MENTION.finditer(text)
        if _is_domain(found[1]) or found[1].endswith(".test")
    ]


def urls(text: str) -> list[Item]:
    """The links, with or without a protocol, less a punctuation mark and a stray parenthesis at the end."""
    found = []
    for link in _URL.finditer(text):
        url = link[1]
        if not url.startswith("http") and not (link[2] and _is_domain(link[2])):
            continue
        if url[-1] in ".,;:!?":
            url = url[:-1]
        if url.endswith(")") and "(" not in url:
            url = url[:-1]
        found.append(Item(url, link.start(1), link.start(1) + len(url)))
    return found


def _is_domain(name: str) -> bool:
    _, dot, last = name.rpartition(".")
    return bool(dot) and (last in ASCII_TLDS or last in OTHER_TLDS)


BLUESKY = Rules(hashtags, cashtags, mentions, urls)
