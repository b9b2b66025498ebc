"""No test inherits what whoever runs it has exported, and each has the marks of its folder and its fixtures."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from pipeline.settings import NAMES, load_settings
from tests.conftest import ROOT, settings_of_the_shell

EXPORTED = {f"UPSWELL_{name.upper()}": "1" for name in NAMES} | {"UPSWELL_NO_SUCH_SETTING": "1"}


def pytest_says(*args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args]
    return subprocess.run(
        command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=120
    )


def test_a_test_sees_no_setting_of_the_shell() -> None:
    assert settings_of_the_shell() == []
    assert load_settings().pane_ms == 10_000


def test_nor_does_it_when_every_setting_is_exported() -> None:
    done = pytest_says(f"{__file__}::test_a_test_sees_no_setting_of_the_shell", **EXPORTED)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("mark", "marked", "unmarked"),
    [
        ("kafka", ["tests/kafka/test_live.py", "tests/alerts/test_agent.py"], "tests/text/test_dialects.py"),
        ("browser", ["tests/browser/test_page.py", "tests/wall/test_browser.py"], "tests/wall/test_http.py"),
    ],
)
def test_marks_come_from_folders_and_fixtures(mark: str, marked: list[str], unmarked: str) -> None:
    done = pytest_says("--collect-only", "-m", mark, *marked, unmarked)
    collected = {line.split("::")[0] for line in done.stdout.splitlines() if "::" in line}
    assert collected == set(marked)
