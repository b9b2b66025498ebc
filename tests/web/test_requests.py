"""Requests that nobody should send: half of one, a file that cannot be, JSON without a bottom, tokens by guessing."""

from __future__ import annotations

import contextlib
import logging
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
import pytest

from pipeline.web import run, tokens
from pipeline.web.feed import Feed
from pipeline.web.run import Handle, WebError, bound, start_web
from pipeline.web.tokens import MAX_GUESSERS, Gate
from pipeline.web.wall_service import WallService
from schemas.access import Token
from schemas.events import Event

ANN = Token("ann", "a-secret-for-ann-0", "write")
HALVES = (
    b"",
    b"GET / HTTP/1.1\r\nHost: x\r\nX-Half: ",
    b"POST /api/v1/blocks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{",
)


def started(public_url: str = "") -> Handle:
    feed = Feed()
    walls = WallService(feed, [Event("fete")], [ANN], https=public_url.startswith("https"))
    starts = {"on_startup": [walls.start], "on_shutdown": [walls.stop]}
    return start_web(feed, port=0, public_url=public_url, routers=walls.routers, **starts)


@pytest.fixture
def served() -> Iterator[str]:
    handle = started()
    yield handle.address.rstrip("/")
    handle.stop()


def test_an_address_that_a_server_has_taken_is_refused_before_it_is_up() -> None:
    held = bound("127.0.0.1", 0)
    try:
        with pytest.raises(WebError, match="choose another --port"):
            bound("127.0.0.1", held.getsockname()[1])
    finally:
        held.close()


@pytest.mark.parametrize("path", ["/static/%00", "/static/a%00b.js", "/static/%2e%2e/%00", "/%00", "/events/%00"])
def test_a_name_that_no_file_can_have_is_not_found(served: str, path: str) -> None:
    assert httpx.get(served + path).status_code == 404


@pytest.mark.parametrize("path", ["/api/v1/blocks", "/api/v1/moderation/fete/decisions", "/api/v1/mute"])
@pytest.mark.parametrize("told", ["[" * 100_000, '{"a":' * 100_000, '{"target":' + "[" * 100_000])
def test_json_without_a_bottom_is_a_bad_request(served: str, path: str, told: str) -> None:
    headers = {"Authorization": f"Bearer {ANN.secret}", "Content-Type": "application/json"}
    assert httpx.post(served + path, content=told, headers=headers).status_code in (400, 404)


def test_300_requests_that_are_sent_by_half_are_ended_and_others_are_served(
    served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "REQUEST_WITHIN_S", 2.0)
    port = urlsplit(served).port
    halves = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(300)]
    try:
        for number, half in enumerate(halves):
            half.sendall(HALVES[number % len(HALVES)])
        assert httpx.get(served + "/healthz", timeout=20).status_code == 200
        ended = []
        for half in halves:
            try:
                ended.append(half.recv(1) == b"")
            except ConnectionResetError:
                ended.append(True)
        assert all(ended)
        assert httpx.get(served + "/healthz", timeout=20).status_code == 200
    finally:
        for half in halves:
            half.close()


def test_who_sends_his_request_byte_by_byte_is_ended_too(served: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "REQUEST_WITHIN_S", 1.0)
    began_s = time.monotonic()
    with socket.create_connection(("127.0.0.1", urlsplit(served).port)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")
        ended = False
        while not ended and time.monotonic() - began_s < 30:
            try:
                slow.sendall(b"a")
            except OSError:
                ended = True
            time.sleep(0.05)
    assert ended


@pytest.mark.parametrize("begin", [b"GET / HTTP/1.1\r\nX: ", b"GET /", b"GET / HTTP/1.1\r\n"])
def test_of_headers_that_do_not_end_little_is_kept(served: str, begin: bytes) -> None:
    lines = b"X: " + b"a" * 1_000 + b"\r\n" if begin.endswith(b"\n") else b"a" * 1_000
    sent = 0
    with socket.create_connection(("127.0.0.1", urlsplit(served).port), timeout=20) as endless:
        endless.sendall(begin)
        with contextlib.suppress(OSError):  # cut off
            while sent < 100_000_000:
                endless.sendall(lines * 100)
                sent += 100_000
    assert sent < 20_000_000  # what lay in buffers on the way
    assert httpx.get(served + "/healthz", headers={"X": "a" * 60_000}).status_code == 200


@pytest.mark.parametrize(("public_url", "secure"), [("", False), ("https://trends.example.org", True)])
def test_cookies_are_secure_where_the_page_is_reached_by_https_and_host_is_never_told(
    public_url: str, secure: bool
) -> None:
    with started(public_url) as handle:
        forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https"}
        for path in (
            "/moderate",
            "/",
            "/events",
            "/events/",
            "/api/v1/trends/tags",
            "/api/v1/schema",
            "/static",
            "/nowhere",
        ):
            answer = httpx.get(handle.address.rstrip("/") + path, headers=forged)
            assert "evil.example" not in answer.text + str(answer.headers)
        (cookie,) = httpx.get(f"{handle.address}moderate").headers.get_list("set-cookie")
        assert ("; secure" in cookie.lower()) is secure


def test_wrong_tokens_are_slowed_and_logged_without_the_token_and_right_ones_are_not(
    served: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tokens, "WRONG_S", 0.1)
    monkeypatch.setattr(tokens, "WRONG_MOST_S", 0.4)
    took_s = []
    caplog.set_level(logging.WARNING, "upswell.audit")
    for number in range(6):
        wrong = {"Authorization": f"Bearer guess-number-{number}"}
        began_s = time.monotonic()
        assert httpx.get(f"{served}/api/v1/blocks", headers=wrong, timeout=20).status_code == 401
        took_s.append(time.monotonic() - began_s)
    right = {"Authorization": f"Bearer {ANN.secret}"}
    assert httpx.get(f"{served}/api/v1/blocks", headers=right).status_code == 200
    assert all(took >= least for took, least in zip(took_s, (0.1, 0.2, 0.4, 0.4, 0.4, 0.4), strict=True))
    assert "wrong token from 127.0.0.1, 4 so far" in caplog.text
    assert "guess" not in caplog.text


def test_those_who_guess_are_forgotten_and_never_many() -> None:
    now_s = 0.0
    gate = Gate([ANN], lambda: now_s)
    assert [gate.wrong("a") for _ in range(7)] == [0.5, 1, 2, 4, 8, 8, 8]
    assert gate.wrong("b") == 0.5
    now_s = 3_600.0
    assert gate.wrong("a") == 0.5
    for number in range(2 * MAX_GUESSERS):
        gate.wrong(str(number))
    assert len(gate._wrong) == MAX_GUESSERS
