"""One path as blocks: what is in it is unpacked, read, and judged as a whole."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

from pipeline.sources.archives.account import Beside, beside
from pipeline.sources.archives.batches import ArchiveError, Dead, NoTableError
from pipeline.sources.archives.block import Block
from pipeline.sources.archives.containers import Member, members
from pipeline.sources.archives.files import STDIN
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.judging import HEAD_BYTES, Judge, is_prose
from pipeline.sources.archives.letters import decoded
from pipeline.sources.archives.reader import read_file
from pipeline.sources.archives.streams import Progress, as_utf8, beginning, chunks, with_line_ends
from schemas import Post

_MANY_DEAD = 100_000


def blocks_of(
    path: Path,
    raw: BinaryIO,
    progress: Progress,
    wanted: str,
    given: Given,
    around: Callable[[Path], Beside] = beside,
    *,
    alone: bool = True,
) -> Iterator[Block]:
    """The blocks of a file, or of all files in it where it is a container, as posts of the source that was given.
    `around` tells what stands in a folder beside archives.

    A text of words alone among others (`notes.txt`) is told, and left out.
    After those of each file comes one that says what is wrong with it, if most of it is dead or of an odd time. Tables
    that are not of posts are left out, and told; where all that is read is one (`alone`: no other file is), as
    NoTableError. Raises ArchiveError.
    """
    name = "-" if path == STDIN else str(path)
    no_tables: list[tuple[Member, NoTableError]] = []
    others = 0
    for member in members(name, chunks(raw, progress, name), progress):
        told = member.beside or (Beside() if path == STDIN else around(path.parent))
        own = replace(given, author=given.author or told.author, notes=told.notes)
        try:
            is_aside = not alone or member.name != name
            yield from _blocks(member, "csv" if member.is_sheet else wanted, own, progress, is_aside=is_aside)
        except NoTableError as error:
            no_tables.append((member, error))
        else:
            others += 1
    if no_tables and alone and not others:
        raise no_tables[0][1]
    for member, fault in no_tables:
        if member.is_sheet and others:  # most workbooks have some
            yield Block(member.name, notes=[f"{member.name} is no table of posts: it is left out"])
        else:
            yield Block(member.name, notes=[f"{fault}; it is left out"], failed=True)


def _blocks(member: Member, wanted: str, given: Given, progress: Progress, *, is_aside: bool) -> Iterator[Block]:
    judge = Judge(member.name)
    content = with_line_ends(decoded(as_utf8(member.content), given.encoding))
    if is_aside and wanted == "auto" and member.name.lower().endswith(".txt"):
        head, content = beginning(content, HEAD_BYTES)
        if is_prose(member.name, head):
            yield Block(member.name, notes=[f"{member.name} is plain text, as notes are: it is left out"], empty=True)
            for _ in content:  # what follows in its container is read on
                pass
            return
    for block in read_file(member.name, judge.watched(content), wanted, given, progress.stalled):
        if given.source is not None:
            for post in block.posts:
                post.source = given.source
        given.rounded.without_floats(block.file, block.posts)
        judge.take(block)
        yield block
    last = judge.verdict()
    if last is not None:
        yield last


@dataclass
class Explained:
    """What the first records of a file are read as."""

    name: str
    how: str = ""
    posts: list[tuple[int, Post]] = field(default_factory=list)  # each with its line
    dead: list[Dead] = field(default_factory=list)
    skipped: int = 0
    hidden: int = 0  # of those skipped: posts that were not public
    notes: list[str] = field(default_factory=list)


def explained(
    path: Path, wanted: str, given: Given, records: int, stdin: BinaryIO | None = None, *, alone: bool = True
) -> list[Explained]:
    """What the first records of a file, or of each file in it, are read as; `alone` as in `blocks_of`. Raises
    ArchiveError."""
    found: dict[str, Explained] = {}
    dead = 0
    with ExitStack() as stack:
        try:
            raw = (stdin or sys.stdin.buffer) if path == STDIN else stack.enter_context(open(path, "rb", buffering=0))
        except OSError as error:
            raise ArchiveError(f"{path} cannot be read: {error.strerror}; check the file") from None
        for block in blocks_of(path, raw, Progress(), wanted, given, alone=alone):
            file = found.setdefault(block.file, Explained(block.file))
            file.how = file.how or block.how
            room = records - len(file.posts)
            file.posts += list(zip(block.lines, block.posts, strict=False))[: max(room, 0)]
            file.dead += block.dead[: max(records - len(file.dead), 0)]
            file.skipped += block.skipped + block.deletions
            file.hidden += block.hidden
            file.notes += block.notes
            dead += len(block.dead)
            if block.file == str(path) and (len(file.posts) >= records or dead > _MANY_DEAD):
                break  # of what is no container the rest need not be read, unless to tell what is wrong with it
        for file in found.values():
            given.people.named([post for _, post in file.posts])
    for name, note in given.rounded.notes().items():
        found[name].notes.append(note)
    return list(found.values())
