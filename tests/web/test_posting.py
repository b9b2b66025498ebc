"""`POST /api/v1/posts`: who may, what is taken, what each refusal says; and the server killed while posts come."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from litestar.testing import TestClient

from pipeline.kafka.connection import BrokerAwayError
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings
from pipeline.sources import gateway as module
from pipeline.sources.gateway import Gateway
from pipeline.sources.journal import Journal
from pipeline.web import posting
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.posting import PostDesk
from pipeline.web.tokens import Gate
from schemas.access import Token
from tests.sources.harness import Log
from tests.sources.test_kill import ids_in

PIT = Token("pit", "a-secret-for-pit-0", "post")
ANN = Token("ann", "a-secret-for-ann-0", "write")
ONE: dict[str, Any] = {"id": "1", "author": "ana", "text": "hello #capcom"}


class Asked:
    """A server that takes posts, over a log in memory."""

    def __init__(self, folder: Path) -> None:
        self.log = Log()
        self.fault: Exception | None = None
        gateway = Gateway(lambda: Journal(folder), self._open)
        desk = PostDesk(Gate([PIT, ANN]), gateway)
        app = create_app(Feed(), posts=desk, on_startup=[gateway.start], on_shutdown=[gateway.stop])
        self.client = TestClient(app)

    def _open(self) -> Log:
        if self.fault:
            raise self.fault
        return self.log

    def post(self, content: Any, kind: str = "application/json", token: Token | None = PIT, **headers: str) -> Any:
        if token:
            headers["Authorization"] = f"Bearer {token.secret}"
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        return self.client.post("/api/v1/posts", content=body, headers={"Content-Type": kind} | headers)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setattr(module, "AWAY_S", 0.0)
    asked = Asked(tmp_path)
    with asked.client:
        yield asked


def test_one_an_array_and_lines_are_taken_and_stamped_where_they_say_no_time(asked: Asked) -> None:
    before = time.time_ns() // 1_000_000
    assert asked.post(ONE).json() == {"accepted": 1, "duplicates": 0}
    told = [ONE, ONE | {"id": "2", "time": "2026-11-28T10:00:00Z"}, ONE | {"id": "3", "time": 5}]
    assert asked.post(told).json() == {"accepted": 2, "duplicates": 1}
    lines = b'{"id":"4","author":"a","text":"x"}\n\n{"id":"5","author":"b","text":"y","time":7}\r\n'
    assert asked.post(lines, "application/x-ndjson; charset=utf-8").json() == {"accepted": 2, "duplicates": 0}
    assert asked.post([]).json() == {"accepted": 0, "duplicates": 0}
    assert asked.log.ids == ["1", "2", "3", "4", "5"]
    times = [int(it.time) for it in asked.log.posts]
    assert times[1:3] == [1_795_860_000_000, 5]
    assert times[4] == 7
    assert before <= times[0] <= times[3] <= time.time_ns() // 1_000_000


def test_a_byte_order_mark_and_half_a_character_cost_no_post(asked: Asked) -> None:
    """Windows writes the one, and a text that is cut after so many UTF-16 units ends with the other."""
    mark, half = b"\xef\xbb\xbf", json.dumps(ONE | {"id": "2", "text": "cut \ud83d"}).encode()
    line, timed = json.dumps(ONE).encode(), json.dumps(ONE | {"id": "3", "text": "\udc00", "time": 5}).encode()
    for one in line, half:
        assert asked.post(mark + one).json() == {"accepted": 1, "duplicates": 0}
    assert asked.post(mark + b"[" + half + b"," + timed + b"]").json() == {"accepted": 1, "duplicates": 1}
    lines = mark + b"\n".join([line, half, timed])
    assert asked.post(lines, "application/x-ndjson").json() == {"accepted": 0, "duplicates": 3}
    assert asked.log.texts == [ONE["text"], "cut \ufffd", "\ufffd"]


@pytest.mark.parametrize(("token", "status"), [(None, 401), (ANN, 403), (Token("x", "no-such-secret-00", "post"), 401)])
def test_who_has_no_token_that_may_post_is_refused(asked: Asked, token: Token | None, status: int) -> None:
    answer = asked.post(ONE, token=token)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["title"] == HTTPStatus(status).phrase
    assert asked.log.ids == []


def test_a_token_that_may_post_may_do_nothing_else(asked: Asked) -> None:
    headers = {"Authorization": f"Bearer {PIT.secret}"}
    answer = asked.client.post("/api/v1/alerts/mute", json={"rule": "r"}, headers=headers)
    assert answer.status_code in (401, 403)


@pytest.mark.parametrize(
    ("content", "kind", "status", "part"),
    [
        (b"{", "application/json", 400, "no JSON"),
        (b"[" * 200_000, "application/json", 400, "no JSON"),
        (b'{"id":' + b"[" * 200_000, "application/json", 400, "no JSON"),
        (b"\xff", "application/json", 400, "no JSON"),
        (b"3", "application/json", 400, "no JSON"),
        (b"id=1", "application/x-www-form-urlencoded", 415, "application/x-ndjson"),
        (json.dumps(ONE).encode(), "", 415, "application/json"),
        (json.dumps([ONE, {"id": "2"}]).encode(), "application/json", 422, "post 1: invalid"),
        (json.dumps([ONE, ONE | {"id": ""}]).encode(), "application/json", 422, "$.id"),
        (json.dumps(ONE | {"time": "noon"}).encode(), "application/json", 422, "time"),
        (json.dumps(ONE | {"text": "x" * 65_537}).encode(), "application/json", 422, "$.text"),
        (b'{"id":"1","author":"a","text":"x"}\n' + b"[" * 100_000, "application/x-ndjson", 422, "post 1: "),
        (b"\n".join([b"{}"] * 5_001), "application/x-ndjson", 413, "5,001 posts"),
        (b" " * 8_000_001, "application/json", 413, "8,000,000 bytes"),
    ],
)
def test_what_is_no_post_is_refused_as_a_whole_with_its_place(
    asked: Asked, content: bytes, kind: str, status: int, part: str
) -> None:
    answer = asked.post(content, kind)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert part in answer.json()["detail"]
    assert asked.log.ids == []


def test_a_post_that_kafka_would_refuse_does_not_take_others_with_it(asked: Asked) -> None:
    media = [{"url": "\x01" * 1_024, "kind": "x", "description": "\x01" * 1_024}] * 32
    answer = asked.post(
        ONE | {"media": media, "text": "\x01" * 65_536, "tags": ["\x01" * 512] * 64, "url": "\x01" * 4_096}
    )
    assert (answer.status_code, "too-large" in answer.json()["detail"]) == (422, True)


def test_a_compressed_body_is_refused(asked: Asked) -> None:
    assert asked.post(ONE, **{"Content-Encoding": "gzip"}).status_code == 415


def test_without_kafka_it_is_told_and_said_when_to_come_again(asked: Asked) -> None:
    asked.fault = BrokerAwayError("no broker answers at nowhere:1")
    answer = asked.post(ONE)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["detail"] == "no broker answers at nowhere:1"
    asked.fault = None
    assert asked.post(ONE).json()["accepted"] == 1


def test_who_is_ahead_of_kafka_is_told_to_wait(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_WAITING", 1)
    answer = asked.post([ONE, ONE | {"id": "2"}])
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_a_server_without_kafka_says_so() -> None:
    with TestClient(create_app(Feed(), posts=PostDesk(Gate([PIT])))) as client:
        answer = client.post("/api/v1/posts", json=ONE, headers={"Authorization": f"Bearer {PIT.secret}"})
    assert (answer.status_code, answer.json()["detail"]) == (503, posting.NO_KAFKA)


def test_openapi_tells_what_is_taken() -> None:
    with TestClient(create_app(Feed())) as client:
        told = client.get("/api/v1/schema/openapi.json").json()["paths"]["/api/v1/posts"]["post"]
    assert set(told["requestBody"]["content"]) == set(posting.KINDS)
    assert {"200", "401", "413", "415", "422", "429", "503"} <= set(told["responses"])


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.mark.timeout(120)
def test_killed_again_and_again_what_was_acknowledged_is_in_kafka_once(kafka: str, prefix: str, tmp_path: Path) -> None:
    """One that sends each post until it is acknowledged, and once more, while the server is killed -9."""
    settings = Settings(kafka_brokers=kafka, kafka_prefix=prefix, partitions=3)
    init_topics(settings)
    port, ended = _free_port(), threading.Event()
    environment = os.environ | {
        "UPSWELL_KAFKA_PREFIX": prefix,
        "UPSWELL_KAFKA_BROKERS": kafka,
        "UPSWELL_PARTITIONS": "3",
        "UPSWELL_TOKENS": f"pit:post:{PIT.secret}",
    }

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "pipeline.cli", "serve", "--port", str(port)]
        process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert re.match(rb"upswell serves", process.stdout.readline())
        return process

    acknowledged: list[str] = []
    refused: list[int] = []

    def send() -> None:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            number = 0
            while not ended.is_set():
                number += 1
                batch = [ONE | {"id": f"{number}-{it}", "author": f"a{it}"} for it in range(20)]
                for _ in range(2):  # as who did not get the answer
                    while not _sent(client, batch):
                        refused.append(number)
                        time.sleep(0.05)
                acknowledged.extend(str(it["id"]) for it in batch)

    sender = threading.Thread(target=send)
    process = start()
    sender.start()
    try:
        for _ in range(2):
            before = len(acknowledged)
            deadline = time.monotonic() + 20
            while len(acknowledged) < before + 60 and time.monotonic() < deadline:
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
            assert process.wait() == -signal.SIGKILL
            assert process.stdout is not None
            process.stdout.close()
            process = start()
        ended.set()
        sender.join(60)
    finally:
        ended.set()
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    assert refused  # the kills were felt
    found = ids_in(settings)
    assert set(acknowledged) <= set(found)
    assert {post: times for post, times in found.items() if times != 1} == {}


def _sent(client: httpx.Client, batch: list[dict[str, Any]]) -> bool:
    try:
        answer = client.post("/api/v1/posts", json=batch, headers={"Authorization": f"Bearer {PIT.secret}"})
    except httpx.HTTPError:
        return False
    return answer.status_code == 200
