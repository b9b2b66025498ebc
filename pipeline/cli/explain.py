"""`upswell replay --explain`: what the first records of each file are read as, and from where."""

from __future__ import annotations

import datetime as dt
import sys
from pathlib import Path

from pipeline.cli.errors import WrongUseError
from pipeline.cli.replay_run import Plan
from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.opened import explained
from pipeline.text import printable, topics_of
from schemas import Post

RECORDS = 5
_TEXT = 60


def explain_files(plan: Plan) -> None:
    """Prints the format, the columns, the times and the topics of the first records of each file."""
    for path in plan.paths:
        try:
            alone = len(plan.paths) == 1
            found = explained(Path(path), plan.archive_format, plan.given, RECORDS, sys.stdin.buffer, alone=alone)
        except ArchiveError as error:
            raise WrongUseError(str(error)) from None
        for file in found:
            print(f"{printable(file.name)}: {printable(file.how) or 'no records'}")
            for line, post in file.posts:
                print(f"  line {line}: {_told(post)}")
            for dead in file.dead:
                print(f"  line {dead.line}: dead, {dead.reason}: {printable(dead.detail)}")
            if file.hidden:
                print(f"  {file.hidden} posts were not public")
            if file.skipped > file.hidden:
                print(f"  {file.skipped - file.hidden} records hold no post")
            for note in file.notes:
                print(f"  {printable(note)}")


def _told(post: Post) -> str:
    moment = dt.datetime.fromtimestamp(int(post.time) / 1_000, dt.UTC)
    text = " ".join(printable(post.text).split())
    topics = " ".join(map(printable, topics_of(post))) or "none"
    more = f"; repost of {printable(post.repost_of)}" if post.repost_of else ""
    return (
        f"time {moment:%Y-%m-%d %H:%M:%S} UTC; author {printable(post.author)}; id {printable(post.id)};"
        f" source {printable(post.source or '')}; lang {printable(post.lang or 'none')}; topics {topics}{more};"
        f" text {text[:_TEXT]}{'…' if len(text) > _TEXT else ''}"
    )
