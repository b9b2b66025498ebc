"""A token: who may read the queues of a wall, and who may decide."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec


class Token(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A name for the audit, a secret, and what it opens: `read` the queues, `write` decisions too."""

    name: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    secret: Annotated[str, msgspec.Meta(min_length=16, max_length=512)]
    rights: Literal["read", "write"] = "read"

    def __repr__(self) -> str:
        return f"Token({self.name!r}, rights={self.rights!r})"  # the secret is for nobody's log
