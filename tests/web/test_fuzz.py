"""The API asked by a machine: see fuzz.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

QUESTIONS = Path(__file__).with_name("fuzz.py")


def test_no_question_brings_a_fault() -> None:
    """In a process of its own: to think of the questions, which is done while tests are collected, takes longer than
    to collect all others, and each worker of pytest would do it."""
    plugins = ["-p", "schemathesis.pytest.plugin", "-p", "no:cacheprovider"]
    asked = subprocess.run([sys.executable, "-m", "pytest", "-q", *plugins, QUESTIONS], capture_output=True, text=True)
    assert asked.returncode == 0, asked.stdout + asked.stderr
