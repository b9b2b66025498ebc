"""The posts of the walls, kept in an SQLite file so that a restart shows what was there before."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from pipeline.moderation.log import LogError
from pipeline.moderation.state import means
from schemas import Post

KEPT = 20_000  # posts of an event
_ENCODE = msgspec.json.Encoder().encode
_DECODE = msgspec.json.Decoder(Post).decode


class PostStore:
    """Posts by event, in the order they came; the newest KEPT of each. May lie in the file of the decisions."""

    def __init__(self, path: Path | str) -> None:
        """Creates the file where there is none. Raises LogError."""
        self._path = str(path)
        try:
            self._file = sqlite3.connect(self._path, check_same_thread=False, timeout=10)
            self._file.execute("PRAGMA journal_mode=WAL")
            self._file.execute("PRAGMA secure_delete=ON")
            self._file.execute(
                "CREATE TABLE IF NOT EXISTS wall_posts"
                " (place INTEGER PRIMARY KEY, event TEXT NOT NULL, came INTEGER NOT NULL, post BLOB NOT NULL)"
            )
            self._file.execute("CREATE INDEX IF NOT EXISTS wall_posts_of ON wall_posts (event, place)")
            self._file.commit()
        except sqlite3.Error as error:
            raise LogError(f"{self._path}: posts cannot be kept there ({error}); name another file") from None

    def add(self, posts: Iterable[tuple[str, int, Post]]) -> None:
        """Keeps (event, ms when it came, post) in one transaction. Raises LogError."""
        rows = [(event, came_ms, _ENCODE(post)) for event, came_ms, post in posts]
        try:
            with self._file:
                self._file.executemany("INSERT INTO wall_posts (event, came, post) VALUES (?, ?, ?)", rows)
                for event in {row[0] for row in rows}:
                    self._file.execute(
                        "DELETE FROM wall_posts WHERE event = ? AND place <="
                        " (SELECT place FROM wall_posts WHERE event = ? ORDER BY place DESC LIMIT 1 OFFSET ?)",
                        (event, event, KEPT),
                    )
        except sqlite3.Error as error:
            raise LogError(f"{self._path}: posts were not kept ({error})") from None

    def withdraw(self, retractions: Sequence[Post]) -> int:
        """Forgets the posts that are withdrawn; how many they were. Raises LogError."""
        authors, forgotten = sorted({retraction.author for retraction in retractions}), 0
        try:
            with self._file:
                for author in authors:
                    rows = self._file.execute(
                        "SELECT place, post FROM wall_posts WHERE json_extract(CAST(post AS TEXT), '$.author') = ?",
                        (author,),
                    ).fetchall()
                    posts = [(place, _DECODE(post)) for place, post in rows]
                    gone = [(place,) for place, post in posts if any(means(it, post) for it in retractions)]
                    self._file.executemany("DELETE FROM wall_posts WHERE place = ?", gone)
                    forgotten += len(gone)
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise LogError(f"{self._path}: posts were not forgotten ({error})") from None
        return forgotten

    def forget(self, source: str, author: str) -> int:
        """Clears all posts of an author, so that no byte of them is left; how many they were. Raises LogError."""
        forgotten = self.withdraw([Post("", author, "", 0, source, deleted=0)])
        self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return forgotten

    def of(self, event: str) -> Iterator[tuple[int, Post]]:
        """(ms when it came, post) of an event, in the order they came. Raises LogError."""
        try:
            rows = self._file.execute("SELECT came, post FROM wall_posts WHERE event = ? ORDER BY place", (event,))
            yield from ((came_ms, _DECODE(post)) for came_ms, post in rows.fetchall())
        except (sqlite3.Error, msgspec.DecodeError) as error:
            raise LogError(f"{self._path}: posts cannot be read ({error}); restore the file or name another") from None

    def close(self) -> None:
        """Lets go of the file."""
        self._file.close()
