"""Which files an archive consists of: files, directories, globs, and `-` for standard input."""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from pipeline.sources.archives.batches import ArchiveError

STDIN = Path("-")
_ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt")
_COMPRESSED = ("", ".gz", ".bz2", ".zst")
ENDINGS = tuple(ending + packed for ending in _ENDINGS for packed in _COMPRESSED)


def find_files(paths: Sequence[str]) -> list[Path]:
    """The files of an archive in reading order, each once.

    Directories give their files with a known ending, at any depth, sorted by path; globs (`*`, `?`, `[...]`, `**`) what
    they match, sorted; a file named as such is taken whatever its ending; `-` stands for standard input.

    Raises ArchiveError when a path does not exist, cannot be read, or nothing matches.
    """
    if not paths:
        raise ArchiveError("no archive given: name files, directories or globs, or - for standard input")
    found: dict[Path, None] = {}
    for given in paths:
        for path in _matches(given):
            found[path] = None
    return list(found)


def _matches(given: str) -> list[Path]:
    if given == "-":
        return [STDIN]
    path = Path(given)
    if "\0" in given:
        raise ArchiveError(f"{given!r} is no path: it holds a NUL character")
    if not os.path.lexists(path) and glob.has_magic(given):
        matched = [file for name in sorted(glob.glob(given, recursive=True)) for file in _under(Path(name))]
        if not matched:
            raise ArchiveError(f"nothing matches {given}: check the pattern, and quote it against the shell")
        return matched
    if not path.exists():
        raise ArchiveError(f"{given} does not exist: check the path")
    matched = _under(path)
    if not matched:
        raise ArchiveError(f"{given} holds no archive: files should end in {', '.join(_ENDINGS)}"
                           f" (also {', '.join(_COMPRESSED[1:])} after it), or be named one by one")
    return matched


def _under(path: Path) -> list[Path]:
    if not path.is_dir():
        if not os.access(path, os.R_OK):
            raise ArchiveError(f"{path} cannot be read: check its permissions")
        return [path]

    def unreadable(error: OSError) -> None:
        raise ArchiveError(f"{error.filename} cannot be read: {error.strerror}; check its permissions")

    files = [Path(folder, name) for folder, _, names in os.walk(path, onerror=unreadable) for name in names
             if name.lower().endswith(ENDINGS) and not name.startswith(".")]
    for file in files:
        if not os.access(file, os.R_OK):
            raise ArchiveError(f"{file} cannot be read: check its permissions")
    return sorted(files)
