"""Whose tweets an archive holds that Twitter gave its user: they do not say it, `account.js` beside them does."""

from __future__ import annotations

from pathlib import Path

import msgspec

ACCOUNT = "account.js"


class _Account(msgspec.Struct):
    username: str


class _Item(msgspec.Struct):
    account: _Account


_decoder = msgspec.json.Decoder(list[_Item])


def account_beside(path: Path) -> str | None:
    """The account that the `account.js` in a file's folder names."""
    try:
        with open(path.parent / ACCOUNT, "rb") as file:
            return account_in(file.read(65_536))
    except (OSError, ValueError):
        return None


def account_in(content: bytes) -> str | None:
    """The account named in `window.YTD.account.part0 = [...]`."""
    try:
        [item] = _decoder.decode(content.partition(b"=")[2])
    except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
        return None
    return item.account.username
