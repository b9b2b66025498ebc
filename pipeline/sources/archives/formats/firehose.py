"""Bluesky's firehose, decoded: commits to repositories with the records that they write, and accounts, one a line."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import Deletion, Fault, Format, One, Parsed, Word, edition
from pipeline.sources.archives.formats.jetstream import DID, POST, RKEY, address, built
from pipeline.sources.archives.mend import read
from schemas import PostError
from schemas.posts import parse_time

_ACTIONS = ("create", "update", "delete")


class _Operation(msgspec.Struct):
    action: str
    path: Word
    record: msgspec.Raw = msgspec.Raw()


class _Commit(msgspec.Struct):
    repo: Word
    ops: list[_Operation]
    time: str | None = None
    seq: int = 0


class _Account(msgspec.Struct):
    """What is said of an account: on its way, its name, or that it is gone; in Jetstream's second version also a single
    record that it wrote."""

    did: Word
    time: str
    active: bool = True
    type: str = msgspec.field(name="$type", default="")
    seq: int = 0
    operation: str = ""
    collection: str = ""
    rkey: Word = ""
    record: msgspec.Raw = msgspec.Raw()


_decoder = msgspec.json.Decoder(_Commit)
_account = msgspec.json.Decoder(_Account)


def parse(record: bytes) -> Parsed:
    """The posts that a commit creates, changes or deletes; a Deletion of an account that is not active any more; None
    for all else. Raises PostError."""
    if b'"ops"' not in record:
        account = read(_account, record)
        if account.collection:
            written = _Operation(account.operation, f"{account.collection}/{account.rkey}", account.record)
            return _answer(_Commit(account.did, [written], account.time, account.seq))
        is_gone = not account.active or account.type.endswith("#tombstone")
        return Deletion("bluesky", None, parse_time(account.time), account.did) if is_gone else None
    return _answer(read(_decoder, record))


def _answer(commit: _Commit) -> Parsed:
    written = [each for each in commit.ops if each.action in _ACTIONS and each.path.startswith(f"{POST}/")]
    return [_post(commit, each) for each in written] or None


def _post(commit: _Commit, operation: _Operation) -> One | Fault:
    record = bytes(operation.record)
    rkey = operation.path.partition("/")[2]
    if operation.action == "delete":
        return Deletion("bluesky", address(commit.repo, rkey), parse_time(commit.time) if commit.time else None)
    try:
        if not (DID.fullmatch(commit.repo) and RKEY.fullmatch(rkey)):
            raise PostError("invalid", f"{commit.repo[:40]!r} and {rkey[:40]!r} name no record - at `$.ops`")
        post = built(commit.repo, rkey, record, parse_time(commit.time, "$.time") if commit.time else None)
    except PostError as error:
        return Fault(error, record)
    return edition(post, commit.seq) if operation.action == "update" else post


def _knows(value: dict[str, Any]) -> bool:
    is_commit = isinstance(value.get("repo"), str) and isinstance(value.get("ops"), list)
    return is_commit or {"did", "seq", "time"} <= value.keys()


FORMATS = (Format("firehose", parse, _knows, rank=7),)
