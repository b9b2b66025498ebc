"""upswell's own commands as processes, what they say and what they count, for tests on a broker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from pipeline.settings import Settings


class Command:
    """A process with these settings; what it says, on both streams, is in `log`. Killed at the end of its block."""

    def __init__(
        self,
        settings: Settings,
        log: Path,
        *arguments: str,
        program: tuple[str, ...] = ("pipeline.cli",),
        stdin: int | None = None,
        **environment: str,
    ) -> None:
        self.log = log
        told = {
            "UPSWELL_KAFKA_BROKERS": settings.kafka_brokers,
            "UPSWELL_KAFKA_PREFIX": settings.kafka_prefix,
            "UPSWELL_PARTITIONS": str(settings.partitions),
            "PYTHONPATH": os.fspath(Path(__file__).parents[2]),
            **environment,
        }
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *program, *arguments],
                cwd=log.parent,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL if stdin is None else stdin,
                env=os.environ | told,
            )

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()

    @property
    def said(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def lines(self) -> list[str]:
        return self.said.strip().splitlines()

    def wait_for(self, what: Callable[[], Any], within_s: float = 60.0) -> float:
        """Returns after how many seconds it came true; fails when the process ends before. A look that takes long (at a
        whole topic) is a rare one: the process has the machine to itself most of the time."""
        began = looked = time.monotonic()
        while not what():
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.said}"
            now = time.monotonic()
            assert now - began < within_s, self.said
            time.sleep(max(0.3, 3 * (now - looked)))
            looked = time.monotonic()
        return time.monotonic() - began

    def ready(self, times: int = 1) -> None:
        self.wait_for(lambda: self.said.count("upswell: ready") >= times)

    def end(self, number: signal.Signals = signal.SIGTERM, within_s: float = 10.0) -> tuple[int, float]:
        """Sends a signal; returns the exit code, and after how many seconds it came."""
        began = time.monotonic()
        self.process.send_signal(number)
        return self.process.wait(within_s), time.monotonic() - began


def counters(port: int) -> dict[str, float]:
    """What a worker with this metrics port counts: `name{label}` -> value; nothing while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            text = answer.read().decode()
    except OSError:
        return {}
    return {
        sample.name + "".join(f"{{{value}}}" for value in sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def ready_says(port: int) -> tuple[int, str]:
    """Status and answer of a worker's /readyz."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
            return answer.status, answer.read().decode().strip()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode().strip()


def processes_of(parent: int) -> set[int]:
    """The children of a process."""
    found = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                found.add(int(stat.parent.name))
        except OSError:
            continue
    return found
