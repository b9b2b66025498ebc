"""What people say about alerts, by the API and by a click on the page: mute, unmute, acknowledge."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, Router, get, post
from litestar.exceptions import HTTPException, NotFoundException
from litestar.params import JSONBody

from pipeline.clock import utc_ms
from pipeline.kafka.connection import KafkaUseError
from pipeline.text import printable, topic_key
from pipeline.web.allowed import require_right
from pipeline.web.answers import fault
from pipeline.web.api import Web, when
from pipeline.web.tokens import COOKIE, Gate
from schemas.access import Token
from schemas.alerts import Order, Rule

MUTED_S = 7_200  # where nothing is said
MOST_MUTED_S = 366 * 86_400

audit = logging.getLogger("upswell.audit")
AnyRequest = Request[Any, Any, Any]


FAULTS = {
    400: fault("a field does not fit"),
    401: fault("no token"),
    403: fault("the token may not"),
    404: fault("no such rule"),
    503: fault("Kafka does not take the order"),
}


@dataclass
class OrderDesk:
    """Who may give orders, where they go, and which rules there are. `give` raises KafkaUseError."""

    gate: Gate = field(default_factory=lambda: Gate(()))
    give: Callable[[Order], Awaitable[None]] | None = None
    rules: Callable[[], Sequence[Rule]] = tuple


class About(msgspec.Struct, forbid_unknown_fields=True):
    """Alerts of a rule, or of one topic of it."""

    rule: Annotated[str, msgspec.Meta(max_length=63)]
    topic: Annotated[str, msgspec.Meta(max_length=256)] = ""


class Mute(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing new is to fire for so long, or until then (RFC 3339, or ms since 1970); said neither: for two hours."""

    rule: Annotated[str, msgspec.Meta(max_length=63)]
    topic: Annotated[str, msgspec.Meta(max_length=256)] = ""
    for_s: Annotated[int, msgspec.Meta(ge=1, le=MOST_MUTED_S)] | None = None
    until: Annotated[str, msgspec.Meta(max_length=40)] = ""


class Signed(msgspec.Struct):
    """Whom the asker's session is of, and what must come with its orders; empty without a session."""

    name: str = ""
    rights: str = ""
    csrf: str = ""


def order_routes(web: Web, desk: OrderDesk) -> Router:
    """The routes below /api/v1/alerts that are about orders."""

    async def given(action: Literal["mute", "unmute", "acknowledge"], about: About | Mute, token: Token) -> Order:
        known = [rule.name for rule in desk.rules()]
        if about.rule not in known:
            raise NotFoundException(detail=f"there is no such rule (known: {', '.join(known) or 'none'})")
        topic = topic_key(about.topic) if about.topic else ""
        if about.topic and (not topic or len(topic) > 300):
            raise HTTPException(status_code=400, detail="topic: no topic; write it like #capcomnet")
        now = utc_ms()
        until = _until(about, now) if isinstance(about, Mute) else 0
        order = Order(action, about.rule, topic, token.name, now, until)
        if desk.give is None:
            raise HTTPException(status_code=503, detail="orders need Kafka, which this server is without")
        try:
            await desk.give(order)
        except KafkaUseError as error:
            raise HTTPException(status_code=503, detail=str(error)) from None
        web.alerts.order(order)
        audit.info(
            "%s %s %s %s until %d at %d", printable(token.name), action, about.rule, printable(topic), until, now
        )
        return order

    @post("/mute", status_code=200, responses=FAULTS)
    async def mute(request: AnyRequest, data: JSONBody[Mute]) -> Order:
        """Mutes a rule, or one topic of it (write right)."""
        return await given("mute", data, await require_right(desk.gate, request, "write"))

    @post("/unmute", status_code=200, responses=FAULTS)
    async def unmute(request: AnyRequest, data: JSONBody[About]) -> Order:
        """Takes a mute back (write right)."""
        return await given("unmute", data, await require_right(desk.gate, request, "write"))

    @post("/ack", status_code=200, responses=FAULTS)
    async def ack(request: AnyRequest, data: JSONBody[About]) -> Order:
        """Says that somebody looks after what fires now (write right)."""
        return await given("acknowledge", data, await require_right(desk.gate, request, "write"))

    @get("/mutes")
    async def mutes() -> list[Order]:
        """The mutes in force, the one that ends first first."""
        rules = {rule.name: rule for rule in desk.rules()}
        shown = []
        for order in web.alerts.mutes(utc_ms()):
            rule = rules.get(order.rule)
            if not order.topic or web.feed.shows.may_show(order.topic, order.topic, rule.on if rule else "all"):
                shown.append(order)
        return shown

    @get("/session", include_in_schema=False)
    async def session(request: AnyRequest) -> Response[Signed]:
        """For the page: whether its user may give orders."""
        found = desk.gate.session(request.cookies.get(COOKIE, "")) if desk.give is not None else None
        signed = Signed(found.token.name, found.token.rights, found.csrf) if found else Signed()
        return Response(signed, headers={"Cache-Control": "no-store"})

    return Router("/api/v1/alerts", route_handlers=[mute, unmute, ack, mutes, session], tags=["alerts"])


def _until(wish: Mute, now: int) -> int:
    if wish.until and wish.for_s is not None:
        raise HTTPException(status_code=400, detail="for_s and until: name one of both")
    until = when(wish.until) if wish.until else now + (wish.for_s or MUTED_S) * 1_000
    if not now < until <= now + MOST_MUTED_S * 1_000:
        raise HTTPException(status_code=400, detail="until: a time to come, within a year, is needed")
    return until
