"""The corpus of formats: each folder below `cases` holds an archive, and what a replay of it must tell.

    cases/KIND/NAME/input.*         the archive; several files are given in order of their names, a folder as it is
    cases/KIND/NAME/args.txt        more arguments of `upswell replay`, as in a shell (optional)
    cases/KIND/NAME/expected.json   what must hold; a key that is left out is not looked at

Keys: `counted`, `withdrawn`, `late`, `duplicate`, `dead`, `skipped` and `exit` (numbers), `topics` (every topic with
its posts and people), `times` (the first and the last post, RFC 3339), `sources`, `reposts` (their number), `reasons`
(dead letters by reason), `says` and `keeps_quiet` (texts that are printed, that are not).
"""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import shlex
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import cli
from pipeline.cli import replay_run
from pipeline.text import fold, topics_of
from schemas import Post

CASES = Path(__file__).parent / "cases"
_NUMBER = re.compile(r"^(counted|withdrawn|late|duplicate|dead|skipped) +([\d,]+)", re.MULTILINE)
KEYS = {
    "counted",
    "withdrawn",
    "late",
    "duplicate",
    "dead",
    "skipped",
    "exit",
    "topics",
    "times",
    "sources",
    "reasons",
    "reposts",
    "says",
    "keeps_quiet",
}


class Replayed:
    """What `upswell replay` told of an archive, and the posts that went by."""

    def __init__(self, code: int, said: str, posts: list[Post], reasons: Counter[str]) -> None:
        numbers = {name: int(number.replace(",", "")) for name, number in _NUMBER.findall(said)}
        self.said = said
        posts = [post for post in posts if post.deleted is None]
        once = {(post.source, post.id): post for post in reversed(posts)}.values()
        times = sorted(int(post.time) for post in posts)
        self.facts: dict[str, Any] = {
            **numbers,
            "exit": code,
            "topics": _topics(once),
            "times": [_moment(time) for time in (times[:1] + times[-1:])],
            "sources": sorted({post.source or "" for post in posts}),
            "reasons": dict(reasons),
            "reposts": sum(post.repost_of is not None for post in once),
        }


def _topics(posts: Any) -> dict[str, list[int]]:
    found: dict[str, tuple[int, set[str]]] = {}
    for post in posts:
        for spelling in topics_of(post):
            number, people = found.get(fold(spelling), (0, set()))
            found[fold(spelling)] = (number + 1, people | {post.author})
    return {topic: [number, len(people)] for topic, (number, people) in found.items()}


def _moment(time_ms: int) -> str:
    moment = dt.datetime.fromtimestamp(time_ms // 1_000, dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}Z"


@pytest.mark.parametrize(
    "case", sorted(CASES.rglob("expected.json")), ids=lambda path: str(path.parent.relative_to(CASES))
)
def test_an_archive_is_read_as(
    case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = case.parent
    expected: dict[str, Any] = json.loads(case.read_text())
    assert expected.keys() <= KEYS
    extra = folder / "args.txt"
    posts: list[Post] = []
    reasons: Counter[str] = Counter()
    reading = replay_run.read_archives

    def watched(*args: Any, **options: Any) -> Iterator[Any]:
        for batch in reading(*args, **options):
            posts.extend(batch.posts)
            reasons.update(dead.reason for dead in batch.dead)
            yield batch

    monkeypatch.setattr(replay_run, "read_archives", watched)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.chdir(tmp_path)
    inputs = [str(path) for path in sorted(folder.glob("input*"))]
    code = cli.run(["replay", *inputs, *(shlex.split(extra.read_text()) if extra.exists() else ())])
    printed = capsys.readouterr()
    replayed = Replayed(code, printed.out + printed.err, posts, reasons)
    texts = {"says", "keeps_quiet"}
    told = {key: replayed.facts.get(key) for key in expected if key not in texts}
    assert told == {key: value for key, value in expected.items() if key not in texts}, replayed.said
    for text in expected.get("says", ()):
        assert text in replayed.said
    for text in expected.get("keeps_quiet", ()):
        assert text not in replayed.said
