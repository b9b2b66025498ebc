"""Orders about alerts through the API: who may give them, what they become, and that they are shown and audited."""

from __future__ import annotations

import logging
import time
from typing import Any

import pytest
from litestar.testing import TestClient

from pipeline.alerts.recent import RecentAlerts
from pipeline.kafka.connection import KafkaUseError
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.orders import OrderDesk
from pipeline.web.tokens import COOKIE, Gate
from schemas.access import Token
from schemas.alerts import Order, Rule
from tests.web.test_api import alert, without

ANN = Token("ann", "a-secret-for-ann-0", "write")
EVE = Token("eve", "a-secret-for-eve-0", "read")
HOUR_MS = 3_600_000


class Asked:
    """A client of an app whose orders are remembered."""

    def __init__(self, tokens: tuple[Token, ...] = (ANN, EVE), fault: KafkaUseError | None = None) -> None:
        self.given: list[Order] = []
        self.gate, self.alerts = Gate(tokens), RecentAlerts()
        self._fault = fault
        feed = Feed(without("#bad"))
        desk = OrderDesk(self.gate, self._give, lambda: (Rule("r"), Rule("s")))
        self.client = TestClient(create_app(feed, alerts=self.alerts, orders=desk))

    async def _give(self, order: Order) -> None:
        if self._fault:
            raise self._fault
        self.given.append(order)

    def post(self, action: str, secret: str = ANN.secret, headers: dict[str, str] | None = None, **body: Any) -> Any:
        headers = headers if headers is not None else {"Authorization": f"Bearer {secret}"}
        with self.client as client:
            return client.post(f"/api/v1/alerts/{action}", json=body, headers=headers)

    def get(self, path: str) -> Any:
        with self.client as client:
            return client.get(f"/api/v1/alerts{path}").json()


def test_an_order_is_the_tokens_and_is_given_shown_and_audited(caplog: pytest.LogCaptureFixture) -> None:
    asked = Asked()
    asked.alerts.add(alert("#a"))
    with caplog.at_level(logging.INFO, "upswell.audit"):
        assert asked.post("mute", rule="r", topic="Été", for_s=60).status_code == 200
        assert asked.post("ack", rule="r", topic="#a").json()["by"] == "ann"
    mute, ack = asked.given
    assert (mute.action, mute.rule, mute.topic, mute.by, mute.until - mute.at) == ("mute", "r", "#ete", "ann", 60_000)
    assert (ack.action, ack.until) == ("acknowledge", 0)
    assert [line.getMessage().split(" until ")[0] for line in caplog.records if line.name == "upswell.audit"] == [
        "ann mute r #ete",
        "ann acknowledge r #a",
    ]
    assert ANN.secret not in caplog.text
    assert [(one["topic"], one["by"]) for one in asked.get("/mutes")] == [("#ete", "ann")]
    assert asked.post("unmute", rule="r", topic="#ete").status_code == 200
    assert asked.get("/mutes") == []


@pytest.mark.parametrize("action", ["mute", "unmute", "ack"])
def test_only_a_writing_token_or_a_session_with_its_proof_may_order(action: str) -> None:
    asked = Asked()
    assert asked.post(action, "wrong-secret-wrong", rule="r").status_code == 401
    assert asked.post(action, EVE.secret, rule="r").status_code == 403
    assert asked.post(action, headers={}, rule="r").status_code == 401
    cookie = {"Cookie": f"{COOKIE}={asked.gate.begin(ANN)}"}
    assert asked.post(action, headers=cookie, rule="r").status_code == 403
    with asked.client as client:
        session = client.get("/api/v1/alerts/session", headers=cookie)
    assert session.headers["cache-control"] == "no-store"
    assert asked.given == []
    proof = {"x-upswell-csrf": session.json()["csrf"]}
    assert asked.post(action, headers=cookie | proof, rule="r").status_code == 200
    assert [one.by for one in asked.given] == ["ann"]
    assert Asked(tokens=()).post(action, rule="r").status_code == 403


def test_an_order_that_does_not_fit_is_told_why_and_not_given() -> None:
    asked, now = Asked(), time.time_ns() // 1_000_000
    for status, body in [
        (404, {"rule": "gone"}),
        (400, {"rule": "r", "topic": "#"}),
        (400, {"rule": "r", "for_s": 0}),
        (400, {"rule": "r", "until": "tomorrow"}),
        (400, {"rule": "r", "until": str(now - HOUR_MS)}),
        (400, {"rule": "r", "until": "9000-01-01T00:00Z"}),
        (400, {"rule": "r", "odd": 1}),
        (400, {"rule": "r", "for_s": 60, "until": str(now + HOUR_MS)}),
    ]:
        answer = asked.post("mute", **body)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), body
    assert asked.given == []
    assert asked.post("mute", rule="r", until=str(now + HOUR_MS)).json()["until"] == now + HOUR_MS
    assert asked.post("mute", rule="r").json()["until"] >= now + 2 * HOUR_MS


def test_what_kafka_does_not_take_is_told_and_not_shown() -> None:
    asked = Asked(fault=KafkaUseError("no broker answers"))
    answer = asked.post("mute", rule="r")
    assert (answer.status_code, answer.json()["detail"]) == (503, "no broker answers")
    assert asked.get("/mutes") == []


def test_mutes_in_force_end_by_themselves_and_show_no_blocked_topic() -> None:
    asked, now = Asked(), time.time_ns() // 1_000_000
    asked.alerts.order(Order("mute", "s", "", "bob", now, now + HOUR_MS))
    asked.alerts.order(Order("mute", "r", "#bad", "bob", now, now + HOUR_MS))
    asked.alerts.order(Order("mute", "r", "#over", "bob", now - HOUR_MS, now - 1))
    asked.alerts.order(Order("unmute", "s", "", "bob", now - HOUR_MS))  # older than the mute, and comes late
    assert [(one["rule"], one["topic"]) for one in asked.get("/mutes")] == [("s", "")]
