"""Ids that a spreadsheet rounded, or a float: they name no post. Which those of tables are, all of them tell."""

from __future__ import annotations

import re
from dataclasses import dataclass

from xxhash import xxh64_hexdigest

from schemas import Post

WRITTEN = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{2}", re.ASCII)  # 1.7856E+18: most digits are lost
_ENDING = re.compile(r"\d{15}0{2,}", re.ASCII)  # fifteen digits are what a spreadsheet keeps
_LONG = re.compile(r"\d{17,20}", re.ASCII)
_KEPT = 15


def looks_rounded(identity: str) -> bool:
    """Whether an id is one that a spreadsheet rounded, or could be one."""
    return WRITTEN.fullmatch(identity) is not None or _ENDING.fullmatch(identity) is not None


def by_content(author: str, time_ms: int | str, text: str) -> str:
    """Names a post whose table does not: the same row in another file is the same post."""
    return f"row:{xxh64_hexdigest(repr((author, time_ms, text)).encode())}"


@dataclass(slots=True)
class _OfFile:
    rounded: int = 0
    example: str = ""
    told: bool = False


class RoundedIds:
    """Hears of the ids of all tables of a replay, and then tells posts whose ids are true from those of no name.

    One true id of 19 digits in 10,000 ends as if it were rounded, one of 18 in 1,000: as long as there are not many
    more than such chance makes, all of them are true.
    """

    def __init__(self) -> None:
        self._files: dict[str, _OfFile] = {}
        self._ending = 0
        self._by_chance = 0.0

    def heard(self, file: str, identity: str) -> None:
        """Takes note of an id."""
        if _LONG.fullmatch(identity):
            self._by_chance += 10.0 ** (_KEPT - len(identity))
        if looks_rounded(identity):
            self._ending += WRITTEN.fullmatch(identity) is None
            found = self._files.setdefault(file, _OfFile())
            found.rounded += 1
            found.example = found.example or identity

    @property
    def _are_rounded(self) -> bool:
        return self._ending > 1 + 4 * self._by_chance

    def without_floats(self, file: str, posts: list[Post]) -> None:
        """Names those posts of a file by what they say whose ids were rounded as floats (`1.7856e+18`)."""
        ids = "\n".join([post.id for post in posts])
        if "+" not in ids or ("e+" not in ids and "E+" not in ids):
            return
        for post in posts:
            if WRITTEN.fullmatch(post.id):
                self.heard(file, post.id)
                post.id = by_content(post.author, post.time, post.text)
                if post.repost_of and WRITTEN.fullmatch(post.repost_of):
                    post.repost_of = None

    def named(self, posts: list[Post]) -> list[Post]:
        """The same posts: those whose ids were rounded named by what they say, and reposts of no such id."""
        if self._are_rounded:
            for post in posts:
                if _ENDING.fullmatch(post.id):
                    post.id = by_content(post.author, post.time, post.text)
                if post.repost_of and _ENDING.fullmatch(post.repost_of):
                    post.repost_of = None
        return posts

    def notes(self) -> dict[str, str]:
        """A sentence for every file with such ids, by its name, once."""
        found = {}
        for name, file in self._files.items():
            if not file.told and file.rounded > 1 and (self._are_rounded or WRITTEN.fullmatch(file.example)):
                file.told = True
                found[name] = (
                    f"{name}: its ids were rounded, as spreadsheets do ({file.example}), so they name no post: neither"
                    " duplicates nor reposts are known by them"
                )
        return found
