"""Records on `posts` that do more than add a post: how control records, markers and retractions are signed.

Whoever may write posts may add posts and nothing else, where UPSWELL_CONTROL_KEY is set: then a record counts as ours
only with a signature over the topic, what kind of record it is and what it says, whichever partition it lies in.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from schemas.posts import Post, PostError

RETRACTION = "retraction"  # the kind of record that a signed retraction is; it has no header of that name
SIGNATURE_HEADER = "signature"
SHORTEST = 16  # characters of a secret
_FORMAT = b"upswell-1"


@dataclass(frozen=True)
class ControlKeys:
    """Secrets: the first signs, each is accepted, so that a new one is put first before the old one goes. None: nothing
    is signed, and what has our form is ours."""

    secrets: tuple[bytes, ...] = field(default=(), repr=False)

    @classmethod
    def of(cls, text: str) -> ControlKeys:
        """Of a setting: secrets with commas between. Raises ValueError for one that can be guessed."""
        secrets = tuple(secret.strip().encode() for secret in text.split(",") if secret.strip())
        if any(len(secret) < SHORTEST for secret in secrets):
            raise ValueError(f"a secret of less than {SHORTEST} characters can be guessed; try `openssl rand -hex 32`")
        return cls(secrets)

    def signed(self, topic: str, kind: str, content: bytes) -> tuple[tuple[str, bytes], ...]:
        """The headers of a record of ours: `kind` names its header, and `content` is what it says. They lack the
        signature where there is no secret."""
        return tuple((SIGNATURE_HEADER, _signature(one, topic, kind, content)) for one in self.secrets[:1])

    def accept(self, topic: str, kind: str, content: bytes, headers: Iterable[tuple[str, bytes | None]]) -> bool:
        """Whether a record says this in our name."""
        if not self.secrets:
            return True
        told = header_of(headers, SIGNATURE_HEADER) or b""
        return any(hmac.compare_digest(told, _signature(one, topic, kind, content)) for one in self.secrets)

    def require(self, topic: str, post: Post, record: bytes, headers: Iterable[tuple[str, bytes | None]]) -> None:
        """Raises PostError, reason `unsigned`, where the post in a record is a retraction that is not in our name."""
        if post.deleted is not None and not self.accept(topic, RETRACTION, record, headers):
            raise PostError("unsigned", "a retraction that is not signed by a key of ours (UPSWELL_CONTROL_KEY)")


UNSIGNED = ControlKeys()


def header_of(headers: Iterable[tuple[str, bytes | None]], name: str) -> bytes | None:
    """The value of the first header of that name; None where there is none."""
    return next((value or b"" for key, value in headers if key == name), None)


def _signature(secret: bytes, topic: str, kind: str, content: bytes) -> bytes:
    parts: Sequence[bytes] = _FORMAT, topic.encode(), kind.encode(), content
    return hmac.new(secret, b"\0".join(parts), hashlib.sha256).hexdigest().encode()
