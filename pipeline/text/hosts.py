"""Links as twitter-text finds them: with or without `http://`, between any scripts, by known top-level domains.

The rules are those of its `extractUrl` pattern, which takes cubic time on hostile text (`a.a.a.a...`). Here every
run of host characters is looked at once: which dots a name may end at is worked out from right to left.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pipeline.text.entities import MAX_LINK, Item
from pipeline.text.tlds import ASCII_TLDS, LONGEST_OTHER, OTHER_TLDS

SPACES = r"\t-\r \x85\xa0\u1680\u180e\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
PUNCTUATION = r"!'#%&()*+,\\\-./:;<=>?@\[\]^_{|}~$"
LATIN_ACCENTS = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b\u02bb"
    r"\u0300-\u036f\u1e00-\u1eff"
)
_INVALID = r"\ufffe\ufeff\uffff"
_DIRECTIONAL = r"\u202a-\u202e\u061c\u200e\u200f\u2066-\u2069"
_NOT_IN_A_HOST = PUNCTUATION.replace(r"\-", "").replace(".", "").replace("_", "") + SPACES + _INVALID + _DIRECTIONAL
_HOST_RUN = re.compile(rf"[^{_NOT_IN_A_HOST}]+")
_NO_LINK_AFTER = re.compile(rf"[A-Za-z0-9@＠$#＃{_INVALID}]")
_ASCII_TLD = re.compile(r"[A-Za-z]+(?![0-9A-Za-z@+-])")
_AFTER_TLD = re.compile(r"[0-9A-Za-z@+-]")
_PUNYCODE_TLD = re.compile(r"[xX][nN]--[-0-9A-Za-z]+")
_OTHER_FIRST = frozenset(tld[0] for tld in OTHER_TLDS)
_LATIN_LABELS = re.compile(rf"(?:[-A-Za-z0-9{LATIN_ACCENTS}]++\.)++")

_PATH_CHAR = rf"[a-zA-Z\u0400-\u04ff0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&{LATIN_ACCENTS}]"
_PARENTHESES = rf"\((?:{_PATH_CHAR}+|{_PATH_CHAR}*\({_PATH_CHAR}+\){_PATH_CHAR}*)\)"
_PATH_END = rf"(?:[+\-a-zA-Z\u0400-\u04ff0-9=_#/{LATIN_ACCENTS}]|{_PARENTHESES})"
_PATH = rf"(?:{_PATH_CHAR}*(?:{_PARENTHESES}{_PATH_CHAR}*)*{_PATH_END}|@{_PATH_CHAR}+/)"
_QUERY = r"\?[a-zA-Z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-zA-Z0-9\-_&=#/]"
_TCO = re.compile(rf"https?://t\.co/([a-z0-9]+)(?:{_QUERY})?", re.IGNORECASE | re.ASCII)
_TCO_SLUG_LENGTH = 40
_LABEL_LENGTH = 63
_DEFAULT_PROTOCOL = "https://"
_LABEL_DOTS = re.compile("[\u3002\uff0e\uff61]")


class LinkRules(NamedTuple):
    """How a network's links differ: the protocols, what may follow the host, whether a protocol may be missing."""

    protocol: re.Pattern[str]  # matched backwards from the host: the longest one ends there
    rest: re.Pattern[str]  # group 1 is the path
    bare: bool


TWITTER_LINKS = LinkRules(
    re.compile(r"https?://", re.IGNORECASE | re.ASCII),
    re.compile(rf"(?::[0-9]+)?(/{_PATH}*)?(?:{_QUERY})?"),
    bare=True,
)


def find_links(text: str, rules: LinkRules) -> list[Item]:
    """The links of a text, in order of occurrence; time grows with the length of the text only."""
    if ("." if rules.bare else "://") not in text:
        return []
    protocols = {found.end(): found.start() for found in rules.protocol.finditer(text)}
    if not (rules.bare or protocols):
        return []
    links: list[Item] = []
    position = 0
    for run in _HOST_RUN.finditer(text):
        if run.end() <= position or "." not in run[0]:
            continue
        position = _links_of_run(text, run.start(), run.end(), position, protocols, rules, links)
    return links


def _links_of_run(
    text: str, begin: int, end: int, position: int, protocols: dict[int, int], rules: LinkRules, links: list[Item]
) -> int:
    """Adds the links whose host lies in text[begin:end]; returns where the search goes on."""
    names = _HostNames(text, begin, end)
    if not names.any:
        return position
    protocol_start = protocols.get(begin, -1)
    if protocol_start >= position and _may_follow(text, protocol_start, position):
        host_end = names.end_from(begin, 0)
        if host_end:
            position = _add_link(text, protocol_start, begin, host_end, rules, links)
    if not rules.bare:
        return position
    for index, (start, dot) in enumerate(zip(names.starts, names.dots, strict=True)):
        at = max(start, position)
        while at < dot:
            host_end = names.end_from(at, index) if text[at] not in "_-" and _may_follow(text, at, position) else 0
            if host_end:
                position = _add_link(text, at, at, host_end, rules, links)
                at = max(at + 1, position)
            elif names.hopeless(index):
                break
            else:
                at += 1
    return position


def _may_follow(text: str, start: int, position: int) -> bool:
    """Whether a link may start here: after a character that is not part of an earlier match and allows it."""
    return start == 0 or (start > position and not _NO_LINK_AFTER.match(text, start - 1))


class _HostNames:
    """The host names in one run of host characters: for each label, the last dot that a name over it can end at."""

    def __init__(self, text: str, begin: int, end: int) -> None:
        self._text = text
        self.dots: list[int] = []
        self.starts: list[int] = []
        at = begin
        while (dot := text.find(".", at, end)) >= 0:
            self.starts.append(at)
            self.dots.append(dot)
            at = dot + 1
        self._tld_ends = [_tld_end(text, dot + 1) for dot in self.dots]
        self.any = any(self._tld_ends)
        if not self.any:
            return
        self._beyond = [0] * len(self.dots)  # where a name ends that goes on past the dot; 0 for none
        beyond = 0
        for index in range(len(self.dots) - 1, -1, -1):
            self._beyond[index] = beyond
            start, dot = self.starts[index], self.dots[index]
            if start == dot or text[start] in "_-" or text[dot - 1] in "_-":
                beyond = 0
            elif not beyond and "_" not in text[start:dot]:
                beyond = self._tld_ends[index]

    def end_from(self, start: int, index: int) -> int:
        """The end of the longest name from a start within a label; 0 for none."""
        dot = self.dots[index]
        if start >= dot or self._text[start] in "_-" or self._text[dot - 1] in "_-":
            return 0
        if self._beyond[index]:
            return self._beyond[index]
        return self._tld_ends[index] if self._text.find("_", start, dot) < 0 else 0

    def hopeless(self, index: int) -> bool:
        """Whether no start within the label makes a name."""
        return self._text[self.dots[index] - 1] in "_-" or not (self._beyond[index] or self._tld_ends[index])


def _tld_end(text: str, start: int) -> int:
    """The end of the top-level domain that begins here; 0 for none."""
    found = _ASCII_TLD.match(text, start)
    if found and found[0].lower() in ASCII_TLDS:
        return found.end()
    found = _PUNYCODE_TLD.match(text, start)
    if found:
        return found.end()
    if text[start : start + 1].lower() in _OTHER_FIRST:
        written = text[start : start + LONGEST_OTHER]
        lower = written.lower()
        if len(lower) == len(written):
            for length in range(len(lower), 1, -1):
                if lower[:length] in OTHER_TLDS and not _AFTER_TLD.match(text, start + length):
                    return start + length
    return 0


def _add_link(text: str, start: int, host_start: int, host_end: int, rules: LinkRules, links: list[Item]) -> int:
    """Adds the link with this host, if it is one; returns the end of what was looked at, which is not tried again."""
    rest = rules.rest.match(text, host_end)
    end = rest.end() if rest else host_end
    host = text[host_start:host_end]
    protocol_length = host_start - start or len(_DEFAULT_PROTOCOL)
    if not _is_resolvable(host, protocol_length + end - start):
        return end
    if start < host_start:
        tco = _TCO.match(text, start, end)
        if tco:
            if len(tco[1]) <= _TCO_SLUG_LENGTH:
                links.append(Item(tco[0], start, tco.end()))
        else:
            links.append(Item(text[start:end], start, end))
    elif start == 0 or text[start - 1] not in "-_./":
        latin = _latin_names(host)
        for index, (name_start, name_end) in enumerate(latin, 1):
            link_start, link_end = start + name_start, start + name_end
            if index == len(latin) and rest and rest[1] is not None:
                link_end = end
            links.append(Item(text[link_start:link_end], link_start, link_end))
    return end


def _is_resolvable(host: str, url_length: int) -> bool:
    """Whether every label fits into the name system once encoded, and the whole link into its limit."""
    if host.startswith("xn--") and not _latin_names(host):
        return False
    for label in host.split("."):
        encoded = 0
        if label.isascii():
            encoded = len(label)
        else:
            # a label of other scripts is as long as its code; the length is tried first, as encoding is quadratic
            if len(label) > _LABEL_LENGTH:
                return False
            for part in _LABEL_DOTS.split(label):
                try:
                    encoded += len(part) + 1 if part.isascii() else len(part.encode("punycode")) + 5
                except UnicodeError:
                    return False
            encoded -= 1
        if not 1 <= encoded <= _LABEL_LENGTH:
            return False
        url_length += encoded - len(label) if encoded > len(label) else 0
    return url_length <= MAX_LINK


def _latin_names(host: str) -> list[tuple[int, int]]:
    """The parts of a host that are names in Latin letters: between other scripts, only they are links."""
    names = []
    at = 0
    while found := _LATIN_LABELS.search(host, at):
        at = found.end()
        dot = at - 1
        while dot > found.start():
            tld_end = _tld_end(host, dot + 1)
            if tld_end:
                names.append((found.start(), tld_end))
                at = tld_end
                break
            dot = host.rfind(".", found.start(), dot)
    return names
