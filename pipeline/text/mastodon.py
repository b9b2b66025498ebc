"""Hashtags, mentions and links as Mastodon finds them; its posts have no cashtags."""

from __future__ import annotations

import re

import regex

from pipeline.text.entities import Item, Rules
from pipeline.text.hosts import LinkRules, find_links
from pipeline.text.twitter import NOT_AFTER_MENTION

# Mastodon takes one alphabetic symbol that is no letter (a Roman numeral, a circled letter) into a tag; here any number
_WORD = r"\p{L}\p{M}\p{Nd}\p{Pc}\p{Alphabetic}"
_SEPARATORS = "_\xb7\u30fb\u200c"
_HASH = regex.compile(r"(?<![^\p{White_Space}])[#＃]")
_RUN = regex.compile(rf"[{_WORD}][{_WORD}{_SEPARATORS}]*")
_WORDS = regex.compile(rf"[{_WORD}]+")
_ALPHABETIC = regex.compile(r"\p{Alphabetic}")
_ALPHABETIC_OR_SEPARATOR = regex.compile(rf"[\p{{Alphabetic}}{_SEPARATORS}]")

_HANDLE = r"[a-zA-Z0-9_]+(?:[.-]+[a-zA-Z0-9_]+)*"
_MENTION = regex.compile(
    rf"(?<![=/\p{{L}}\p{{M}}\p{{Nd}}\p{{Pc}}])@{_HANDLE}"
    r"(?:@[\p{L}\p{M}\p{Nd}\p{Pc}]+(?:[.-]+[\p{L}\p{M}\p{Nd}\p{Pc}]+)*)?"
)

_PATH_CHAR = r"[^\s<>()?]"
_PARENTHESES = rf"\((?:{_PATH_CHAR}+|{_PATH_CHAR}*\({_PATH_CHAR}+\){_PATH_CHAR}*)\)"
_PATH_END = rf"""(?:[^\s()?!*"'「」<>;:=,.$%\[\]~&|@]|{_PARENTHESES})"""
_PATH = rf"(?:{_PATH_CHAR}*(?:{_PARENTHESES}{_PATH_CHAR}*)*{_PATH_END})"
_BEYOND_ASCII = "\xa0-\ud7ff\ue000-\ufdcf\ufdf0-\uffef\U00010000-\U0010fffd"
_QUERY = rf"\?[a-zA-Z0-9!?*'();:&=+$/%#\[\]\-_.,~|@^{_BEYOND_ASCII}]*[a-zA-Z0-9_&=#/\-{_BEYOND_ASCII}]"
_LINKS = LinkRules(
    re.compile(r"(?:https?|dat|dweb|ipfs|ipns|ssb|gopher|gemini)://", re.IGNORECASE | re.ASCII),
    re.compile(rf"(?::[0-9]+)?(/{_PATH}*)?(?:{_QUERY})?"),
    bare=False,
)


def hashtags(text: str) -> list[Item]:
    """The hashtags: after white space, of word characters, with single separators (`·`, `・`, ZWNJ) inside."""
    found = []
    for sign in _HASH.finditer(text):
        run = _RUN.match(text, sign.end())
        if not run:
            continue
        end = _tag_end(run[0])
        if end:
            tag_end = sign.end() + end
            if text.startswith("://", tag_end):
                tag_end -= _protocol_length(run[0][:end])
            found.append(Item(text[sign.start() : tag_end], sign.start(), tag_end))
    return found


def _tag_end(run: str) -> int:
    """How much of a run of word characters and separators is a tag; 0 for none.

    Up to the last word character if something alphabetic or a separator lies before it (and after the first), else
    the leading word characters if one of them is alphabetic.
    """
    last = len(run.rstrip("\xb7\u30fb\u200c")) - 1  # the other separator is a word character
    if _ALPHABETIC_OR_SEPARATOR.search(run, 1, last):
        return last + 1
    words = _WORDS.match(run)
    assert words, "a run begins with a word character"
    return words.end() if _ALPHABETIC.search(words[0]) else 0


def _protocol_length(tag: str) -> int:
    for protocol in ("https", "http"):
        if tag.endswith(protocol) and len(tag) > len(protocol):
            return len(protocol)
    return 0


def cashtags(text: str) -> list[Item]:
    """None: Mastodon has no cashtags."""
    del text
    return []


def mentions(text: str) -> list[Item]:
    """The mentions: `@name` and `@name@host`."""
    if "@" not in text:
        return []
    return [
        Item(found[0], found.start(), found.end())
        for found in _MENTION.finditer(text)
        if not NOT_AFTER_MENTION.match(text, found.end())
    ]


def urls(text: str) -> list[Item]:
    """The links, with their protocol: http, https and those of a few peer-to-peer networks."""
    return find_links(text, _LINKS)


MASTODON = Rules(hashtags, cashtags, mentions, urls)
