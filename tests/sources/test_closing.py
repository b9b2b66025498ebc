"""A file of ours is closed while another thread asks it: SQLite would crash the process under a step."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ASKED_AND_CLOSED = """
import sqlite3, sys, threading, time
from pathlib import Path
from pipeline.sources.journal import Journal
from pipeline.sources.live.store import Store

made = {"store": Store, "journal": Journal}[sys.argv[2]]

def ask(file):
    try:
        while True:
            file.pending()
            file.prune(1_000)
    except sqlite3.ProgrammingError:
        pass  # it is closed

for number in range(40):
    file = made(Path(sys.argv[1]))
    thread = threading.Thread(target=ask, args=(file,))
    thread.start()
    time.sleep(0.001 * (number % 7))
    file.close()
    thread.join()
"""


@pytest.mark.parametrize("kind", ["store", "journal"])
def test_a_close_waits_for_whoever_asks(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-c", ASKED_AND_CLOSED, str(tmp_path), kind]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
