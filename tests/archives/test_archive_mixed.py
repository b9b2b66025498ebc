"""Records of one network among those of another: each is read as its own format reads it, never as what it is not."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipeline.sources.archives.detect import JSON_FORMATS, recognise
from pipeline.sources.archives.formats.base import Fault, Given
from pipeline.sources.archives.reader import mixed
from schemas import Post, PostError

CASES = Path(__file__).parent / "cases"
SAMPLES = 8  # of each format
ALIKE = {"tweet-v1", "twarc", "twitter-archive", "weibo"}  # which speak so much alike that lines do not tell them apart


@cache
def samples() -> dict[str, list[bytes]]:
    """Records that hold something, by their format, out of the corpus."""
    found: dict[str, list[bytes]] = {}
    for path in sorted([*CASES.rglob("input*.jsonl"), *CASES.rglob("input*.ndjson")]):
        for record in path.read_bytes().splitlines():
            name = recognise(record) if record.startswith(b"{") else None
            if name is None or b"\xff" in record or len(found.setdefault(name, [])) >= SAMPLES:
                continue
            try:
                parsed = JSON_FORMATS[name].parse(record)
            except PostError:
                continue
            if parsed is not None and parsed != []:
                found[name].append(record)
    return found


def told(parsed: Any) -> Any:
    """What a reading tells of a post, or of several: which network's, its name, its time."""
    if isinstance(parsed, list):
        return [told(each) for each in parsed if not isinstance(each, Fault)]
    return (parsed.source, parsed.id, parsed.time) if isinstance(parsed, Post) else type(parsed).__name__


@pytest.mark.parametrize("main", sorted(JSON_FORMATS))
def test_what_stands_among_another_networks_records_is_read_as_its_own(main: str) -> None:
    parse = mixed(JSON_FORMATS[main], Given())
    for name, records in samples().items():
        for record in records:
            if {main, name} <= ALIKE:
                continue
            assert told(parse(record)) == told(JSON_FORMATS[name].parse(record)), (name, record[:200])


def test_most_formats_have_samples() -> None:
    assert len(samples()) >= 20
