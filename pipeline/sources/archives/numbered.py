"""People whom one file of an archive knows by number and another by name: who is who, where the archive tells it."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter

from schemas import Post

_author, _source = attrgetter("author"), attrgetter("source")
MAX_PEOPLE = 1_000_000  # whose names are remembered


class People:
    """Hears whose number is whose of all that is read, and then calls everybody by name whose name is known."""

    def __init__(self) -> None:
        self._names: dict[str, dict[str, str]] = {}  # by network and number
        self._names_of_digits: set[tuple[str, str]] = set()
        self._unnamed: set[str] = set()  # who posts on Twitter by number, of whom no name is known yet
        self._are_named = False  # whether others post there by name
        self._told = False

    def heard(self, source: str, pairs: Iterable[tuple[str | None, str | None]]) -> None:
        """Takes note of numbers and names. Of somebody who had several the first in the alphabet counts, whatever file
        is read first."""
        names = self._names.setdefault(source, {})
        for number, name in pairs:
            known = names.get(number or "")
            if known == name or not name or not number or not number.isdigit():
                continue
            if (known is None and len(names) < MAX_PEOPLE) or (known is not None and name < known):
                names[number] = name
                if name.isdigit():
                    self._names_of_digits.add((source, name))

    def noted(self, posts: list[Post]) -> list[Post]:
        """The same posts, of which `note` tells."""
        if "twitter" in set(map(_source, posts)):
            authors = set(map(_author, posts))
            numbers = set(filter(str.isdigit, authors))
            self._are_named |= len(numbers) < len(authors)
            if len(self._unnamed) < MAX_PEOPLE:
                self._unnamed |= numbers
        return posts

    def named(self, posts: list[Post]) -> list[Post]:
        """The same posts, under their authors' names where these are known."""
        if self._names:
            for post in posts:
                if post.author.isdigit() and (post.source, post.author) not in self._names_of_digits:
                    post.author = self._names.get(post.source or "", {}).get(post.author, post.author)
        return posts

    def note(self) -> list[str]:
        """A sentence, once, where some people of Twitter are known by number alone and others by name."""
        if self._told or not self._are_named or not self._unnamed:
            return []
        names = self._names.get("twitter", {})
        self._unnamed = {
            one for one in self._unnamed if one not in names and ("twitter", one) not in self._names_of_digits
        }
        if not self._unnamed:
            return []
        self._told = True
        count = len(self._unnamed)
        people = "1 person of Twitter is" if count == 1 else f"{count:,} people of Twitter are"
        return [
            f"{people} known by their number alone, others by their name: whoever is both"
            " counts twice; a file that tells the numbers with the names (id, username) beside them mends that"
        ]
