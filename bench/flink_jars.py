"""Flink and its peer program, fetched by Maven and compiled once."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from bench.common import ROOT, say
from pipeline.cli.errors import CommandError

SOURCE = Path(__file__).parent / "flink"
CACHE = ROOT / ".cache" / "flink"


def fetch_flink() -> str:
    """The class path. Raises CommandError where Java or Maven is missing or does not get through."""
    for program in ("java", "javac", "mvn"):
        if not shutil.which(program):
            raise CommandError(f"no {program} on the PATH: Flink needs a JDK, and Maven to fetch it with")
    libs, classes = CACHE / "libs", CACHE / "classes"
    if not libs.is_dir():
        say("Flink is fetched, once")
        staging = CACHE / "staging"
        _run(
            ["mvn", "-q", "-f", str(SOURCE / "pom.xml"), "dependency:copy-dependencies", f"-DoutputDirectory={staging}"]
        )
        staging.rename(libs)
    _run(["javac", "-nowarn", "-d", str(classes), "-cp", f"{libs}/*", str(SOURCE / "TopicCount.java")])
    return f"{classes}:{libs}/*"


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise CommandError(f"{command[0]} failed: {(done.stdout + done.stderr).strip()[-500:]}")
