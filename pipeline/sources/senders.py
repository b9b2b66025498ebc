"""People who write by SMS or mail: a keyed hash and a name that betrays nobody, made before anything is written."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from pathlib import Path

KEY_BYTES = 32
FILE_NAME = "senders.key"
_DIGITS = re.compile(r"\D+", re.ASCII)


class Senders:
    """Pseudonyms of senders: the same person is the same author as long as the key is kept, and nobody without the key
    can tell whether an address is in the log."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    @classmethod
    def of_folder(cls, folder: Path) -> Senders:
        """With the key of this folder, made at the first use and readable by its owner alone. Raises OSError."""
        path = folder / FILE_NAME
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            try:
                key = path.read_bytes()
            except FileNotFoundError:
                fresh = folder / f".{FILE_NAME}.{os.getpid()}"
                with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(secrets.token_bytes(KEY_BYTES))
                    file.flush()
                    os.fsync(file.fileno())
                try:
                    os.link(fresh, path)  # the first process wins
                except FileExistsError:
                    pass
                finally:
                    fresh.unlink()
                continue
            if len(key) < KEY_BYTES:
                raise OSError(f"{path} is no key of {KEY_BYTES} bytes; remove it, and senders get new pseudonyms")
            return cls(key)

    def phone(self, number: str) -> tuple[str, str]:
        """(author, name to show) of a telephone number, which may begin with + or 00.

        >>> Senders(b"k" * 32).phone("+33 6 12 34 56 42")[1]
        'SMS ··42'
        """
        digits = _DIGITS.sub("", number).removeprefix("00")
        return self._hash("sms", digits or number.strip()), f"SMS ··{digits[-2:]}"

    def mail(self, address: str) -> tuple[str, str]:
        """(author, name to show) of a mail address.

        >>> Senders(b"k" * 32).mail("Ann@example.org")[1]
        'Mail a··'
        """
        folded = address.strip().casefold()
        return self._hash("mail", folded), f"Mail {folded[:1] if folded[:1].isalnum() else ''}··"

    def person(self, token: str) -> str:
        """The author that somebody is who has no address, but a token that we gave."""
        return self._hash("web", token)

    def reference(self, text: str) -> str:
        """The id of a message whose own id may tell where it comes from."""
        return self._hash("message", text)

    def _hash(self, kind: str, text: str) -> str:
        digest = hmac.new(self._key, f"{kind}\n{text}".encode(), hashlib.sha256).hexdigest()
        return f"{kind}-{digest[:32]}"
