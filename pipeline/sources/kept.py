"""What a process keeps in a folder of its own: the lock that keeps others out, and databases that outlive a kill."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from pathlib import Path


def lock_folder(folder: Path, name: str) -> int:
    """Makes the folder where it is not there, and locks it: the descriptor to close when others may have it. Raises
    BlockingIOError where another process has it, OSError where it cannot be used."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(lock)
        raise
    return lock


def open_database(path: Path, schema: str) -> sqlite3.Connection:
    """A file that its owner alone reads, where what is committed is on the disk. Raises OSError, sqlite3.Error."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    database.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;")
    database.executescript(schema)
    return database
