"""The API asked by a machine from its own description: whatever it asks, no answer is a fault of ours, and every answer
is what the description says."""

from __future__ import annotations

import hypothesis
import schemathesis
from litestar import Litestar
from schemathesis.specs.openapi.checks import positive_data_acceptance

from pipeline.alerts import RecentAlerts
from pipeline.web.app import create_app
from pipeline.web.feed import Feed
from pipeline.web.history import History
from pipeline.web.orders import OrderDesk
from pipeline.web.wall.tokens import Gate
from schemas.access import Token
from schemas.alerts import Order, Rule
from tests.sinks.lists import trend_list

ANN = Token("ann", "a-secret-for-ann-0", "write")
SHOWN = {"Authorization": f"Bearer {ANN.secret}"}


def app() -> Litestar:
    feed, history = Feed(), History()
    feed.on_list(history.add)
    for at in (60_000, 120_000):
        feed.publish(trend_list("#a", "#b/c", "#<b>", at=at))
    history.flush()
    desk = OrderDesk(Gate((ANN,)), taken, lambda: (Rule("r"),))
    return create_app(feed, history, alerts=RecentAlerts(), orders=desk)


async def taken(_order: Order) -> None: ...


LEFT_OUT = ["/api/v1/stream"]  # it never ends
schema = schemathesis.openapi.from_asgi("/api/v1/schema/openapi.json", app()).exclude(path=LEFT_OUT)


@schema.parametrize()
@hypothesis.settings(max_examples=40, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_no_question_brings_a_fault(case: schemathesis.Case) -> None:
    # a text may still be no time: 400
    case.call_and_validate(headers=SHOWN, excluded_checks=[positive_data_acceptance])
