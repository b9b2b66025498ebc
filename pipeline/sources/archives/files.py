"""Which files an archive consists of: files, directories, globs, and `-` for standard input."""

from __future__ import annotations

import glob
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from pipeline.sources.archives.batches import ArchiveError

STDIN = Path("-")
_ENDLESS = ("zero", "full", "random", "urandom")
_ENDINGS = (".json", ".jsonl", ".ndjson", ".csv", ".tsv", ".txt", ".xml", ".rss", ".atom", ".mbox", ".eml", ".sse")
COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
_CONTAINERS = (
    ".tar",
    ".tar.gz",
    ".tgz",
    ".tar.bz2",
    ".tar.xz",
    ".tar.zst",
    ".zip",
    ".xlsx",
    ".ods",
    ".sqlite",
    ".sqlite3",
    ".db",
    ".parquet",
    ".arrow",
    ".feather",
    ".orc",
)
ENDINGS = (*(ending + packed for ending in _ENDINGS for packed in ("", *COMPRESSED)), *_CONTAINERS)
# what archives that networks give their users hold beside their posts
_TWEETS = re.compile(r"tweets?(?:-part\d+)?\.js")
_ABOUT = re.compile(
    r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_utc\.txt|(?:read.?me|licen[cs]e|copying|notice|changelog|citation|codebook)\b.*\.txt"
)
_NO_POSTS = frozenset(
    {
        "thumbs.db",
        "actor.json",
        "likes.json",
        "bookmarks.json",
        "manifest.json",
        "followers.csv",
        "following_accounts.csv",
    }
)


def is_archive(name: str) -> bool:
    """Whether a file of this name in a folder or a container is taken for an archive of posts."""
    path = PurePosixPath(name)
    base = path.name.lower()
    if not base or base.startswith((".", "~$")) or base in _NO_POSTS or _ABOUT.fullmatch(base):
        return False
    return base.endswith(ENDINGS) or _TWEETS.fullmatch(base) is not None or path.parent.name in ("cur", "new")


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
        raise ArchiveError(
            f"{given} holds no archive: files should end in {', '.join(_ENDINGS)}"
            f" (also {', '.join(COMPRESSED)} after it) or {', '.join(_CONTAINERS)}, or be named one by one"
        )
    return matched


def left_out(paths: Sequence[str]) -> list[str]:
    """A sentence for all that folders among the paths hold under an archive's name and that is no file to be read."""
    folders = {path for given in paths for path in _named(given) if path.is_dir()}
    return [
        f"{file} {why}; it is left out" for folder in sorted(folders) for file in _walk(folder) if (why := _fault(file))
    ]


def _named(given: str) -> list[Path]:
    if given == "-" or "\0" in given:
        return []
    path = Path(given)
    if not os.path.lexists(path) and glob.has_magic(given):
        return [Path(name) for name in glob.glob(given, recursive=True)]
    return [path]


def _under(path: Path) -> list[Path]:
    if not path.is_dir():
        if not os.access(path, os.R_OK):
            raise ArchiveError(f"{path} cannot be read: check its permissions")
        if stat.S_ISCHR(path.stat().st_mode) and path.name in _ENDLESS:
            raise ArchiveError(f"{path} is a device without an end: name files, directories or globs")
        return [path]
    files = [file for file in _walk(path) if not _fault(file)]
    for file in files:
        if not os.access(file, os.R_OK):
            raise ArchiveError(f"{file} cannot be read: check its permissions")
    return files


def _walk(path: Path) -> list[Path]:
    def unreadable(error: OSError) -> None:
        raise ArchiveError(f"{error.filename} cannot be read: {error.strerror}; check its permissions")

    return sorted(
        Path(folder, name)
        for folder, _, names in os.walk(path, onerror=unreadable)
        for name in names
        if is_archive(str(PurePosixPath(folder, name)))
    )


def _fault(path: Path) -> str:
    """Why what a folder holds cannot be read as a file; nothing when it can."""
    try:
        mode = path.stat().st_mode
    except OSError as error:
        return f"leads nowhere ({error.strerror})" if path.is_symlink() else f"cannot be read ({error.strerror})"
    if stat.S_ISREG(mode):
        return ""
    return "is a pipe, which may never end: name it by itself" if stat.S_ISFIFO(mode) else "is no file"
