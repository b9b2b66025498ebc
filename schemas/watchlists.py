"""A watchlist: a brand, a product, a person or a rival, whose posts have trends of their own."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Term = Annotated[str, msgspec.Meta(min_length=1, max_length=256)]


class Watchlist(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A post belongs to the watchlist when it carries one of its hashtags or words or is by or mentions one of its
    accounts, carries nothing of `exclude` (#hashtags, $cashtags, @accounts, words), and is in one of its languages and
    from one of its sources (none: any). Compared as events are; its scope is `watch:NAME`.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    title: Annotated[str, msgspec.Meta(max_length=200)] = ""
    hashtags: tuple[_Term, ...] = ()
    words: tuple[_Term, ...] = ()
    accounts: tuple[_Term, ...] = ()
    exclude: tuple[_Term, ...] = ()
    langs: tuple[Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}$")], ...] = ()
    sources: tuple[_Term, ...] = ()

    @property
    def scope(self) -> str:
        """The scope of its trends."""
        return f"watch:{self.name}"
