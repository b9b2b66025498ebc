"""The chat beside a live film on YouTube, as yt-dlp keeps it (`--write-subs --sub-langs live_chat`)."""

from __future__ import annotations

from typing import Any

import msgspec

from pipeline.sources.archives.formats.base import Deletion, Fault, Format, One, Parsed, Word, build, short
from pipeline.sources.archives.mend import read
from pipeline.sources.archives.times import moment_ms
from schemas import PostError

_SAID = ("liveChatTextMessageRenderer", "liveChatPaidMessageRenderer", "liveChatMembershipItemRenderer")


class _Emoji(msgspec.Struct):
    emojiId: str = ""  # noqa: N815 - the field's name, as all below
    isCustomEmoji: bool = False  # noqa: N815


class _Run(msgspec.Struct):
    text: str = ""
    emoji: _Emoji | None = None


class _Runs(msgspec.Struct):
    runs: list[_Run] | None = None


class _Name(msgspec.Struct):
    simpleText: str | None = None  # noqa: N815


class _Said(msgspec.Struct):
    id: Word
    timestampUsec: int | str  # noqa: N815
    authorExternalChannelId: Word = ""  # noqa: N815
    authorName: _Name | None = None  # noqa: N815
    message: _Runs | None = None


class _Added(msgspec.Struct):
    item: dict[str, msgspec.Raw]


class _Gone(msgspec.Struct):
    targetItemId: Word = ""  # noqa: N815


class _Action(msgspec.Struct):
    addChatItemAction: _Added | None = None  # noqa: N815
    markChatItemAsDeletedAction: _Gone | None = None  # noqa: N815
    removeChatItemAction: _Gone | None = None  # noqa: N815


class _Replay(msgspec.Struct):
    actions: list[_Action]


class _Line(msgspec.Struct):
    replayChatItemAction: _Replay  # noqa: N815


_line = msgspec.json.Decoder(_Line)
_said = msgspec.json.Decoder(_Said)


def parse(record: bytes) -> Parsed:
    """What was said in one line of a chat, and Deletions; None for what says nothing. Raises PostError."""
    found: list[One | Fault] = []
    for action in read(_line, record).replayChatItemAction.actions:
        gone = action.markChatItemAsDeletedAction or action.removeChatItemAction
        if gone is not None and gone.targetItemId:
            found.append(Deletion("youtube", gone.targetItemId, None))
        added = action.addChatItemAction.item if action.addChatItemAction is not None else {}
        for raw in (added[kind] for kind in _SAID if kind in added):
            try:
                found.append(_post(bytes(raw)))
            except PostError as error:
                found.append(Fault(error, bytes(raw)))
    return found or None


def _post(raw: bytes) -> One:
    said = read(_said, raw)
    runs = said.message.runs if said.message is not None else None
    text = "".join(
        run.text or (run.emoji.emojiId if run.emoji and not run.emoji.isCustomEmoji else "") for run in runs or ()
    )
    if not text.strip():
        return None
    return build(
        said.id,
        said.authorExternalChannelId,
        text,
        moment_ms(said.timestampUsec, "$.timestampUsec"),
        source="youtube",
        author_name=short(said.authorName.simpleText) if said.authorName is not None else None,
    )


def _knows(value: dict[str, Any]) -> bool:
    replay = value.get("replayChatItemAction")
    return isinstance(replay, dict) and isinstance(replay.get("actions"), list)


FORMATS = (Format("live-chat", parse, _knows),)
