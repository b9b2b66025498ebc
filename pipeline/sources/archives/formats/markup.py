"""The text of a post written in HTML, as its reader sees it: links, mentions and hashtags as written, lines kept."""

from __future__ import annotations

import html
import re

# `[^<>]` keeps this linear: a flood of "<" fails at the next character each time
_TAG = re.compile(r"<(?:(/?)([A-Za-z][A-Za-z0-9]{0,15})|[!?])[^<>]*>")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_HIDDEN = re.compile(r"<(script|style|title)\b[^<>]*>.*?(?:</\1\b[^<>]*>|\Z)", re.DOTALL | re.IGNORECASE)
_OVERLONG_NUMBER = re.compile(r"&#[xX]?[0-9a-fA-F]{9,};?")  # html.unescape refuses numbers of thousands of digits
_BLANK_LINES = re.compile(r"\n{3,}")
_PARAGRAPHS = frozenset({"p", "div", "blockquote", "ul", "ol", "pre", "h1", "h2", "h3", "h4", "h5", "h6"})
_LINES = frozenset({"br", "li"})


def text_of(content: str) -> str:
    """Plain text of an HTML fragment: `<br>` a newline, paragraphs a blank line apart, entities decoded.

    Linear in the length of the content, whatever it holds; text that only looks like markup stays.

    >>> text_of('<p>Bonjour <a href="https://a.example/tags/ete">#<span>été</span></a> &amp; co</p><p>Fin</p>')
    'Bonjour #été & co\\n\\nFin'
    """
    if "<" in content:
        if "<!--" in content:
            content = _COMMENT.sub("", content)
        if "<s" in content or "<S" in content or "<t" in content or "<T" in content:
            content = _HIDDEN.sub("", content)
        content = _TAG.sub(_replaced, content)
    if "&" in content:
        content = html.unescape(_OVERLONG_NUMBER.sub("\ufffd", content))
    if "\n" in content:
        content = "\n".join(line.strip(" \t\r\f") for line in content.split("\n"))
        content = _BLANK_LINES.sub("\n\n", content)
    return content.strip()


def _replaced(found: re.Match[str]) -> str:
    name = (found[2] or "").lower()
    if name in _PARAGRAPHS:
        return "\n\n"
    if name in _LINES and not found[1]:
        return "\n"
    return ""
