"""The flags of the subcommands that read archives, and what they say about files that do not say it themselves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

import typer

from pipeline.cli.errors import WrongUseError, complain
from pipeline.sources.archives.batches import ArchiveError, Batch
from pipeline.sources.archives.files import find_files
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.letters import encoding_named
from pipeline.sources.archives.read import FORMATS
from pipeline.sources.archives.times import NUMBERS, Clock, zone_named

FormatFlag = Annotated[str, typer.Option("--format", metavar="NAME", help=f"Format of the input: {', '.join(FORMATS)}")]
ColumnsFlag = Annotated[
    str | None, typer.Option("--columns", metavar="MAP", help="Columns of a CSV: text=tweet,author=user,time=date")
]
ZoneFlag = Annotated[
    str | None,
    typer.Option("--zone", metavar="Z", help="Zone of local times, as in Europe/Paris (UTC if not given)"),
]
TimeFormatFlag = Annotated[
    str | None,
    typer.Option("--time-format", metavar="P", help="How times are written: '%d/%m/%Y %H:%M', unix, apple, excel"),
]
SourceFlag = Annotated[
    str | None, typer.Option("--source", metavar="S", help="Network that all posts are from: twitter, bluesky, ...")
]
AuthorFlag = Annotated[
    str | None, typer.Option("--author", metavar="A", help="Author of posts that name none (Twitter's own archive)")
]

EncodingFlag = Annotated[
    str | None,
    typer.Option("--encoding", metavar="E", help="How letters are written, where not as Unicode: windows-1252, gbk"),
]


def files_of(paths: Sequence[str]) -> list[str]:
    """The files that these name. Raises WrongUseError."""
    try:
        return [str(file) for file in find_files(paths)]
    except ArchiveError as error:
        raise WrongUseError(str(error)) from None


def check_format(name: str) -> None:
    """Raises WrongUseError for a format that is none."""
    if name not in FORMATS:
        raise WrongUseError(f"--format {name}: there is no such format; use one of {', '.join(FORMATS)}")


def parse_given(
    columns: str | None,
    zone: str | None,
    time_format: str | None,
    source: str | None,
    author: str | None,
    encoding: str | None,
) -> Given:
    """What the flags say about archives that their files do not."""
    try:
        clock = Clock(zone_named(zone) if zone is not None else None, time_format)
    except ValueError as error:
        raise WrongUseError(f"--zone: {error}") from None
    if time_format is not None and "%" not in time_format and time_format not in NUMBERS:
        raise WrongUseError(
            f"--time-format {time_format}: there is no % in it; write it like '%d/%m/%Y %H:%M',"
            f" or {' or '.join(NUMBERS)}"
        )
    for flag, value in (("--source", source), ("--author", author)):
        if value is not None and not 0 < len(value.strip()) <= 256:
            raise WrongUseError(f"{flag}: it takes 1 to 256 characters")
    try:
        letters = encoding_named(encoding) if encoding is not None else None
    except ValueError as error:
        raise WrongUseError(f"--encoding: {error}") from None
    return Given(parse_columns(columns), clock, source, author, letters)


def parse_columns(text: str | None) -> dict[str, str] | None:
    """`text=tweet,author=user` as a mapping from a post's field to the column it is in."""
    if text is None:
        return None
    columns: dict[str, str] = {}
    for part in text.split(","):
        field, equals, column = part.partition("=")
        if not (field.strip() and equals and column.strip()):
            raise WrongUseError(f"--columns {text}: {part!r} is not FIELD=COLUMN; write it like text=tweet,author=user")
        columns[field.strip()] = column.strip()
    return columns


def with_notes_said(batches: Iterable[Batch]) -> Iterator[Batch]:
    """The batches, with what is to be told of their files said on the way."""
    for batch in batches:
        for note in batch.notes:
            complain(note)
        yield batch
