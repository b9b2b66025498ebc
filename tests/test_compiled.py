"""A compiled part of other sources than its Python is done without, and one line says what to run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import xxhash

from schemas import stale

ROOT = Path(__file__).parents[1]
HEADER = ROOT / "schemas" / "_version.h"
LINE = '#define COMPILED_VERSION "{}"'
REPLAY = """
import sys
from schemas import stale
stale.VERSION = sys.argv.pop()
from pipeline.cli import main
main()
"""


def sources() -> list[Path]:
    return sorted(
        path
        for folder in ("schemas", "pipeline", "agents")
        for path in (ROOT / folder).rglob("*.[ch]")
        if path != HEADER
    )


def test_the_version_is_that_of_the_sources() -> None:
    """When it fails: put the version into both, and run `pip install -e .`."""
    told = "".join(f"{path.relative_to(ROOT).as_posix()}\n{path.read_text()}" for path in sources())
    version = xxhash.xxh64_hexdigest(told.encode())
    assert version == stale.VERSION
    assert LINE.format(version) in HEADER.read_text().splitlines()


def test_parts_of_another_version_are_done_without_and_told_once(tmp_path: Path) -> None:
    posts = tmp_path / "posts.ndjson"
    posts.write_text("".join(
        f'{{"id": "p{n}", "author": "a{n}", "text": "what a goal #final", "time": {1_650_211_200_000 + n * 1_000}}}\n'
        for n in range(300)
    ))  # fmt: skip
    lists = {}
    for version in (stale.VERSION, "of yesterday"):
        out = tmp_path / "lists.ndjson"
        command = [sys.executable, "-c", REPLAY, "replay", str(posts), "--out", str(out), version]
        ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
        warned = [line for line in ran.stderr.splitlines() if "pip install -e ." in line]
        assert len(warned) == (version != stale.VERSION), ran.stderr
        lists[version] = out.read_bytes()
    assert lists["of yesterday"] == lists[stale.VERSION] != b""
