"""Casts of Farcaster, as its hubs give the messages of people."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import Deletion, Format, Parsed, Word, build
from pipeline.sources.archives.mend import read

_EPOCH_S = 1_609_459_200  # 2021-01-01: since when seconds are counted there


class _Cast(msgspec.Struct):
    text: str = ""


class _Removal(msgspec.Struct):
    targetHash: Word = ""  # noqa: N815 - the field's name


class _Data(msgspec.Struct):
    fid: int
    timestamp: int
    castAddBody: _Cast | None = None  # noqa: N815 - the field's name
    castRemoveBody: _Removal | None = None  # noqa: N815 - the field's name


class _Message(msgspec.Struct):
    data: _Data
    hash: Word


_decoder = msgspec.json.Decoder(_Message)


def parse(record: bytes) -> Parsed:
    """The post in one message; a Deletion where somebody removes a cast of their own, None for reactions and the like.
    Raises PostError."""
    message = read(_decoder, record)
    data = message.data
    when = (data.timestamp + _EPOCH_S) * 1_000
    if data.castRemoveBody is not None and data.castRemoveBody.targetHash:
        return Deletion("farcaster", data.castRemoveBody.targetHash, when, str(data.fid))
    if data.castAddBody is None or not data.castAddBody.text:
        return None
    return build(message.hash, str(data.fid), data.castAddBody.text, when, source="farcaster")


def _knows(value: dict[str, Any]) -> bool:
    data = value.get("data")
    return "hash" in value and isinstance(data, dict) and {"fid", "timestamp", "type"} <= data.keys()


FORMATS = (Format("farcaster", parse, _knows),)
