"""Who is alerted reads of events and watchlists by their titles, as the page calls them, and not by their names."""

from __future__ import annotations

import asyncio
import time
from contextlib import closing
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer

from pipeline.alerts.receivers import webhook_message
from pipeline.alerts.run import follow
from pipeline.cancelling import cancel_and_wait
from pipeline.kafka.definitions import DefinitionsLog, defined_by
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings, load_settings
from schemas.alerts import Alert, AlertWhy, Receiver
from tests.alerts.receiving import Hook
from tests.alerts.test_blocking import alert

TITLES = {"event:fete": "Fête de la ville", "watch:acme": "Acme & Cie"}
OPS = Receiver("ops", "webhook", "https://example.org/hook", lang="fr")


def told(one: Alert) -> tuple[str, str]:
    """What a receiver in French reads: what it is about, and the sentence."""
    annotations = webhook_message(OPS, one, TITLES)["alerts"][0]["annotations"]
    return annotations["summary"], annotations["why"]


def test_a_message_calls_an_event_and_a_watchlist_by_its_title_and_what_has_none_by_its_name() -> None:
    whole = told(alert())
    assert whole[0] == "Fête de la ville"
    assert "dans Fête de la ville" in whole[1]
    watched = told(alert(scope="watch:acme", topic="#feu", display="#Feu"))
    assert watched[0] == "#Feu"
    assert "Acme & Cie" in watched[1]
    assert told(alert(scope="event:bal", display="event:bal"))[0] == "Événement bal"


def test_the_lines_of_a_digest_do_so_too() -> None:
    one = alert(kind="digest", scope="all", display="", why=AlertWhy(alerts=[alert()]))
    assert "dans Fête de la ville" in told(one)[1]


@pytest.mark.timeout(120)
def test_follow_knows_the_titles_in_force_and_those_that_come(embedded: str, prefix: str, tmp_path: Path) -> None:
    file = tmp_path / "upswell.toml"

    def defined(title: str) -> Settings:
        event = f'[[event]]\nname = "fete"\ntitle = "{title}"\nhashtags = ["#fete"]\n'
        file.write_text(event + f'[[receiver]]\nname = "ops"\nkind = "webhook"\nurl = "{hook.url}"\n')
        return load_settings(file, kafka_brokers=embedded, kafka_prefix=prefix)

    def summaries() -> list[str]:
        return [one["alerts"][0]["annotations"]["summary"] for one in list(hook.taken.values())]

    async def heard(title: str) -> None:
        """Raises alerts until one comes that calls the event so."""
        while title not in summaries():
            now = int(time.time() * 1_000)
            one = alert(key=f"r//{now}", since=now, fired=now, at=now)
            producer.produce(f"{prefix}alerts", msgspec.json.encode(one), "k")
            await asyncio.to_thread(producer.flush, 20)
            await asyncio.sleep(0.3)

    async def sent() -> None:
        following = asyncio.create_task(follow(settings, tmp_path / "state.db", lambda _: None, print))
        async with asyncio.timeout(60):
            await heard("Avant")
            assert set(summaries()) == {"Avant"}
            with closing(await asyncio.to_thread(DefinitionsLog, settings)) as log:
                await asyncio.to_thread(log.ask, defined_by(defined("Après"), "ann"))
            await heard("Après")
        await cancel_and_wait(following)

    with Hook() as hook:
        settings = defined("Avant")
        init_topics(settings)
        producer = Producer({"bootstrap.servers": embedded})
        asyncio.run(sent())
