"""What must be delivered, in one SQLite file with how far the alerts were read: a crash loses nothing."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from pipeline.alerts.digest import digest_of, last_due, newest_of
from schemas.alerts import Alert, Fault, GivenUp, Receiver

KEPT_DAYS = 30
_VERSION = 1  # of what the file holds: another number than it says, and it is not read
_SCHEMA = """
CREATE TABLE IF NOT EXISTS delivery (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, status TEXT NOT NULL, receiver TEXT NOT NULL, alert BLOB NOT NULL,
    raised REAL NOT NULL, tries INTEGER NOT NULL DEFAULT 0, ended REAL, fault TEXT NOT NULL DEFAULT '',
    UNIQUE (key, status, receiver));
CREATE INDEX IF NOT EXISTS waiting ON delivery (receiver, id) WHERE ended IS NULL;
CREATE INDEX IF NOT EXISTS ended ON delivery (ended);
CREATE TABLE IF NOT EXISTS untold (id INTEGER PRIMARY KEY, given_up BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
_decode = msgspec.json.Decoder(Alert).decode
_decode_given_up = msgspec.json.Decoder(GivenUp).decode
SUPPRESSED = Fault("blocked")
_FIRES = """one.status = 'firing' AND one.fault != :blocked AND NOT EXISTS (
    SELECT 1 FROM delivery AS other
    WHERE other.key = one.key AND other.receiver = one.receiver AND other.status = 'resolved')"""
_PRUNE = f"""DELETE FROM delivery AS one WHERE ended < :before
    AND NOT (receiver IN (SELECT value FROM json_each(:managers)) AND {_FIRES})"""  # noqa: S608

Allowed = Callable[[Alert], Alert | None]  # an alert -> what may be told of it now; None: nothing


def as_it_is(alert: Alert) -> Alert:
    """Where nobody moderates, all may be told."""
    return alert


class OutboxError(Exception):
    """The file cannot be used: a sentence with the file and what to do."""


class Waiting(NamedTuple):
    """An alert that a receiver has not got yet, and what may be told of it now (None: nothing). `raised`: seconds since
    1970, by the clock."""

    id: int
    alert: Alert
    told: Alert | None
    raised: float
    tries: int


class Outbox:
    """What was raised for whom. One process at a time; `now_s` is the clock."""

    def __init__(
        self,
        file: Path,
        receivers: Sequence[Receiver],
        now_s: Callable[[], float] = time.time,
        allowed: Allowed = as_it_is,
    ) -> None:
        """Goes on where the file stands. Raises OutboxError."""
        self._allowed = allowed
        self._receivers, self._now_s = receivers, now_s
        try:
            self._db = sqlite3.connect(file, isolation_level=None, timeout=0)
            self._db.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            (there,), (version,) = self._asked("SELECT count(*) FROM sqlite_master"), self._asked("PRAGMA user_version")
            if not there:
                self._db.execute(f"PRAGMA user_version = {_VERSION}")
            elif version != _VERSION:
                self._db.close()
                raise OutboxError(f"{file}: an earlier release wrote it; name another file with --state")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            told = "another process uses it" if "locked" in str(error) else str(error)
            raise OutboxError(f"{file}: cannot be used ({told}); name another file with --state") from None

    def _asked(self, question: str) -> tuple[int]:
        return self._db.execute(question).fetchone()  # type: ignore[no-any-return]

    @property
    def next_offset(self) -> int:
        """From where alerts are to be read: the offset after the newest one that was taken."""
        known = self._db.execute("SELECT value FROM state WHERE name = 'offset'").fetchone()
        return int(known[0]) if known else 0

    def take(self, alert: Alert, next_offset: int = 0) -> None:
        """The alert, kept for every receiver it is for before this returns; one that is known already changes
        nothing. Reading goes on at `next_offset`."""
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._keep(alert)
            self._db.execute("INSERT OR REPLACE INTO state VALUES ('offset', ?)", (str(next_offset),))

    def digests(self) -> int:
        """Keeps the digests that are due now, each once; how many there were. The first is due a day after the receiver
        is first seen."""
        now_s, kept = self._now_s(), 0
        for receiver in self._receivers:
            if receiver.digest:
                kept += self._digest(receiver, last_due(receiver, now_s))
        return kept

    def _digest(self, receiver: Receiver, due: dt.datetime) -> bool:
        name = f"digest/{receiver.name}"
        known = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        before = dt.datetime.fromisoformat(known[0]).astimezone(dt.UTC) if known else due
        if known and due <= before:
            return False
        digest = self._digest_of(receiver, before, due)
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            if digest is not None:
                self._insert(receiver, digest)
            self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, due.isoformat()))
        return digest is not None

    def _digest_of(self, receiver: Receiver, since: dt.datetime, due: dt.datetime) -> Alert | None:
        """The digest of that time as it may be told now; None where there is nothing to tell."""
        rows = self._db.execute(
            "SELECT alert FROM delivery WHERE receiver = ? AND raised > ? AND raised <= ? AND ended = raised"
            " ORDER BY id",
            (receiver.name, since.timestamp(), due.timestamp()),
        ).fetchall()
        alerts = map(self._allowed, newest_of(receiver, [_decode(row[0]) for row in rows]))
        told = [alert for alert in alerts if alert is not None]
        return digest_of(receiver, due, since, told) if told else None

    def next(self, receiver: str) -> Waiting | None:
        """The oldest alert that the receiver has not got."""
        found = self._db.execute(
            "SELECT id, alert, raised, tries FROM delivery WHERE receiver = ? AND ended IS NULL ORDER BY id LIMIT 1",
            (receiver,),
        ).fetchone()
        if found is None:
            return None
        alert = _decode(found[1])
        return Waiting(found[0], alert, self._told(receiver, alert), found[2], found[3])

    def _told(self, receiver: str, alert: Alert) -> Alert | None:
        """Who was told that it fires is told that it is over, whatever was blocked since; who was not, is not."""
        if alert.kind == "digest":
            return self._digest_again(receiver, alert)
        told = self._allowed(alert)
        if alert.status == "firing":
            return told
        fired = self._fired(receiver, alert)
        if fired == (1, _kept(SUPPRESSED)):
            return None
        return msgspec.structs.replace(alert, examples=[]) if told is None and fired == (1, "") else told

    def _digest_again(self, name: str, digest: Alert) -> Alert | None:
        """The digest without what was blocked since."""
        receiver = next((one for one in self._receivers if one.name == name and one.digest), None)
        if receiver is None:  # it wants no digests any more
            return digest
        since, due = (dt.datetime.fromtimestamp(ms / 1_000, dt.UTC) for ms in (digest.since, digest.at))
        return self._digest_of(receiver, since, due)

    def delivered(self, id: int) -> None:  # noqa: A002
        """The receiver has it."""
        self._db.execute("UPDATE delivery SET ended = ?, fault = '' WHERE id = ?", (self._now_s(), id))

    def tried(self, id: int, fault: Fault) -> None:  # noqa: A002
        """It was sent in vain; it waits on."""
        self._db.execute("UPDATE delivery SET tries = tries + 1, fault = ? WHERE id = ?", (_kept(fault), id))

    def given_up(self, receiver: str, waiting: Waiting, fault: Fault) -> None:
        """It is not sent any more, which is kept to be told (see `untold`)."""
        alert = waiting.alert
        told = GivenUp(
            receiver,
            int(self._now_s() * 1_000),
            fault,
            alert.key,
            alert.status,
            alert.rule,
            alert.scope,
            alert.window,
            alert.topic,
            alert.fired,
        )
        with self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._end(waiting.id, fault)
            self._db.execute("INSERT INTO untold (given_up) VALUES (?)", (msgspec.json.encode(told),))

    def untold(self) -> tuple[int, GivenUp] | None:
        """The oldest that was given up and that nobody was told of yet, with its number."""
        found = self._db.execute("SELECT id, given_up FROM untold ORDER BY id LIMIT 1").fetchone()
        return found and (found[0], _decode_given_up(found[1]))

    def told(self, number: int) -> None:
        """What was given up under this number is known where it is to be known."""
        self._db.execute("DELETE FROM untold WHERE id = ?", (number,))

    def suppressed(self, id: int) -> None:  # noqa: A002
        """It may not be told any more."""
        self._end(id, SUPPRESSED)

    def _end(self, id: int, fault: Fault) -> None:  # noqa: A002
        self._db.execute("UPDATE delivery SET ended = ?, fault = ? WHERE id = ?", (self._now_s(), _kept(fault), id))

    def waiting(self) -> dict[str, int]:
        """How many alerts each receiver has still to get."""
        rows = self._db.execute("SELECT receiver, count(*) FROM delivery WHERE ended IS NULL GROUP BY receiver")
        return dict(rows.fetchall())

    def firing(self, receiver: str) -> list[Alert]:
        """What was sent to the receiver, or given up, and has not ended since, as it may be told now."""
        rows = self._db.execute(
            f"SELECT alert FROM delivery AS one WHERE receiver = :name AND ended IS NOT NULL AND {_FIRES} ORDER BY id",  # noqa: S608
            {"name": receiver, "blocked": _kept(SUPPRESSED)},
        ).fetchall()
        told = map(self._allowed, [_decode(row[0]) for row in rows])
        return [alert for alert in told if alert is not None]

    def prune(self) -> None:
        """Forgets what ended more than KEPT_DAYS ago; what an Alertmanager is still told is kept."""
        managers = [one.name for one in self._receivers if one.kind == "alertmanager" and not one.digest]
        before = self._now_s() - KEPT_DAYS * 86_400
        self._db.execute(
            _PRUNE,
            {"before": before, "managers": msgspec.json.encode(managers).decode(), "blocked": _kept(SUPPRESSED)},
        )

    def close(self) -> None:
        """Lets go of the file."""
        with contextlib.suppress(sqlite3.Error):  # a full disk: it is done the next time
            self.prune()
        self._db.close()

    def _keep(self, alert: Alert) -> None:
        for receiver in self._receivers:
            late = self._now_s() - alert.at / 1_000 > receiver.max_age_s
            if receiver.takes(alert) and not late:
                self._insert(receiver, alert, for_digest=bool(receiver.digest))
            elif alert.status == "resolved" and self._fired(receiver.name, alert):
                if receiver.digest:
                    self._insert(receiver, alert, for_digest=True)  # or the digest would say that it fires still
                elif receiver.kind == "alertmanager":
                    self._insert(receiver, alert)  # or it would be told again and again

    def _insert(self, receiver: Receiver, alert: Alert, for_digest: bool = False) -> None:
        """What waits to be delivered; what only a digest will tell has ended at once."""
        now = self._now_s()
        self._db.execute(
            "INSERT OR IGNORE INTO delivery (key, status, receiver, alert, raised, ended) VALUES (?, ?, ?, ?, ?, ?)",
            (alert.key, alert.status, receiver.name, msgspec.json.encode(alert), now, now if for_digest else None),
        )

    def _fired(self, receiver: str, alert: Alert) -> tuple[int, str] | None:
        """(whether it has ended, fault) of the message that the alert fires; None where there was none."""
        found = self._db.execute(
            "SELECT ended IS NOT NULL, fault FROM delivery WHERE key = ? AND status = 'firing' AND receiver = ?",
            (alert.key, receiver),
        ).fetchone()
        return found and (found[0], found[1])


def _kept(fault: Fault) -> str:
    return msgspec.json.encode(fault).decode()
