"""`/readyz` says whether the page follows Kafka: while the broker is away it does not, and it does again by itself."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings, load_settings
from schemas import Post
from tests.alerts.test_alerting import at, row
from tests.alerts.test_follow import NOW, publish
from tests.kafka.apache import Apache, free_port, missing
from tests.kafka.commands import Command


def post(settings: Settings, name: str) -> None:
    with PostProducer(settings) as producer:
        producer.push([Post(name, name, f"{name} #fete", NOW * 60_000, source="sms")])
        producer.flush()


@pytest.mark.timeout(240)
def test_a_server_is_ready_while_it_follows_kafka_not_while_the_broker_is_away_and_again_when_it_is_back(
    tmp_path: Path,
) -> None:
    reason = missing()
    if reason:
        pytest.skip(f"no Apache Kafka: {reason}")
    port = free_port()
    with (
        Apache(tmp_path / "kafka", heap_mb=320) as broker,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=10) as client,
    ):
        settings = load_settings(kafka_brokers=broker.address)
        init_topics(settings)
        (tmp_path / "upswell.toml").write_text('[[event]]\nname = "fete"\nhashtags = ["#fete"]\n')
        post(settings, "before")
        publish(broker.address, "trends", at(NOW - 1, row("#before")))

        def ready() -> tuple[int, str]:
            """Status and reason; (0, "") while nobody answers."""
            try:
                answer = client.get("/readyz")
            except httpx.ConnectError:
                return 0, ""
            told = answer.json()
            assert told["ready"] == (answer.status_code == 200)
            return answer.status_code, told["reason"]

        def listed() -> list[str]:
            return [one["topic"] for one in client.get("/api/v1/trends").json()["trends"]]

        def wall() -> list[str]:
            return [one["ref"] for one in client.get("/api/v1/events/fete/wall").json()["posts"]]

        command = "serve", "--port", str(port)
        with Command(settings, tmp_path / "s.log", *command, program=("tests.kafka.hasty",)) as serve:
            serve.wait_for(lambda: ready() == (200, ""))
            assert listed() == ["#before"]
            serve.wait_for(lambda: wall() == ["sms/before"])
            broker.kill9()
            assert not broker.runs()
            serve.wait_for(lambda: ready()[0] == 503)
            said = ready()[1]
            assert said.startswith("the source of lists has been away for ")
            assert broker.address in said
            assert client.get("/healthz").status_code == 200
            assert (listed(), wall()) == (["#before"], ["sms/before"]), "what is known is shown all the while"
            broker.start()
            serve.wait_for(lambda: ready() == (200, ""))
            publish(broker.address, "trends", at(NOW, row("#after")))
            post(settings, "after")
            serve.wait_for(lambda: listed() == ["#after"])
            serve.wait_for(lambda: wall() == ["sms/after", "sms/before"])
        assert "Traceback" not in serve.said
