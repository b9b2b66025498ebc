"""What has come in by HTTP, by the hash of its id: so that it is in the log once, whatever is sent again.

One SQLite file. It holds no text and no name: a key, when it came, and, until Kafka has acknowledged the post, where in
the log to look for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path

import msgspec

from pipeline.sources.kept import KeptDatabase
from schemas import Post

KEPT_MS = 7 * 24 * 3_600_000
MOST_KEYS = 2_000_000
_ASKED_AT_ONCE = 500
_SCHEMA = """
CREATE TABLE IF NOT EXISTS seen (key BLOB PRIMARY KEY, at INTEGER NOT NULL, pending BLOB) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS seen_by_time ON seen (at);
CREATE INDEX IF NOT EXISTS seen_pending ON seen (key) WHERE pending IS NOT NULL;
"""


def key_of(*parts: str) -> bytes:
    """What a thing is known by: no one can read from it what it was."""
    return blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def key_of_post(post: Post) -> bytes:
    """A post is known by its source and id; a retraction by these, its author and its moment."""
    if post.deleted is not None:
        return key_of("retraction", post.source or "", post.author, post.id, str(post.deleted))
    return key_of("post", post.source or "", post.id)


class Journal:
    """The file `journal.db` in a folder that one process uses at a time; one thread at a time; `close` may come
    from another. Raises FolderError."""

    def __init__(self, folder: Path) -> None:
        busy = "another server that takes posts uses this folder; give this one its own by UPSWELL_STATE_DIR"
        self._db = KeptDatabase(folder, "journal", _SCHEMA, what="what has come in", busy=busy)

    def close(self) -> None:
        """Lets another process use the folder."""
        self._db.close()

    def known(self, keys: Sequence[bytes]) -> set[bytes]:
        """Those of the keys that are here."""
        found: set[bytes] = set()
        for begin in range(0, len(keys), _ASKED_AT_ONCE):
            part = keys[begin : begin + _ASKED_AT_ONCE]
            places = ",".join("?" * len(part))
            found.update(key for (key,) in self._db.rows(f"SELECT key FROM seen WHERE key IN ({places})", *part))  # noqa: S608
        return found

    def begin(self, posts: Sequence[Post], now_ms: int) -> None:
        """These posts are about to be handed to Kafka. On the disk when it returns."""
        rows = [(key_of_post(post), now_ms, msgspec.json.encode((post.source, post.id))) for post in posts]
        self._all("REPLACE INTO seen VALUES (?, ?, ?)", rows)

    def done(self, keys: Iterable[bytes], now_ms: int) -> None:
        """What these keys stand for is in Kafka, or done with."""
        self._all("REPLACE INTO seen VALUES (?, ?, NULL)", [(key, now_ms) for key in keys])

    def forget(self, keys: Iterable[bytes]) -> None:
        """What these keys stand for is not in Kafka, and may come again."""
        self._all("DELETE FROM seen WHERE key = ?", [(key,) for key in keys])

    def pending(self) -> list[Post]:
        """Posts of which it is not known whether Kafka has them: id and source, and as time when they came."""
        rows = self._db.rows("SELECT pending, at FROM seen WHERE pending IS NOT NULL ORDER BY at")
        told = [(*msgspec.json.decode(where, type=tuple[str | None, str]), at) for where, at in rows]
        return [Post(id, "", "", at, source) for source, id, at in told]  # noqa: A001 - the field's name

    def prune(self, now_ms: int) -> None:
        """Forgets what came before KEPT_MS, and the oldest above MOST_KEYS; what is pending stays."""
        beyond = self._db.rows("SELECT at FROM seen ORDER BY at DESC LIMIT 1 OFFSET ?", MOST_KEYS)
        before = max(now_ms - KEPT_MS, beyond[0][0] + 1 if beyond else 0)
        self._db.rows("DELETE FROM seen WHERE at < ? AND pending IS NULL", before)

    def _all(self, statement: str, rows: Sequence[Sequence[object]]) -> None:
        with self._db.transaction():
            self._db.many(statement, rows)
