"""What a process keeps in a folder of its own: the lock that keeps others out, and databases that outlive a kill."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class FolderError(Exception):
    """The folder cannot be used, or not what it holds: one sentence with what to do."""


def lock_folder(folder: Path, name: str, *, busy: str, unusable: str) -> int:
    """Makes the folder where it is not there, and locks it: the descriptor to close when others may have it. Raises
    FolderError: `busy` where another process has it, `unusable` with {why} where it cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BaseException:
            os.close(lock)
            raise
    except BlockingIOError:
        raise FolderError(f"{folder}: {busy}") from None
    except OSError as error:
        raise FolderError(f"{folder}: {unusable.format(why=error.strerror)}") from None
    return lock


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """A file that its owner alone reads, where what is committed is on the disk. Raises OSError, sqlite3.Error."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
    database.executescript(schema)
    return database


class KeptDatabase:
    """The file `NAME.db` in a folder that one process uses at a time. One thread asks it at a time, and another may
    close it: the close waits, since SQLite crashes the process where it comes under a step. What is asked afterwards
    raises sqlite3.ProgrammingError."""

    def __init__(self, folder: Path, name: str, schema: str, *, what: str, busy: str) -> None:
        """Raises FolderError: `busy` says who has it and what to do then, `what` is what cannot be kept else."""
        self._guard = threading.RLock()
        unusable = f"cannot keep {what} ({{why}}); set UPSWELL_STATE_DIR"
        self._lock = lock_folder(folder, f"{name}.lock", busy=busy, unusable=unusable)
        try:
            self._db = open_database(folder / f"{name}.db", schema)
        except (OSError, sqlite3.Error) as error:
            os.close(self._lock)
            raise FolderError(f"{folder}: {unusable.format(why=error)}") from None

    def close(self) -> None:
        """Lets another process use it."""
        with self._guard:
            self._db.close()
        os.close(self._lock)

    def rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """What it answers; of what changes it, nothing."""
        with self._guard:
            return self._db.execute(statement, values).fetchall()

    def many(self, statement: str, values: Sequence[Sequence[object]]) -> None:
        """The same change with each of these values."""
        with self._guard:
            self._db.executemany(statement, values)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing of what the block writes is on the disk when it ends."""
        with self._guard:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")
