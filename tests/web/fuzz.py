"""The API asked by a machine from its own description: whatever it asks, no answer is a fault of ours, and every answer
is what the description says.

`test_fuzz.py` runs it; by hand: `.venv/bin/pytest -p schemathesis.pytest.plugin tests/web/fuzz.py`
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import hypothesis
import schemathesis
from litestar import Litestar
from schemathesis.specs.openapi.checks import positive_data_acceptance

from pipeline.alerts.recent import RecentAlerts
from pipeline.sources.gateway import Taken
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.orders import OrderDesk
from pipeline.web.posting import LINES, PostDesk
from pipeline.web.tokens import Gate
from schemas import Post
from schemas.access import Token
from schemas.alerts import Order, Rule
from tests.sinks.lists import trend_list

ANN = Token("ann", "a-secret-for-ann-0", "write")
PIT = Token("pit", "a-secret-for-pit-0", "post")


class Taking:
    """In the place of the gateway: whatever is a post is taken."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    async def take(self, _asker: str, posts: Sequence[Post], _also: object) -> Taken:
        return Taken(len(posts), 0)


def app() -> Litestar:
    feed, history = Feed(), History()
    feed.on_list(history.add)
    for at in (60_000, 120_000):
        feed.publish(trend_list("#a", "#b/c", "#<b>", at=at))
    history.flush()
    desk = OrderDesk(Gate((ANN,)), taken, lambda: (Rule("r"),))
    gateway: Any = Taking()
    return create_app(feed, history, alerts=RecentAlerts(), orders=desk, posts=PostDesk(Gate((PIT,)), gateway))


async def taken(_order: Order) -> None: ...


schemathesis.serializer.alias(list(LINES), "application/json")
LEFT_OUT = ["/api/v1/stream"]  # it never ends
schema = schemathesis.openapi.from_asgi("/api/v1/schema/openapi.json", app()).exclude(path=LEFT_OUT)


def test_every_question_of_the_api_is_asked() -> None:
    asked = {one.ok().path for one in schema.get_all_operations()}
    assert len(asked) >= 10
    assert not asked & set(LEFT_OUT)


@schema.parametrize()
@hypothesis.settings(max_examples=40, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_no_question_brings_a_fault(case: schemathesis.Case) -> None:
    shown = PIT if case.path == "/api/v1/posts" else ANN
    # a text may still be no time: 400
    case.call_and_validate(
        headers={"Authorization": f"Bearer {shown.secret}"}, excluded_checks=[positive_data_acceptance]
    )
