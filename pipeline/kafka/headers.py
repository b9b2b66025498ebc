"""The headers of a record that confluent-kafka has read."""

from __future__ import annotations

from collections.abc import Sequence
from operator import methodcaller
from typing import Any

_read = methodcaller("headers")  # not `record.headers()`: such a call, once hot, no longer looks for the error


def headers_of(record: Any) -> Sequence[tuple[str, bytes | None]]:
    """The headers; none where a name is not UTF-8. To be asked once of a record: confluent-kafka keeps such headers as
    a list with a hole, which ends the process when somebody reads it."""
    try:
        found: Sequence[tuple[str, bytes | None]] | None = _read(record)
    except (SystemError, UnicodeDecodeError):  # the former is what Python makes of a result with an error
        return ()
    return found or ()
