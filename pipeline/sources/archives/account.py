"""What stands beside the tweets that Twitter gives its users: whose they are, and the whole texts of long ones."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import msgspec

_ACCOUNT = "account.js"
_PARTS = ("note-tweet.js", *(f"note-tweet-part{number}.js" for number in range(1, 10)))
_ACCOUNT_BYTES = 65_536
_NOTES_BYTES = 256 << 20


class Note(msgspec.Struct, gc=False):
    """The whole text of a long tweet, of which `tweets.js` holds the beginning."""

    text: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Beside:
    """What the files beside some tweets tell of them."""

    author: str | None = None
    notes: tuple[Note, ...] = ()


class _Account(msgspec.Struct):
    username: str


class _Item(msgspec.Struct):
    account: _Account


class _Core(msgspec.Struct):
    text: str


class _NoteTweet(msgspec.Struct, rename="camel"):
    core: _Core
    created_at: str


class _NoteItem(msgspec.Struct, rename="camel"):
    note_tweet: _NoteTweet


_accounts = msgspec.json.Decoder(list[_Item])
_notes = msgspec.json.Decoder(list[_NoteItem])


def beside(folder: Path) -> Beside:
    """What the files in the folder of an archive tell."""

    def read(name: str, size: int) -> bytes:
        with open(folder / name, "rb") as file:
            return file.read(size)

    return told_by((name for name in (_ACCOUNT, *_PARTS) if (folder / name).is_file()), read)


def told_by(names: Iterable[str], read: Callable[[str, int], bytes]) -> Beside:
    """What those of these files tell that hold something of an account; `read` gives the first bytes of one."""
    author: str | None = None
    notes: list[Note] = []
    for name in sorted(names):
        base = PurePosixPath(name).name
        try:
            if base == _ACCOUNT:
                author = author or account_in(read(name, _ACCOUNT_BYTES))
            elif base in _PARTS:
                notes += notes_in(read(name, _NOTES_BYTES))
        except (OSError, ValueError):
            continue
    return Beside(author, tuple(notes))


def account_in(content: bytes) -> str | None:
    """The account named in `window.YTD.account.part0 = [...]`."""
    try:
        [item] = _accounts.decode(content.partition(b"=")[2])
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return None
    return item.account.username


def notes_in(content: bytes) -> list[Note]:
    """The texts in `window.YTD.note_tweet.part0 = [...]`."""
    try:
        items = _notes.decode(content.partition(b"=")[2])
    except (msgspec.DecodeError, UnicodeDecodeError):
        return []
    return [Note(item.note_tweet.core.text, item.note_tweet.created_at) for item in items]
