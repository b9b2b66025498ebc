"""`upswell sources`: posts come in by themselves, from the networks, feeds and mailboxes that upswell.toml names."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from typing import Annotated, Literal

import msgspec
import typer

from pipeline.cli.common import BrokersFlag, ConfigFlag, PartitionsFlag, kafka_faults, settings_in_force, until_told
from pipeline.cli.errors import CommandError, WrongUseError, complain
from pipeline.settings import Settings, SettingsError
from schemas.sources import FeedSource

HOW = "print one with `upswell sources new mastodon` (docs/sources.md)"
Action = Literal["run", "check", "new"]


def sources(
    action: Annotated[
        Action,
        typer.Argument(metavar="[run|check|new]", help="Run them; try each out; print tables for upswell.toml"),
    ] = "run",
    names: Annotated[
        str | None,
        typer.Argument(metavar="[NAMES]", help="run, check: only these; new: kinds; with commas between"),
    ] = None,
    wait: Annotated[
        float, typer.Option("--wait", metavar="S", min=1, max=600, help="check: how long to wait for a post of each")
    ] = 15.0,
    brokers: BrokersFlag = None,
    partitions: PartitionsFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Bring posts to Kafka from the [[source]] tables of upswell.toml, until Ctrl-C (docs/sources.md).

    Each source goes on where it stopped; while Kafka is away nothing is lost and nothing piles up here. check connects
    to each, reads a post, and tells the delay, limits, and what is switched off there; nothing goes to Kafka. new
    prints a commented table for each kind named: mastodon, bluesky, feed, imap, maildir, nostr, x.

    \b
    Examples:
      upswell sources new mastodon,feed >> upswell.toml
      upswell sources check
      upswell sources
    """
    if action == "new":
        _new(names)
        return
    settings = settings_in_force(config, kafka_brokers=brokers, partitions=partitions)
    if names:
        wanted = [name.strip() for name in names.split(",")]
        known = [source.name for source in settings.sources]
        for name in wanted:
            if name not in known:
                raise WrongUseError(f"{name}: no such source (known: {', '.join(known) or 'none'})")
        chosen = tuple(source for source in settings.sources if source.name in wanted)
        settings = msgspec.structs.replace(settings, sources=chosen)
    if action == "check":
        _check(settings, wait)
    else:
        _run(settings)


def _new(kinds: str | None) -> None:
    from pipeline.sources.live.examples import EXAMPLES

    if not kinds:
        raise WrongUseError(f"new: name kinds, with commas between: {', '.join(EXAMPLES)}")
    wanted = [
        {"rss": "feed", "atom": "feed", "mail": "imap"}.get(kind.strip(), kind.strip()) for kind in kinds.split(",")
    ]
    for kind in wanted:
        if kind not in EXAMPLES:
            raise WrongUseError(f"new: {kind[:40]!r} is no kind of source; known are {', '.join(EXAMPLES)}")
    print("\n".join(EXAMPLES[kind] for kind in wanted), end="")


def _check(settings: Settings, wait_s: float) -> None:
    from pipeline.sources.live.build import adapters_of
    from pipeline.sources.live.checking import check
    from pipeline.sources.senders import Senders
    from pipeline.text import printable

    if not settings.sources:
        raise WrongUseError(f"there is no source; {HOW}")
    try:
        adapters = adapters_of(settings, Senders(b"only for a look"), complain)
    except SettingsError as error:
        raise WrongUseError(str(error)) from None
    found = asyncio.run(check(adapters, wait_s))
    for one in found:
        for line in one.lines():
            print(printable(line))
    sys.stdout.flush()
    if faults := sum(bool(one.fault) for one in found):
        raise CommandError(f"{faults} of {len(found)} sources cannot be read")


def _run(settings: Settings) -> None:
    if not settings.sources:
        complain(f"there is no source, and nothing to do until there is one and this is started anew; {HOW}")
    from pipeline.health import ExposeError
    from pipeline.sources.kept import FolderError

    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt), kafka_faults():
        try:
            asyncio.run(until_told(_bring(settings)))
        except (FolderError, ExposeError) as error:
            raise CommandError(str(error)) from None


async def _bring(settings: Settings) -> None:
    """Cancelled, it ends once what has come is in Kafka."""
    from pipeline.sources.live.running import run_sources

    if settings.websub_url and any(isinstance(one, FeedSource) for one in settings.sources):
        from pipeline.web.hubs import hubs_heard
        from pipeline.web.run import WebError

        try:
            async with hubs_heard(settings.websub_url, settings.websub_host, settings.websub_port) as subscriber:
                await run_sources(settings, complain, subscriber=subscriber)
        except WebError as error:
            raise CommandError(str(error)) from None
    else:
        await run_sources(settings, complain)
