"""A change of what is defined: one table put, replaced or taken away, or a whole file, checked and shown as lines."""

from __future__ import annotations

import difflib
from typing import Literal, NamedTuple

from pipeline.settings import FILE_NAME, defined_in
from pipeline.settings.writing import table_of, table_text, toml_of
from schemas.alerts import Rule
from schemas.definitions import Definitions
from schemas.events import Event
from schemas.watchlists import Watchlist

CONTEXT = 3  # lines around what changes


class Change(NamedTuple):
    """`kind` is event, watchlist, rule, or file; `was` the name of the table that `text` takes the place of ("": it is
    a new one). `text` "" takes the table away."""

    kind: str
    was: str
    text: str

    def of(self, old: Definitions) -> Definitions:
        """What is defined by it. Raises SettingsError, of a table TableError, where that cannot be."""
        read = defined_in(self.text if self.kind == "file" else self._put_in(old), FILE_NAME)
        return Definitions(0, "", read.events, read.watchlists, read.rules, read.networks, read.words)

    def put(self, old: Definitions) -> Event | Watchlist | Rule | None:
        """The table that it puts; None where it takes one away. Raises SettingsError."""
        new = self.of(old)
        if self.was:
            return named(new, self.kind, self.was)
        return next((one for one in dict(new.named)[self.kind] if named(old, self.kind, one.name) is None), None)

    def is_in(self, now: Definitions) -> bool:
        """Whether all of it is defined already."""
        if self.kind == "file":
            return self.text == toml_of(now)
        some = dict(now.named).get(self.kind, ())
        if not self.text:
            return all(one.name != self.was for one in some)
        return any(self.text.strip() == table_text(self.kind, table_of(one)).strip() for one in some)

    def _put_in(self, old: Definitions) -> str:
        plain = toml_of(Definitions(networks=old.networks, words=old.words))
        texts = [plain] if plain else []
        for kind, some in old.named:
            mine = {one.name: table_text(kind, table_of(one)) for one in some}
            if kind == self.kind:
                mine[self.was] = self.text
            texts += [text for text in mine.values() if text]
        return "\n".join(texts)


class Line(NamedTuple):
    """A line of what changes: `same`, `added`, `removed`, or `gap` where lines are left out."""

    how: Literal["same", "added", "removed", "gap"]
    text: str


def lines_of(old: Definitions, new: Definitions) -> list[Line]:
    """What changes in the text of the file, with some lines around; none where nothing does."""
    hows: dict[str, Literal["same", "added", "removed", "gap"]] = {
        " ": "same",
        "+": "added",
        "-": "removed",
        "@": "gap",
    }
    before, after = (toml_of(one).split("\n") for one in (old, new))
    found = list(difflib.unified_diff(before, after, lineterm="", n=CONTEXT))[2:]
    return [Line(hows[line[0]], "" if line[0] == "@" else line[1:]) for line in found]


def named(definitions: Definitions, kind: str, name: str) -> Event | Watchlist | Rule | None:
    """The table of that kind and name; None where there is none."""
    tables = dict(definitions.named).get(kind, ())
    return next((one for one in tables if one.name == name), None)
