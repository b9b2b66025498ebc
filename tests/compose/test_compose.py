"""docker-compose.yml is what the specification allows, opens nothing that was not asked for, and its services run: with
their commands, environment and health checks as they are written, outside a container."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
import redis
import yaml

from pipeline.settings import load_settings
from pipeline.sources.simulator.scenes import mixed_scenario
from pipeline.sources.simulator.simulation import simulate
from tests.kafka.apache import free_port
from tests.sinks.servers import redis_server

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
OURS = ("topics", "definitions", "worker", "web", "alerts", "sources", "tools")
SECRET = "a-secret-for-compose"


def interpolated(told: Any) -> Any:
    """`${NAME:-default}` in values as compose reads them, with nothing set."""
    if isinstance(told, dict):
        return {name: interpolated(value) for name, value in told.items()}
    if isinstance(told, list):
        return [interpolated(value) for value in told]
    return re.sub(r"\$\{[A-Z_]+:-([^}]*)\}", r"\1", told) if isinstance(told, str) else told


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    told: dict[str, Any] = interpolated(yaml.safe_load((ROOT / "docker-compose.yml").read_text()))
    return told


def test_the_file_is_what_the_specification_allows(compose: dict[str, Any]) -> None:
    schema = json.loads((HERE / "compose-spec.json").read_text())
    jsonschema.Draft202012Validator(schema).validate(compose)
    broken = {**compose, "services": {**compose["services"], "web": {"imagee": "x"}}}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate(broken)


def test_only_the_page_and_grafana_are_published_and_on_loopback(compose: dict[str, Any]) -> None:
    published = {name: one["ports"] for name, one in compose["services"].items() if "ports" in one}
    assert published == {"web": ["127.0.0.1:8080:8080"], "grafana": ["127.0.0.1:3000:3000"]}
    assert all("network_mode" not in one for one in compose["services"].values())


def test_no_password_is_written_down_and_ours_run_without_rights(compose: dict[str, Any]) -> None:
    for one in compose["services"].values():
        for name, value in one.get("environment", {}).items():
            assert "PASSWORD" not in name or not value
    assert compose["services"]["grafana"]["environment"]["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    for name in OURS:
        one = compose["services"][name]
        assert one["read_only"]
        assert one["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in one["security_opt"]
    recipe = (ROOT / "Dockerfile").read_text()
    assert re.search(r"^USER upswell$", recipe, re.MULTILINE)


def test_the_page_on_it_tells_of_each_service(compose: dict[str, Any]) -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    rows = "".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`([a-z]+)`", rows)) == {name for name in compose["services"] if name != "tools"}


def test_images_are_pinned_and_what_is_mounted_is_there(compose: dict[str, Any]) -> None:
    for name, one in compose["services"].items():
        assert re.search(r":v?\d+(\.\d+)+$", one["image"]), name
        for mount in one.get("volumes", ()):
            source = mount.split(":")[0]
            assert source in compose["volumes"] or (ROOT / source).exists(), mount
        for other in one.get("depends_on", {}):
            assert other in compose["services"]
    for image in re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        assert re.search(r":\d+\.\d+\.\d+-", image)
    load_settings(ROOT / compose["configs"]["upswell"]["file"])
    ignored = (ROOT / ".dockerignore").read_text()
    for copied in re.findall(r"^COPY (?!--)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE):
        for source in copied.split():
            assert (ROOT / source).exists()
            assert f"!{source}" in ignored


def test_prometheus_reads_every_service_that_opens_a_port_for_it(compose: dict[str, Any]) -> None:
    read = (ROOT / "grafana" / "prometheus" / "prometheus.yml").read_text()
    ports = {
        name: port
        for name, one in compose["services"].items()
        if (port := one.get("environment", {}).get("UPSWELL_METRICS_PORT"))
    }
    assert {"worker", "alerts"} <= set(ports)
    for name, port in ports.items():
        assert re.search(rf"names: \[{name}\]\s+type: A\s+port: {port}|{name}:{port}", read), name


class Service:
    """One of our services, run as a process with what the file says; names of other services become addresses here."""

    def __init__(self, compose: dict[str, Any], name: str, folder: Path, here: dict[str, str], **more: str) -> None:
        self.told = compose["services"][name]
        self.here = here
        environment = {key: self._placed(str(value)) for key, value in self.told.get("environment", {}).items()}
        self.environment = os.environ | environment | more
        self.folder, self.log = folder, folder / f"{name}-{time.monotonic_ns()}.log"
        self.process: subprocess.Popen[bytes] | None = None

    def _placed(self, text: str) -> str:
        for name, place in self.here.items():
            text = text.replace(name, place)
        return text

    def start(self, *instead: str) -> Service:
        command = list(instead) or [self._placed(part) for part in self.told["command"]]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "pipeline.cli", *command],
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def finished(self, within_s: float = 60) -> int:
        assert self.process is not None
        return self.process.wait(within_s)

    def healthy(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-2_000:]
        kind, program, *rest = (self._placed(part) for part in self.told["healthcheck"]["test"])
        assert (kind, program) == ("CMD", "python")
        return subprocess.run([sys.executable, *rest], capture_output=True, timeout=10).returncode == 0

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(float(self.told["stop_grace_period"].removesuffix("s")))
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGABRT)  # it says where it hangs
                self.process.wait()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def until(holds: Callable[[], object], within_s: float, what: str, *services: Service) -> float:
    """Seconds until it held."""
    began = time.monotonic()
    while True:
        try:
            if holds():
                return time.monotonic() - began
        except (httpx.HTTPError, redis.RedisError):
            pass
        logs = [one.log.read_text()[-1_500:] for one in services]
        assert time.monotonic() - began < within_s, f"not within {within_s} s: {what}\n{logs}"
        time.sleep(0.05)


@pytest.fixture
def services(compose: dict[str, Any], kafka: str, prefix: str, tmp_path: Path) -> Iterator[Callable[..., Service]]:
    """Makes services that find Kafka and a Redis of Debian's where compose says `kafka` and `valkey`."""
    server = redis_server(tmp_path)
    server.start()
    told = (ROOT / compose["configs"]["upswell"]["file"]).read_text()
    (tmp_path / "upswell.toml").write_text(f'{told}\n[[event]]\nname = "fete"\nhashtags = ["#fete"]\n')
    made: list[Service] = []
    base = {
        "kafka:9092": kafka,
        "valkey:6379": f"127.0.0.1:{server.port}",
        "0.0.0.0": "127.0.0.1",
        "/data/": f"{tmp_path}/",
    }
    web, metrics = free_port(), free_port()

    def make(name: str, **more: str) -> Service:
        here = base | {"8080": str(web), "9464": str(metrics)}
        one = Service(compose, name, tmp_path, here, UPSWELL_KAFKA_PREFIX=prefix, PYTHONFAULTHANDLER="1", **more)
        made.append(one)
        return one

    make.page = f"http://127.0.0.1:{web}"  # type: ignore[attr-defined]
    make.metrics = f"http://127.0.0.1:{metrics}/metrics"  # type: ignore[attr-defined]
    make.redis = server.port  # type: ignore[attr-defined]
    yield make
    for one in made:
        one.kill()
    server.kill()


@pytest.mark.timeout(240)
def test_the_services_run_are_healthy_and_a_blocked_topic_leaves_page_redis_and_metrics(
    services: Any, tmp_path: Path
) -> None:
    topics = services("topics").start()
    assert topics.finished() == 0, topics.log.read_text()
    again = services("topics").start()  # compose starts it each time
    assert again.finished() == 0, again.log.read_text()
    definitions = services("definitions").start()
    assert definitions.finished() == 0, definitions.log.read_text()
    worker = services("worker").start()
    web = services("web", UPSWELL_TOKENS=f"ann:write:{SECRET}").start()
    until(worker.healthy, 40, "the worker is healthy", worker)
    until(web.healthy, 40, "the page is healthy", web)

    posts = tmp_path / "posts.ndjson"
    scenario = mixed_scenario(duration_ms=20 * 60_000, rate=5.0)
    posts.write_bytes(b"\n".join(simulate(scenario, 3)))
    pushed = services("tools").start("replay", str(posts), "--to-kafka", "--retime", "now")
    assert pushed.finished() == 0, pushed.log.read_text()

    with httpx.Client(base_url=services.page, timeout=10) as page, redis.Redis(port=services.redis) as kept:

        def rows() -> list[str]:
            answer = page.get("/api/v1/trends", params={"scope": "all", "window": "1h"})
            return [row["topic"] for row in answer.json()["trends"]] if answer.status_code == 200 else []

        def in_redis() -> list[str]:
            return [name.decode() for name in kept.zrange("upswell:top:all/1h", 0, -1)]

        until(lambda: len(rows()) >= 3, 60, "the page has a list", worker, web)
        first = rows()[0]
        until(lambda: first in in_redis(), 5, "so has redis", web)
        assert first.encode() in page.get("/metrics").content
        assert b"upswell_" in httpx.get(services.metrics).content
        wish = {"kind": "topic", "verdict": "blocked", "target": first, "everywhere": True}
        bearer = {"authorization": f"Bearer {SECRET}"}
        done = page.post("/api/v1/moderation/fete/decisions", json=wish, headers=bearer)
        assert done.status_code == 200, done.text
        until(lambda: first not in rows(), 2, "it left the API", web)
        until(lambda: first not in in_redis(), 2, "it left redis", web)
        assert f'"{first}"'.encode() not in page.get("/metrics").content
    for one in (web, worker):
        one.stop()
        assert one.process is not None
        assert one.process.returncode == 0, one.log.read_text()[-2_000:]
    assert SECRET not in web.log.read_text()
