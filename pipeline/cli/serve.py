"""`upswell serve`: the live page and the API, fed from Kafka or Redis."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path
from typing import Annotated, Literal

import typer

from pipeline.cli.common import BrokersFlag, ConfigFlag, need, settings_in_force
from pipeline.cli.errors import WrongUseError


def serve(
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="Where to listen; 0: any free port")] = 8080,
    host: Annotated[str, typer.Option("--host", help="Address to listen at")] = "127.0.0.1",
    history: Annotated[
        Path | None, typer.Option("--history", metavar="FILE", help="Keep every final list in this SQLite file")
    ] = None,
    walls: Annotated[
        Path | None,
        typer.Option("--walls", metavar="FILE", help="Keep posts of walls (from Redis: decisions too) in this file"),
    ] = None,
    keep_days: Annotated[int, typer.Option("--keep-days", min=1, max=36_500, help="How long lists are kept")] = 90,
    source: Annotated[Literal["kafka", "redis"], typer.Option("--from", help="Where lists come from")] = "kafka",
    brokers: BrokersFlag = None,
    config: ConfigFlag = None,
) -> None:
    """Serve the live page and the API, until Ctrl-C.

    Lists come from the topic of results on Kafka, or from Redis. Where the setting redis_url names a server, lists that
    come from Kafka are also kept there, for other programs and other servers. Several servers may run side by side;
    each keeps a history file of its own.

    \b
    Examples:
      upswell serve
      upswell serve --history trends.db --port 8000
      upswell serve --from redis --host 0.0.0.0
    """
    settings = settings_in_force(config, kafka_brokers=brokers)
    if source == "redis" and not settings.redis_url:
        raise WrongUseError("--from redis: the setting redis_url is not set; write it like redis://127.0.0.1:6379/0")
    if settings.redis_url:
        need("redis", "the setting redis_url")
    from pipeline.cli.serving import Asked, run

    with contextlib.suppress(asyncio.CancelledError, KeyboardInterrupt):  # told to stop, and stopped cleanly
        asyncio.run(run(settings, Asked(host, port, history, walls, keep_days, kafka=source == "kafka")))
