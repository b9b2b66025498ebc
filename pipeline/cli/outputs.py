"""The files a replay writes: JSON lines, written as they come, whole at whatever moment the run ends."""

from __future__ import annotations

import base64
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import BinaryIO

import msgspec

from pipeline.cli.errors import CommandError, WrongUseError
from pipeline.cli.interrupts import Interrupts

STDOUT = "-"
BUFFER_BYTES = 1 << 20
# what a terminal would obey, or turn the line around with; JSON has escaped the controls below 32 already
_OBEYED = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


class DeadLine(msgspec.Struct, omit_defaults=True):
    """A record that is no post, as `--dead` writes it."""

    file: str
    line: int
    reason: str
    detail: str
    raw: str  # as text; bytes that are not UTF-8 stand as \\xNN
    raw_base64: str | None = None  # the bytes themselves, only where `raw` cannot tell them


class PaneCount(msgspec.Struct):
    """A topic's counts in a closed pane (scope `all`), as `--counts` writes it."""

    pane: int  # start, ms
    topic: str
    posts: int
    authors: int


def dead_line(file: str, line: int, reason: str, detail: str, raw: bytes) -> DeadLine:
    """The record as it can stand in JSON, with nothing of it lost.

    >>> dead_line("a", 1, "not-utf8", "byte 0", b"\\xff").raw_base64
    '/w=='
    """
    try:
        return DeadLine(file, line, reason, detail, raw.decode())
    except UnicodeDecodeError:
        text = raw.decode(errors="backslashreplace")
        return DeadLine(file, line, reason, detail, text, base64.b64encode(raw).decode())


def open_output(flag: str, path: str) -> BinaryIO:
    """The file to be written, or standard output for `-`. Raises WrongUseError."""
    if path == STDOUT:
        return sys.stdout.buffer
    try:
        return open(path, "wb", BUFFER_BYTES)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise WrongUseError(f"{flag} {path}: cannot be written ({why}); name a file that you may write") from None


class LineFile:
    """One output file of JSON lines, or standard output for `-`. `lines` is the number written so far.

    Raises WrongUseError when it cannot be opened, CommandError when it cannot be written on, BrokenPipeError when the
    reader of standard output has gone.
    """

    def __init__(self, flag: str, path: str, interrupts: Interrupts, at_once: bool = False) -> None:
        self.path = path
        self.lines = 0
        self._interrupts = interrupts
        self._at_once = at_once
        self._encoder = msgspec.json.Encoder()
        self._file = open_output(flag, path)
        self._for_eyes = path == STDOUT and sys.stdout.isatty()

    def __enter__(self) -> LineFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.path == STDOUT and kind is not None and issubclass(kind, BrokenPipeError):
            return
        with self._told():
            if self.path == STDOUT:
                self._file.flush()
            else:
                self._file.close()

    def write(self, *records: msgspec.Struct) -> None:
        """Writes the records, a line each, all of them or none where Ctrl-C falls in between."""
        if not records:
            return
        data = self._encoder.encode_lines(records)
        if self._for_eyes:
            data = _OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", data.decode()).encode()
        with self._told(), self._interrupts.held():
            self._file.write(data)
            self.lines += len(records)
            if self._at_once:
                self._file.flush()

    def flush(self) -> None:
        """Hands on what has been written so far, for whoever reads the file meanwhile."""
        with self._told(), self._interrupts.held():
            self._file.flush()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the disk refuses is one line; that nobody reads standard output any more is no fault."""
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as fault:
            told = f"{self.path}: {fault.strerror} after about {self.lines} lines; make room and run again"
            raise CommandError(told) from None


def refuse_overlap(outputs: dict[str, str | None], inputs: list[str]) -> None:
    """Raises WrongUseError where two outputs are one file, or an output would overwrite an input."""
    taken: dict[str, str] = {}
    for flag, path in outputs.items():
        if path is None:
            continue
        place = path if path == STDOUT else os.path.realpath(path)
        if place in taken:
            raise WrongUseError(f"{flag} and {taken[place]} both write to {path}; give each a file of its own")
        taken[place] = flag
    for path in inputs:
        place = os.path.realpath(path)
        if path != STDOUT and place in taken:
            raise WrongUseError(f"{taken[place]} would overwrite {path}, which is to be read; write to another file")
