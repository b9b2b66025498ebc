"""A tenth of the promised load, for some seconds: `python -m bench.serve_load` is the whole."""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median

import httpx
import pytest

from pipeline.web.feed import Feed
from pipeline.web.run import start_web
from tests.web.load import LISTS, Load, run, unloaded

PROMISED_MS = 100.0
TENTH = Load(readers=200, rate=50, steps=20, pace_s=0.5)
TRIES = 3  # two cores with other work on them may be busy for a moment


@pytest.mark.alone
def test_two_hundred_readers_and_fifty_requests_a_second_lose_nothing_and_wait_for_nothing() -> None:
    alone = unloaded(TENTH)
    assert len(alone.received) == len(LISTS)
    assert all(one.startswith(f"{TENTH.steps + 1} lists") for (one,) in alone.received.values())
    for _ in range(TRIES):
        found = run(TENTH)
        assert found.received == alone.received
        assert (found.failed, found.dropped) == (0, 0)
        assert found.requests >= 0.8 * TENTH.rate * TENTH.steps * TENTH.pace_s
        assert found.rss_end < found.rss_start + 100
        if found.server_p99 + found.wait_p99 < PROMISED_MS:
            return
    raise AssertionError(f"not once in {TRIES} times: {found}")


@pytest.mark.alone
def test_an_answer_on_a_connection_that_is_kept_does_not_wait_for_an_acknowledgement() -> None:
    handle, took_s = start_web(Feed(), port=0), []
    with httpx.Client(base_url=handle.address) as client:
        for _ in range(30):
            began = time.perf_counter()
            assert client.get("healthz").status_code == 200
            took_s.append(time.perf_counter() - began)
    handle.stop()
    assert median(took_s) < 0.03, "40 ms is what the other side waits before it acknowledges a first half"


def test_what_differs_is_seen() -> None:
    short = Load(readers=12, rate=0, steps=2, pace_s=0.05)
    assert run(short).received != run(replace(short, steps=3)).received
