"""What the tests of the command share: a small archive, and the command itself, in this process and apart."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cli_samples import START_MS, post

from pipeline import cli


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def _no_settings_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder, so that no upswell.toml and no variable of whoever runs the tests has a say."""
    for name in list(os.environ):
        if name.startswith("UPSWELL_"):
            monkeypatch.delenv(name)
    folder = tmp_path / "run"
    folder.mkdir()
    monkeypatch.chdir(folder)


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Half an hour of posts: #quiet twice a minute, and 40 people on #Boom in the last ten minutes."""
    posts = [post(n, START_MS + n * 30_000, f"thought {n} #quiet") for n in range(60)]
    words = [f"{first}{last} words #Boom" for first in "abcdefgh" for last in "klmno"]  # text keys hold letters only
    posts += [post(1_000 + n, START_MS + 1_200_000 + n * 15_000, text) for n, text in enumerate(words)]
    posts.sort(key=lambda it: it["time"])
    path = tmp_path / "posts.ndjson"
    path.write_text("".join(json.dumps(it) + "\n" for it in posts))
    return path


@pytest.fixture
def upswell(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """The command in this process: `upswell("replay", "-", stdin=b"...")`."""

    def call(*args: object, stdin: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capsys.readouterr()
        code = cli.run([str(arg) for arg in args])
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def started() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """The command as a process of its own, ended with the test whatever happens."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*args: object, **options: Any) -> subprocess.Popen[bytes]:
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        command = [sys.executable, "-W", "error", "-c", "from pipeline.cli import main; main()", *map(str, args)]
        running.append(subprocess.Popen(command, **(pipes | options)))
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.communicate()
