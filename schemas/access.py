"""A token: who may read the queues of a wall, who may decide, and who may post."""

from __future__ import annotations

import hmac
from typing import Annotated, Literal

import msgspec


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name for the audit, a secret, and what it opens: `read` the queues, `write` decisions too; `post`
    opens neither, and lets its owner push posts."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    secret: Annotated[str, msgspec.Meta(min_length=16, max_length=512)]
    rights: Literal["read", "write", "post"] = "read"

    def __repr__(self) -> str:
        return f"Token({self.name!r}, rights={self.rights!r})"  # the secret is for nobody's log


def same(one: str, other: str) -> bool:
    """Whether two secrets are one, in constant time; empty ones never are."""
    return bool(one) and hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "surrogateescape"))
