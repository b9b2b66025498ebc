"""`upswell report`: an event's debrief from archives, as a page to pass on and as JSON."""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from pipeline.cli.common import BrokersFlag, ConfigFlag, kafka_faults, settings_in_force
from pipeline.cli.errors import CommandError, WrongUseError
from pipeline.cli.event_report import Debrief, Report
from pipeline.cli.outputs import refuse_overlap
from pipeline.local import Local, Options
from pipeline.moderation import DecisionLog, LogError, Moderation, SqliteLog
from pipeline.settings import Settings
from pipeline.sources.archives import ArchiveError, find_files, read_archives
from pipeline.wording import DEFAULT, Language, language, languages, why_of

_CSS = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color-scheme:light dark}"
    "svg{width:100%;height:9rem;fill:#2b7bbb}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top;"
    "overflow-wrap:anywhere}.n{text-align:right}"
)


def report(
    event: Annotated[str, typer.Argument(metavar="EVENT", help="Name of an [[event]] of the settings")],
    paths: Annotated[list[str], typer.Argument(metavar="ARCHIVE...", help="Files, directories or globs; - is stdin")],
    out: Annotated[str | None, typer.Option("--out", metavar="F", help="HTML file [default: EVENT.html]")] = None,
    json_out: Annotated[str | None, typer.Option("--json", metavar="F", help="JSON file too; - for stdout")] = None,
    lang: Annotated[str, typer.Option("--lang", metavar="L", help="Language of the page: en, es, fr")] = DEFAULT,
    decisions: Annotated[
        str | None,
        typer.Option("--decisions", metavar="F", help="Leave out what is blocked by: kafka, or serve's --walls file"),
    ] = None,
    brokers: BrokersFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Write what happened at an event: time line, phases, topics, people, posts, peaks and their cause.

    \b
    Example:
      upswell report capcomnet archive/ --out capcomnet.html --json capcomnet.json
      upswell report capcomnet archive/ --lang fr --decisions kafka
    """
    settings = settings_in_force(config, kafka_brokers=brokers)
    found = next((it for it in settings.events if it.name == event), None)
    if found is None:
        known = ", ".join(it.name for it in settings.events) or "there is none"
        raise WrongUseError(f"{event}: no such event (known: {known}); describe it as [[event]] in upswell.toml")
    if lang not in languages():
        raise WrongUseError(f"--lang: {lang:.40} is no language of upswell; use one of {', '.join(languages())}")
    html_file = out or f"{found.name}.html"
    try:
        files = [str(file) for file in find_files(paths)]
    except ArchiveError as error:
        raise WrongUseError(str(error)) from None
    refuse_overlap({"--out": html_file, "--json": json_out}, files)
    debrief = Debrief(found, _moderation(settings, decisions) if decisions else None)
    local = Local(
        Options(
            settings.pane_ms,
            settings.max_out_of_orderness_ms,
            settings.partitions,
            (found,),
            words=settings.words,
        ),
        on_list=debrief.take_list,
        keeps=lambda scope, window: (scope, window) == (f"event:{found.name}", "1h"),
    )
    try:
        for batch in read_archives(files, stdin=sys.stdin.buffer):
            for post in batch.posts:
                debrief.take(post)
            local.feed(batch.posts)
    except ArchiveError as error:
        raise CommandError(str(error)) from None
    local.finish()
    told = debrief.report()
    _write(html_file, html_of(told, lang).encode())
    if json_out:
        _write(json_out, msgspec.json.format(msgspec.json.encode(told)) + b"\n")
    print(f"{told.posts:,} posts by {told.people:,} people: {html_file}", file=sys.stderr)


def _moderation(settings: Settings, source: str) -> Moderation:
    """What moderators have decided. Raises CommandError, WrongUseError."""
    if source == "kafka":
        from pipeline.kafka.decisions import KafkaLog

        with kafka_faults():
            log: DecisionLog = KafkaLog(settings)
    elif not Path(source).is_file():
        raise WrongUseError(f"--decisions: {source}: no such file; name kafka, or the file of `upswell serve --walls`")
    else:
        log = _opened(source)
    try:
        return Moderation(log.replay())
    except LogError as error:
        raise CommandError(str(error)) from None
    finally:
        log.close()


def _opened(file: str) -> SqliteLog:
    try:
        return SqliteLog(file)
    except LogError as error:
        raise CommandError(str(error)) from None


def _write(name: str, data: bytes) -> None:
    if name == "-":
        sys.stdout.buffer.write(data)
        return
    try:
        Path(name).write_bytes(data)
    except OSError as error:
        raise CommandError(f"{name}: cannot be written ({error.strerror})") from None


def html_of(told: Report, lang: str = DEFAULT) -> str:
    """The report as one page: no scripts, nothing loaded, every text escaped."""
    t = language(lang, told.time_zone)

    def moment(ms: int | None) -> str:
        return "–" if ms is None else t.moment(ms, zone=False)

    def table(title: str, head: list[str], rows: list[list[str]]) -> str:
        if not rows:
            return ""
        top = "".join(f"<th>{escape(t[f'report.{it}'])}</th>" for it in head)
        body = "".join("<tr>" + "".join(f"<td><bdi>{escape(it)}</bdi></td>" for it in row) + "</tr>" for row in rows)
        return (
            f"<h2>{escape(t[f'report.{title}'])}</h2><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"
        )

    parts = [
        f"<h1>{escape(told.title)}</h1><p>{moment(told.start)} – {moment(told.end)} ({escape(told.time_zone)}): "
        f"<b>{t.number(told.posts)}</b> {t['report.by']} <b>{t.number(told.people)}</b> {t['report.people']}.</p>",
        _line(told, t),
        table(
            "phases",
            ["from", "to", "posts", "per_minute", "topics"],
            [
                [
                    moment(it.start),
                    moment(it.end),
                    t.number(it.posts),
                    t.number(it.per_minute, 1),
                    " ".join(it.topics),
                ]
                for it in told.phases
            ],
        ),
        table(
            "peaks",
            ["at", "posts_in_5", "times_mean", "cause", "why"],
            [
                [
                    moment(it.at),
                    t.number(it.posts),
                    t.number(it.times, 1),
                    " ".join(it.topics),
                    why_of(it.why, t) if it.why else "",
                ]
                for it in told.peaks
            ],
        ),
        table("topics", ["topic", "posts"], [[it.name, t.number(it.posts)] for it in told.topics]),
        table("persons", ["account", "posts"], [[it.name, t.number(it.posts)] for it in told.accounts]),
        table(
            "repeated",
            ["times", "author", "text", "at"],
            [[t.number(it.copies), it.author, it.text, moment(it.time)] for it in told.top_posts],
        ),
    ]
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(told.title)}</title><style>{_CSS}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _line(told: Report, t: Language) -> str:
    """Posts per minute as bars, drawn at no more than 600 places."""
    if not told.minutes:
        return f"<p>{t['report.nothing']}</p>"
    first = told.minutes[0].at // 60_000
    minutes = told.minutes[-1].at // 60_000 - first + 1
    width = -(-minutes // 600)
    bars: dict[int, int] = {}
    for it in told.minutes:
        place = (it.at // 60_000 - first) // width
        bars[place] = bars.get(place, 0) + it.posts
    most = max(bars.values())
    drawn = "".join(
        f'<rect x="{place}" y="{100 - 100 * posts / most:.2f}" width="0.9" height="{100 * posts / most:.2f}"/>'
        for place, posts in sorted(bars.items())
    )
    return (
        f'<svg viewBox="0 0 {max(bars) + 1} 100" preserveAspectRatio="none" role="img">'
        f"<title>{t['report.posts_per']} {width} min, {t['report.at_most']} {t.number(most)}</title>{drawn}</svg>"
    )
