"""People whom one file of an archive knows by number and another by name: who is who, where the archive tells it."""

from __future__ import annotations

from collections.abc import Iterable

from schemas import Post

MAX_PEOPLE = 1_000_000  # whose names are remembered


class People:
    """Hears whose number is whose of all that is read, and then calls everybody by name whose name is known."""

    def __init__(self) -> None:
        self._names: dict[tuple[str, str], str] = {}  # by network and number
        self._names_of_digits: set[tuple[str, str]] = set()
        self._unnamed: set[tuple[str, str]] = set()  # who posts by number, whether named elsewhere or not
        self._naming: set[str] = set()  # networks of which posts name people
        self._told = False

    def heard(self, source: str, pairs: Iterable[tuple[str | None, str | None]]) -> None:
        """Takes note of numbers and names. Of somebody who had several the first in the alphabet counts, whatever file
        is read first."""
        names = self._names
        for number, name in pairs:
            if not number or not name or not number.isdigit():
                continue
            known = names.get((source, number))
            if known is None:
                if len(names) >= MAX_PEOPLE:
                    continue
            elif known <= name:
                continue
            names[source, number] = name
            if name.isdigit():
                self._names_of_digits.add((source, name))

    def noted(self, posts: list[Post]) -> list[Post]:
        """The same posts, of which `note` tells."""
        for post in posts:
            source = post.source or ""
            if not post.author.isdigit():
                self._naming.add(source)
            elif len(self._unnamed) < MAX_PEOPLE:
                self._unnamed.add((source, post.author))
        return posts

    def named(self, posts: list[Post]) -> list[Post]:
        """The same posts, under their authors' names where these are known."""
        if self._names:
            for post in posts:
                if post.author.isdigit():
                    person = (post.source or "", post.author)
                    if person not in self._names_of_digits:
                        post.author = self._names.get(person, post.author)
        return posts

    def note(self) -> list[str]:
        """A sentence, once, where some people of Twitter are known by number alone and others by name."""
        left = {(source, number) for source, number in self._unnamed if source == "twitter"} - self._names.keys()
        if self._told or not left or "twitter" not in self._naming:
            return []
        self._told = True
        return [
            f"{len(left):,} people of Twitter are known by their number alone, others by their name: whoever is both"
            " counts twice; a file that tells the numbers with the names (id, username) beside them mends that"
        ]
