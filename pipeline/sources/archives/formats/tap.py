"""Events of Tap, which follows repositories of Bluesky: records as they are written, and what becomes of accounts."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import Deletion, Format, One, Word, edition
from pipeline.sources.archives.formats.jetstream import DID, POST, RKEY, address, built
from pipeline.sources.archives.mend import read
from schemas import PostError

_GONE = frozenset({"deleted", "takendown", "deactivated", "suspended"})


class _Written(msgspec.Struct):
    did: Word
    collection: Word
    rkey: Word
    action: Word
    rev: Word = ""
    record: msgspec.Raw = msgspec.Raw()


class _Identity(msgspec.Struct):
    did: Word
    status: str = ""


class _Event(msgspec.Struct):
    record: _Written | None = None
    identity: _Identity | None = None


_decoder = msgspec.json.Decoder(_Event)


def parse(record: bytes) -> One:
    """The post that is written; a Deletion of one, or of an account that is gone; None for all else. Raises
    PostError."""
    event = read(_decoder, record)
    if event.identity is not None:
        return Deletion("bluesky", None, None, event.identity.did) if event.identity.status in _GONE else None
    written = event.record
    if written is None:
        raise PostError("invalid", "neither record nor identity")
    if written.collection != POST:
        return None
    if not (DID.fullmatch(written.did) and RKEY.fullmatch(written.rkey)):
        raise PostError("invalid", f"{written.did[:40]!r} and {written.rkey[:40]!r} name no record - at `$.record`")
    if written.action == "delete":
        return Deletion("bluesky", address(written.did, written.rkey), None)
    post = built(written.did, written.rkey, bytes(written.record), None)
    # revisions are of 13 letters whose order is that of time
    return edition(post, int.from_bytes(written.rev.encode()[:13], "big")) if written.action == "update" else post


def _knows(value: dict[str, Any]) -> bool:
    kind = value.get("type")
    inner = value.get(kind) if kind in ("record", "identity") else None
    return isinstance(inner, dict) and "did" in inner


FORMATS = (Format("tap", parse, _knows, rank=8),)
