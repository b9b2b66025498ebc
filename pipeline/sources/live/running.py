"""All sources of an installation in one process: `upswell sources`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry

from pipeline.cancelling import cancel_and_wait
from pipeline.clock import utc_ms
from pipeline.health import expose
from pipeline.settings import Settings, SettingsError
from pipeline.sources.live.build import adapters_of
from pipeline.sources.live.delivery import Delivery
from pipeline.sources.live.metrics import SourceMetrics
from pipeline.sources.live.runner import Runner
from pipeline.sources.live.sink import KafkaSink, Sink
from pipeline.sources.live.status import StatusFile
from pipeline.sources.live.store import Store
from pipeline.sources.live.websub import Subscriber
from pipeline.sources.senders import Senders


async def run_sources(
    settings: Settings,
    say: Callable[[str], None],
    subscriber: Subscriber | None = None,
) -> None:
    """Until it is cancelled; `subscriber`: by which hubs of feeds reach us. Raises SettingsError, FolderError,
    ExposeError, and KafkaUseError where Kafka will not have us."""
    folder = Path(settings.state_dir)
    try:
        senders = Senders.of_folder(folder)
    except OSError as error:
        raise SettingsError(f"UPSWELL_STATE_DIR: {folder} cannot be used ({error})") from None
    adapters = adapters_of(settings, senders, say, subscriber=subscriber)
    registry = CollectorRegistry()
    expose(registry, settings.metrics_port, settings.metrics_host)
    metrics = SourceMetrics(registry)
    store = Store(folder)
    for adapter in adapters:
        metrics.fares(adapter.name)
    telling = asyncio.create_task(StatusFile(folder, metrics.status, utc_ms).run())
    try:
        delivery = Delivery(store, metrics)

        def open_sink() -> Sink:
            return KafkaSink(settings, say)

        if not adapters:
            await asyncio.Event().wait()
        say(f"{len(adapters)} sources run; what they remember lies in {folder}")
        await Runner(adapters, store, delivery, metrics, open_sink, say).run()
    finally:
        await cancel_and_wait(telling)
        store.close()
