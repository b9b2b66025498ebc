"""Why a time cannot be read: a fact beside the sentence about it, from which follows what whoever reads can do."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from schemas import PostError


class Why(enum.Enum):
    """What keeps a time from being read; of the first ones a pattern or a zone makes clear what they mean."""

    MONTH = enum.auto()  # which is the day, which the month
    YEAR = enum.auto()  # which is the day, which the year
    EPOCH = enum.auto()  # since when seconds count
    TICKS = enum.auto()  # the same of smaller parts
    ZONE = enum.auto()  # where its clock stood
    TWICE = enum.auto()  # which of two hours, when clocks were set back
    NEVER = enum.auto()  # clocks were set forward over it
    ROUNDED = enum.auto()  # by a spreadsheet
    RECKONED = enum.auto()  # from when somebody looked
    YEARLESS = enum.auto()
    CALENDAR = enum.auto()  # of another one than is known
    SPREADSHEET = enum.auto()  # a number of days
    OTHER = enum.auto()


UNCLEAR = frozenset({Why.MONTH, Why.YEAR, Why.EPOCH, Why.TICKS, Why.ZONE})


@dataclass(frozen=True, slots=True)
class Unread:
    """A time that could not be read: how it is written, why, and that in words."""

    written: str
    why: Why
    said: str


class WhyError(ValueError):
    """A time that cannot be read, before it is known where it stands."""

    def __init__(self, why: Why, said: str) -> None:
        super().__init__(f"is ambiguous: {said}" if why in UNCLEAR else said)
        self.why, self.said = why, said


class UnreadError(PostError):
    """The same, where it stands."""

    def __init__(self, written: str, error: ValueError, path: str) -> None:
        super().__init__("time", f"{written[:60]!r} {error} - at `{path}`")
        why, said = (error.why, error.said) if isinstance(error, WhyError) else (Why.OTHER, str(error))
        self.unread = Unread(written, why, said)


def is_unclear(error: PostError) -> bool:
    """Whether a pattern or a zone would make clear which time this is."""
    return isinstance(error, UnreadError) and error.unread.why in UNCLEAR
