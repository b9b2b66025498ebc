"""What the sources remember through restarts: cursors, and the posts of the last day with all their names.

One SQLite file. It holds the texts of posts for KEPT_MS, readable by its owner alone, so that a withdrawal can say the
whole post; a post that is withdrawn loses its text here at once.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline.sources.kept import KeptDatabase
from pipeline.sources.live.model import Cursor
from schemas import Post, decode_post

KEPT_MS = 24 * 3_600_000
MOST_POSTS = 500_000
_PENDING, _SENT, _WITHDRAWN = 0, 1, 2
_SCHEMA = """
PRAGMA secure_delete = ON;
CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, cursor BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS posts (
    source TEXT, id TEXT, author TEXT NOT NULL, at INTEGER NOT NULL, state INTEGER NOT NULL, record BLOB,
    PRIMARY KEY (source, id)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS posts_by_author ON posts (source, author);
CREATE INDEX IF NOT EXISTS posts_by_time ON posts (at);
CREATE INDEX IF NOT EXISTS posts_pending ON posts (state) WHERE state = 0;
CREATE TABLE IF NOT EXISTS aliases (
    source TEXT, alias TEXT, id TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (source, alias)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS aliases_by_time ON aliases (at);
"""


class Known(NamedTuple):
    """A post of the last day; `post` is None where it was withdrawn."""

    post: Post | None
    sent: bool


class Store:
    """The file `sources.db` in a folder that one process uses at a time, one thread at a time; `close` may come from
    another. Raises FolderError."""

    def __init__(self, folder: Path) -> None:
        busy = "another `upswell sources` uses this folder; stop it, or set UPSWELL_STATE_DIR"
        self._db = KeptDatabase(folder, "sources", _SCHEMA, what="the sources' state", busy=busy)

    def close(self) -> None:
        """Lets another process use the folder."""
        self._db.close()

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing of what the block writes is on the disk when it ends."""
        return self._db.transaction()

    def cursor(self, name: str) -> Cursor | None:
        """Where a source goes on; None: it has not begun."""
        row = next(iter(self._db.rows("SELECT cursor FROM cursors WHERE name = ?", name)), None)
        return msgspec.json.decode(row[0], type=dict) if row else None

    def set_cursor(self, name: str, cursor: Cursor) -> None:
        """Where a source goes on from now on."""
        self._db.rows("REPLACE INTO cursors VALUES (?, ?)", name, msgspec.json.encode(cursor))

    def get(self, source: str, id: str) -> Known | None:  # noqa: A002 - the field's name
        """What is known of a post; None: nothing."""
        row = next(iter(self._db.rows("SELECT record, state FROM posts WHERE source = ? AND id = ?", source, id)), None)
        if row is None:
            return None
        return Known(decode_post(row[0]) if row[0] is not None else None, row[1] != _PENDING)

    def named(self, source: str, alias: str) -> str | None:
        """The id of the post that an alias stands for."""
        row = next(iter(self._db.rows("SELECT id FROM aliases WHERE source = ? AND alias = ?", source, alias)), None)
        return row[0] if row else None

    def by_author(self, source: str, author: str) -> list[Post]:
        """The author's posts that are not withdrawn."""
        rows = self._db.rows(
            "SELECT record FROM posts WHERE source = ? AND author = ? AND record IS NOT NULL", source, author
        )
        return [decode_post(row[0]) for row in rows]

    def pending(self) -> list[Post]:
        """Posts that were handed to Kafka and never acknowledged, oldest first."""
        rows = self._db.rows(f"SELECT record FROM posts WHERE state = {_PENDING} ORDER BY at")  # noqa: S608
        return [decode_post(row[0]) for row in rows]

    def add(self, posts: Iterable[Post]) -> None:
        """Posts that are about to be handed to Kafka."""
        self._db.many(
            "REPLACE INTO posts VALUES (?, ?, ?, ?, ?, ?)",
            [(post.source, post.id, post.author, post.time, _PENDING, msgspec.json.encode(post)) for post in posts],
        )

    def alias(self, source: str, alias: str, id: str, at: int) -> None:  # noqa: A002 - the field's name
        """From now on `alias` stands for the post `id`."""
        self._db.rows("REPLACE INTO aliases VALUES (?, ?, ?, ?)", source, alias, id, at)

    def sent(self, posts: Iterable[Post]) -> None:
        """Posts that Kafka has acknowledged."""
        self._db.many(
            f"UPDATE posts SET state = {_SENT} WHERE source = ? AND id = ? AND state = {_PENDING}",  # noqa: S608
            [(post.source, post.id) for post in posts],
        )

    def withdraw(self, source: str, id: str, author: str, at: int) -> None:  # noqa: A002 - the field's name
        """The post is known as withdrawn, and its text is gone."""
        self._db.rows(
            f"INSERT INTO posts VALUES (?, ?, ?, ?, {_WITHDRAWN}, NULL)"  # noqa: S608
            f" ON CONFLICT DO UPDATE SET state = {_WITHDRAWN}, record = NULL",
            source,
            id,
            author,
            at,
        )

    def forget(self, source: str, author: str) -> int:
        """All of the author's posts are known as withdrawn, of nobody; how many had a text or a name here."""
        with self.transaction():
            self._db.rows(
                f"UPDATE posts SET state = {_WITHDRAWN}, record = NULL, author = '' WHERE source = ? AND author = ?",  # noqa: S608
                source,
                author,
            )
            ((changed,),) = self._db.rows("SELECT changes()")
        return int(changed)

    def prune(self, now_ms: int) -> None:
        """Forgets what is older than KEPT_MS, and the oldest above MOST_POSTS; what is pending stays."""
        beyond = self._db.rows("SELECT at FROM posts ORDER BY at DESC LIMIT 1 OFFSET ?", MOST_POSTS)
        before = max(now_ms - KEPT_MS, beyond[0][0] + 1 if beyond else 0)
        with self.transaction():
            self._db.rows(f"DELETE FROM posts WHERE at < ? AND state != {_PENDING}", before)  # noqa: S608
            self._db.rows("DELETE FROM aliases WHERE at < ?", before)
