"""Hashtags, cashtags, mentions and links of any other channel: hashtags are Unicode's hashtag identifiers, with emoji.

UAX #31, requirement R8 with the extended characters. The profile: `-` only between other characters, at least one
character that is neither digit nor joiner nor `+ - _` (so `#1` is no topic), keycaps whole, no `&` before the sign.
"""

from __future__ import annotations

import re

import regex

from pipeline.text.entities import MAX_LINK, Item, Rules, may_be_in_link, outside
from pipeline.text.twitter import cashtags

_CONTINUE = r"[\p{XID_Continue}\p{Extended_Pictographic}\p{Emoji_Component}+_--[#﹟＃*-]]"
_UNIT = rf"(?:{_CONTINUE}|[#*]\ufe0f?\u20e3)"
_HASH = re.compile("[#﹟＃]")
_NOT_BEFORE_HASH = regex.compile(rf"[{_CONTINUE}&]", regex.VERSION1)
_BODY = regex.compile(rf"(?![\ufe0f\u20e3]){_UNIT}++(?:-{_UNIT}++)*+", regex.VERSION1)
_MAKES_A_TAG = regex.compile(r"[\p{XID_Start}\p{Extended_Pictographic}\p{Regional_Indicator}\u20e3]")

_MENTION = regex.compile(
    r"(?<![\p{L}\p{M}\p{N}_@=/.+&-])@[A-Za-z0-9_]+(?:[.-]+[A-Za-z0-9_]+)*(?:@[\p{L}\p{N}_]+(?:[.-]+[\p{L}\p{N}_]+)*)?"
)
_NOT_AFTER_MENTION = regex.compile(r"[@\p{L}\p{M}\p{N}]|://")
_URL = re.compile(
    rf"""(?<![A-Za-z0-9@#$])https?://[^\s<>"{{}}|\\^`\x00-\x1f\x7f-\x9f]{{1,{MAX_LINK}}}""",
    re.IGNORECASE | re.ASCII,
)
_TRAILING = ".,;:!?'\"*_~…»”’」』】。、！？"
_PAIRS = {")": "(", "]": "["}


def hashtags(text: str) -> list[Item]:
    """The hashtags, but for those inside links."""
    found = []
    has_links, inside_links = "://" in text, False
    for sign in _HASH.finditer(text):
        start = sign.start()
        if start and _NOT_BEFORE_HASH.match(text, start - 1):
            continue
        body = _BODY.match(text, start + 1)
        if body and _MAKES_A_TAG.search(body[0]):
            found.append(Item(text[start : body.end()], start, body.end()))
            inside_links = inside_links or (has_links and may_be_in_link(text, start, "://"))
    return outside(found, urls(text)) if inside_links else found


def mentions(text: str) -> list[Item]:
    """The mentions (`@name`, `@name@host`), but for those inside links; an e-mail address is none."""
    if "@" not in text:
        return []
    found = [
        Item(mention[0], mention.start(), mention.end())
        for mention in _MENTION.finditer(text)
        if not _NOT_AFTER_MENTION.match(text, mention.end())
    ]
    return outside(found, urls(text)) if found else found


def urls(text: str) -> list[Item]:
    """The http and https links, less the punctuation after them and closing brackets that were not opened inside."""
    if "://" not in text:
        return []
    found = []
    for link in _URL.finditer(text):
        url = link[0]
        surplus = {closing: url.count(closing) - url.count(opening) for closing, opening in _PAIRS.items()}
        end = len(url)
        while end:
            last = url[end - 1]
            if last in _TRAILING:
                end -= 1
            elif surplus.get(last, 0) > 0:
                surplus[last] -= 1
                end -= 1
            else:
                break
        if not url[:end].endswith("/") or url[:end].count("/") > 2:
            found.append(Item(url[:end], link.start(), link.start() + end))
    return found


UNICODE = Rules(hashtags, cashtags, mentions, urls)
