"""`upswell why`: the arithmetic of a topic's score at a moment of an archive, line by line."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from pipeline.cli.archive_flags import (
    AuthorFlag,
    ColumnsFlag,
    EncodingFlag,
    FormatFlag,
    SourceFlag,
    TimeFormatFlag,
    ZoneFlag,
    check_format,
    files_of,
    parse_given,
    with_notes_said,
)
from pipeline.cli.common import (
    ConfigFlag,
    LatenessFlag,
    PaneFlag,
    PartitionsFlag,
    check_language,
    counting,
    settings_in_force,
)
from pipeline.cli.errors import CommandError, WrongUseError
from pipeline.cli.replay import check_scope
from pipeline.cli.screen import RunProgress
from pipeline.cli.terminal import console, moment
from pipeline.gc_tuning import collect_rarely
from pipeline.local import Local
from pipeline.settings import Settings
from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.read import read_archives
from pipeline.sources.archives.times import Clock
from pipeline.text import printable, topic_key
from pipeline.trends.arithmetic import Arithmetic, Terms, arithmetic, list_of, spoken_of
from pipeline.trends.names import TAG, kind_of
from pipeline.wording import DEFAULT, Language, language
from schemas import Post, PostError, Window
from schemas.trends import WINDOWS, Origins

MINUTE_MS = 60_000
OF_WORDS = {"expected": "e = g M / B", "counting": "e (1 + g w / (B b))", "strayed": "g² V / B"}  # formulas
NAMES = 24  # cells of a line's name
NUMBER = 12
# (name in the catalogue, how docs/trending.md writes it, the value of a window)
LINES: tuple[tuple[str, str, str], ...] = (
    ("posts", "", "posts"),
    ("people", "m / θ", "people"),
    ("own", "u", "own"),
    ("shared", "r", "shared"),
    ("support", "n = u / θ + 2 r", "support"),
    ("level", "M", "level"),
    ("expected", "e = M / B", "expected"),
    ("counting", "e (1 + w / (B b))", "counting"),
    ("unsure", "(0.05 + 1 / (1 + B)) e²", "unsure"),
    ("strayed", "V / B", "strayed"),
    ("growth", "g", "growth"),
    ("unheard", "(g² − 1) u²", "unheard"),
    ("variance", "v = {sum} + 1", "variance"),
    ("score", "(n − e) / √v", "score"),
    ("weight", "R = (n − e) ln((n + 1) / (e + 1))", "weight"),
)


def why(
    topic: Annotated[
        str,
        typer.Argument(
            metavar="TOPIC", help='#hashtag, $cashtag, "words"; without a sign the first of these that is there'
        ),
    ],
    paths: Annotated[
        list[str],
        typer.Argument(metavar="ARCHIVE...", help="Files, directories or globs (.gz .bz2 .zst too); - is stdin"),
    ],
    at: Annotated[str, typer.Option("--at", metavar="TIME", help="The moment: '2014-04-23 21:19' (UTC), or RFC 3339")],
    window: Annotated[Window, typer.Option("--window", help="The list: trends of minutes, hours or days")] = "1h",
    scope: Annotated[
        str, typer.Option("--scope", metavar="S", help="The list: all, lang:fr, source:NAME or event:NAME")
    ] = "all",
    lang: Annotated[str, typer.Option("--lang", metavar="L", help="Language: en, es, fr")] = DEFAULT,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the lines")] = False,
    archive_format: FormatFlag = "auto",
    columns: ColumnsFlag = None,
    zone: ZoneFlag = None,
    time_format: TimeFormatFlag = None,
    source: SourceFlag = None,
    author: AuthorFlag = None,
    encoding: EncodingFlag = None,
    partitions: PartitionsFlag = None,
    pane_ms: PaneFlag = None,
    max_out_of_orderness_ms: LatenessFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Show how the score of a topic comes about at a moment of an archive, line by line, and what it decides.

    The archive is counted from its beginning to that moment, as a replay does: what came later has no say. Each line
    stands with its formula; docs/trending.md explains them.

    \b
    Examples:
      upswell why '#FinaleDesChorales' archive/ --at '2026-11-22 18:22'
      upswell why AAPL posts.csv --at 2014-04-23T21:19:00Z --window 5m
      upswell why '#paris' archive/ --at '2024-05-01 20:00' --scope lang:fr --lang fr
      upswell why '#paris' archive/ --at '2024-05-01 20:00' --json | jq .terms[1].variance

    Exit codes: 0 shown, 1 nobody speaks of it then, 2 wrong use or a time outside the archive, 130 interrupted.
    """
    settings = settings_in_force(
        config, partitions=partitions, pane_ms=pane_ms, max_out_of_orderness_ms=max_out_of_orderness_ms
    )
    check_scope(scope, settings)
    check_format(archive_format)
    check_language(lang)
    key, *others = _keys(topic)
    if not key:
        raise WrongUseError(f"{topic[:80]!r} is no topic; write it like '#paris', words like '\"paris metro\"'")
    try:
        at_ms = Clock().ms(at)
    except PostError:
        raise WrongUseError(f"--at: {at[:40]!r} is no time; write it like '2014-04-23 21:19'") from None
    given = parse_given(columns, zone, time_format, source, author, encoding)
    files = files_of(paths)
    try:
        local = _counted(files, archive_format, given, settings, (scope, window), at_ms)
    except ArchiveError as error:
        raise WrongUseError(str(error)) from None
    of = list_of(local.ranker, scope, window)
    step_ms = of.spec.step_ms if of else MINUTE_MS
    end = at_ms // step_ms * step_ms
    shown = (arithmetic(local.ranker, of, each, end) for each in (key, *others)) if of else ()
    found = next(filter(None, shown), None)
    words = language(lang)
    if found is None:
        hint = _not_counted(key, scope, settings) or _nearest(key, spoken_of(of) if of else [])
        raise CommandError(f"{key}: nobody speaks of it in {scope} in the {window} to {moment(end)} UTC; {hint}")
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
        return
    for line in lines(found, words):
        console(sys.stdout).print(Text(line), soft_wrap=True)


def _keys(topic: str) -> Iterator[str]:
    """What may be meant: of a name without a sign the hashtag, the cashtag or the words."""
    yield topic_key(topic)
    if topic[:1].isalnum():
        yield topic_key(f"${topic}")
        yield topic_key(f'"{topic}"')


def _counted(
    files: list[str], archive_format: str, given: Given, settings: Settings, of: tuple[str, Window], at_ms: int
) -> Local:
    """All that was written before the moment, counted. Raises WrongUseError where the archive does not reach to it."""
    collect_rarely()
    options = counting(settings)
    local = Local(options, keeps=lambda scope, window: (scope, window) == of)
    first, last = sys.maxsize, -1
    with RunProgress(console(sys.stderr), "why") as progress:
        for batch in with_notes_said(read_archives(files, format=archive_format, given=given, stdin=sys.stdin.buffer)):
            if not batch.posts:
                continue
            times = [_written(post) for post in batch.posts]
            first, last = min(first, *times), max(last, *times)
            before = [post for post, time in zip(batch.posts, times, strict=True) if time < at_ms]
            local.feed(before)
            progress.update(batch.bytes_read, batch.bytes_total, moment(times[-1]))
            if first <= at_ms and not before:
                break
    if last < 0:
        raise WrongUseError(f"{', '.join(files)}: there is no post in it")
    if not first <= at_ms <= last + MINUTE_MS:
        raise WrongUseError(
            f"--at: {moment(at_ms)} UTC lies outside the archive, whose posts are of {moment(first)} to {moment(last)}"
        )
    local.mark(at_ms // MINUTE_MS * MINUTE_MS)
    return local


def _written(post: Post) -> int:
    """When the record came to be, ms: a post when it was written, a retraction when it was withdrawn."""
    return int(post.time if post.deleted is None else post.deleted)


def _not_counted(key: str, scope: str, settings: Settings) -> str:
    """Why words are no topic, where they are none."""
    if kind_of(key) == TAG or settings.words == "all":
        return ""
    if settings.words == "off":
        return 'words are no topics: set words = "events" or "all"'
    if not scope.startswith("event:"):
        return 'words are topics of events alone: ask with --scope event:NAME, or set words = "all"'
    return ""


def _nearest(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, 3)
    return f"nearest to it: {', '.join(near)}" if near else f"most spoken of: {', '.join(known[:3]) or 'nothing'}"


def lines(found: Arithmetic, words: Language) -> Iterator[str]:
    """The arithmetic for people, safe to show."""
    yield words.say(
        "arithmetic.title",
        topic=printable(found.topic),
        scope=found.scope,
        window=WINDOWS[found.window],
        at=words.moment(found.at),
    )
    yield words.say(
        f"arithmetic.verdict.{found.verdict}",
        since=words.moment(found.since or 0),
        least=found.least_people,
        score=_told(found.score, words),
        on=_told(found.on, words),
        record=_told(found.record, words),
    )
    if found.signs is not None and found.signs.suspect:
        yield words.say("suspect", **msgspec.structs.asdict(found.signs), known=found.signs.again > 0, withdrawn=0)
    if found.origins is not None:
        yield from _origin_lines(found.origins, words)
    yield ""
    buckets = words.say("arithmetic.buckets", bucket=found.bucket_s)
    yield _line(buckets, f"{found.buckets:>{NUMBER}}", "m")
    yield _line(words["arithmetic.past"], f"{_told(found.past, words):>{NUMBER}}", "B = (1 − d^m) / (1 − d)")
    yield ""
    spans = [words.of_type("duration", term.window_s, "") for term in found.terms]
    yield _line("", "".join(f"{span:>{NUMBER}}" for span in spans), "")
    is_word = kind_of(found.topic) != TAG
    for name, formula, field in LINES:
        if name in ("growth", "unheard") and not is_word:
            continue
        formula = OF_WORDS.get(name, formula) if is_word else formula
        values = [_told(getattr(term, field), words) for term in found.terms]
        told = formula.format(sum=words["arithmetic.sum"])
        yield _line(words[f"arithmetic.{name}"], "".join(f"{value:>{NUMBER}}" for value in values), told)
    yield ""
    which = words.of_type("duration", _of_score(found).window_s, "")
    yield words.say(
        "arithmetic.decides",
        score=_told(found.score, words),
        window=which,
        on=_told(found.on, words),
        record=_told(found.record, words),
        weight=_told(found.weight, words),
    )


def _origin_lines(told: Origins, words: Language) -> Iterator[str]:
    """Where the topic's people are from."""
    usual = "" if told.usual is None else words.say("page.usually", usual=told.usual)
    for name, share, more in (("server", told.one_server, usual), ("bots", told.bots, "")):
        yield _line(words[f"page.{name}"], f"{words.say('page.part', share=share):>{NUMBER}}", more)


def _of_score(found: Arithmetic) -> Terms:
    short, long = found.terms
    return short if short.score >= long.score and found.past else long


def _line(name: str, values: str, formula: str) -> str:
    return f"{name:<{NAMES}}{values}  {formula}".rstrip()


def _told(value: float, words: Language) -> str:
    """A number as the arithmetic shows it: whole, or to three digits after the point."""
    return words.number(int(value)) if value == int(value) else words.number(value, 3 if abs(value) < 100 else 1)
