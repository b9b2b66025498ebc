"""What an adapter yields: posts, edits, withdrawals, records that are no posts, and signs of life; and how it fails."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Any, NamedTuple, Protocol

from pipeline.text import printable
from pipeline.wording import DEFAULT, Language, language
from schemas import Post, PostError

Cursor = dict[str, Any]  # what JSON can hold; its meaning is the adapter's


class Withdrawal(NamedTuple):
    """What a network tells of a post that is gone; without `id`: of all that the author has posted. An empty author:
    the network itself says so."""

    at: int  # ms
    id: str | None = None
    author: str = ""


class Item(NamedTuple):
    """One thing that came from a network.

    `cursor` is where to go on once this item, and all before it, are safe. `alias` is another name of the post, by
    which a later withdrawal may name it. An `edit` replaces the post of the same id. A content of None is a sign of
    life: a heartbeat, or a record about something else.
    """

    content: Post | Withdrawal | PostError | None = None
    cursor: Cursor | None = None
    alias: str = ""
    edit: bool = False
    published: int = 0


class Fact(NamedTuple):
    """What was found out about a connection: a message of the catalogues, below `source`, and its values."""

    code: str
    values: Mapping[str, Any] = {}

    def said(self, words: Language) -> str:
        """As a sentence that is safe to show; a value may be a fact itself."""
        told = {name: it.said(words) if isinstance(it, Fact) else it for name, it in self.values.items()}
        safe = {name: printable(it, 300) if isinstance(it, str) else it for name, it in told.items()}
        return words.say(f"source.{self.code}", **safe)


class Adapter(Protocol):
    """One connection to one network."""

    @property
    def name(self) -> str:
        """Of the [[source]] table, numbered where it has several connections."""
        ...

    @property
    def source(self) -> str:
        """Of its posts."""
        ...

    @property
    def silence_s(self) -> float | None:
        """Without an item for so long the connection counts as stalled; None: silence is no fault."""
        ...

    @property
    def max_age_s(self) -> float:
        """Posts published earlier are left out."""
        ...

    def read(self, cursor: Cursor | None) -> AsyncGenerator[Item, None]:
        """Connects and yields what comes, from behind `cursor` on (None: from now on), until the connection ends.
        Raises SourceError, or what its client library raises for a broken connection."""
        ...

    async def probe(self) -> list[Fact]:
        """Connects once; facts about limits and about what is switched off there. Raises SourceError."""
        ...


class SourceError(Exception):
    """The network cannot be read as it is: one sentence without secrets. The connection is tried again."""

    kind = "broken"
    retry_after_s: float | None = None  # not before

    def __init__(self, what: Fact | str, retry_after_s: float | None = None) -> None:
        """`what`: a fact, or words that are nobody's to translate, such as those of a settings file."""
        super().__init__(what.said(language(DEFAULT)) if isinstance(what, Fact) else what)
        self._what = what
        if retry_after_s is not None:
            self.retry_after_s = retry_after_s

    def said(self, words: Language) -> str:
        """The sentence; `str` of the fault is that in English."""
        return self._what.said(words) if isinstance(self._what, Fact) else self._what


class AccessError(SourceError):
    """A token, password or right is missing: tried again rarely, since a person has to mend it."""

    kind = "refused"
    retry_after_s = 300.0


class ThrottledError(SourceError):
    """The network asks for patience."""

    kind = "throttled"


class SilentError(SourceError):
    """The connection is open and nothing comes."""

    kind = "silent"


class GoneError(SourceError):
    """What is asked for is there no more: it is not tried again."""

    kind = "gone"
