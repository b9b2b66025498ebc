"""What the command says when it cannot go on: one line with what is wrong, where, and what to do."""

from __future__ import annotations

import sys

DONE = 0
FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130  # as shells have it: 128 + the number of the signal
READER_GONE = 141


class CommandError(Exception):
    """Ends the command with one line on standard error and exit code 1: it was used rightly and failed all the same."""

    exit_code = FAILED


class WrongUseError(CommandError):
    """Ends the command with one line on standard error and exit code 2: flags, paths or settings that do not fit."""

    exit_code = WRONG_USE


def complain(message: str) -> None:
    """Writes the message as one line to standard error, with nothing in it that a terminal would obey."""
    from pipeline.text import printable  # the rules of text are loaded only when there is something to say

    print(f"upswell: {printable(' '.join(message.split()))}", file=sys.stderr, flush=True)
