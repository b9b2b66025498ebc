"""Where decisions are kept: in memory, or in an SQLite file that outlives the process."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import msgspec

from schemas.moderation import Decision

_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Decision).decode


class LogError(Exception):
    """A decision could not be kept, or the kept ones not be read: a sentence with the file and what to do."""


class DecisionLog(Protocol):
    """An ordered log of decisions. What `append` has returned from is kept."""

    def append(self, decision: Decision) -> None:
        """Keeps the decision as the newest; one that is kept already (by id) changes nothing. Raises LogError."""

    def fresh(self) -> Iterator[Decision]:
        """The decisions that came since the last call (the first: all), whoever made them, oldest first. Raises
        LogError."""

    def close(self) -> None:
        """Lets go of files and connections."""


class MemoryLog:
    """Decisions that last as long as the process: for a demo and for tests."""

    def __init__(self) -> None:
        self._decisions: dict[str, Decision] = {}
        self._told = 0

    def append(self, decision: Decision) -> None:
        self._decisions.setdefault(decision.id, decision)

    def fresh(self) -> Iterator[Decision]:
        fresh = list(self._decisions.values())[self._told :] if self._told < len(self._decisions) else []
        self._told += len(fresh)
        yield from fresh

    def close(self) -> None:
        """Nothing to let go of."""


class SqliteLog:
    """Decisions in an SQLite file; several processes of one machine may share it, and a line once written stays."""

    def __init__(self, path: Path | str) -> None:
        """Creates the file where there is none. Raises LogError."""
        self._path = str(path)
        self._told = 0
        try:
            self._file = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False, timeout=10)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA synchronous=FULL")  # a decision that was answered survives a power cut
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS decisions"
                " (place INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, decision BLOB NOT NULL)"
            )
        except sqlite3.Error as error:
            raise LogError(f"{self._path}: decisions cannot be kept there ({error}); name another file") from None

    def append(self, decision: Decision) -> None:
        try:
            self._file.execute(
                "INSERT OR IGNORE INTO decisions (id, decision) VALUES (?, ?)", (decision.id, _ENCODE(decision))
            )
        except sqlite3.Error as error:
            raise LogError(f"{self._path}: the decision was not kept ({error}); try again") from None

    def fresh(self) -> Iterator[Decision]:
        after = "SELECT place, decision FROM decisions WHERE place > ? ORDER BY place"
        try:
            for place, decision in self._file.execute(after, (self._told,)).fetchall():
                found = _DECODE(decision)
                self._told = place
                yield found
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise LogError(f"{self._path}: the decisions cannot be read ({error}); restore the file") from None

    def close(self) -> None:
        self._file.close()
