"""How an alert reaches a receiver: a signed webhook, an Alertmanager, or whatever an apprise URL names."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import logging
import urllib.parse
from typing import Any

import httpx
import msgspec

from pipeline.text import printable
from schemas.alerts import Alert, Receiver

TIMEOUT_S = 10.0
AGAIN = {408, 425, 429}  # and every 5xx
SIGNATURE = "X-Upswell-Signature"  # sha256=HEX: HMAC-SHA256 of the body with the receiver's secret
FIRING_AT_LEAST = dt.timedelta(days=1)  # or Alertmanager would end it by itself after five minutes


class Undelivered(Exception):  # noqa: N818
    """The receiver did not take it: why, without its address or secrets. `final`: it never will."""

    def __init__(self, why: str, *, final: bool) -> None:
        super().__init__(why)
        self.final = final


def idempotency_key(alert: Alert) -> str:
    """The same for every delivery of one message about one alert; 32 hexadecimal digits."""
    return hashlib.sha256(f"{alert.key}\0{alert.status}".encode()).hexdigest()[:32]


async def deliver(receiver: Receiver, alert: Alert, client: httpx.AsyncClient) -> str:
    """Sends the alert; returns what came back, in a word. Raises Undelivered."""
    if receiver.kind == "apprise":
        return await asyncio.to_thread(_by_apprise, receiver, alert)
    if receiver.kind == "alertmanager":
        return await _post(client, f"{receiver.url.rstrip('/')}/api/v2/alerts", [_for_manager(receiver, alert)], {})
    body = msgspec.json.encode(webhook_message(receiver, alert))
    headers = {"Idempotency-Key": idempotency_key(alert)}
    if receiver.secret:
        headers[SIGNATURE] = "sha256=" + hmac.new(receiver.secret.encode(), body, hashlib.sha256).hexdigest()
    return await _post(client, receiver.url, body, headers)


def webhook_message(receiver: Receiver, alert: Alert) -> dict[str, Any]:
    """The alert as Alertmanager's webhook tells it (version 4), a message each."""
    labels = _labels(alert)
    one = _for_manager(receiver, alert) | {
        "status": alert.status, "fingerprint": hashlib.sha256(alert.key.encode()).hexdigest()[:16],
    }  # fmt: skip
    if alert.status == "firing":
        one["endsAt"] = "0001-01-01T00:00:00Z"  # Alertmanager's way to say: not yet
    return {
        "version": "4", "groupKey": f'{{}}:{{alertname="{alert.rule}"}}', "truncatedAlerts": 0,
        "status": alert.status, "receiver": receiver.name, "groupLabels": {"alertname": alert.rule},
        "commonLabels": labels, "commonAnnotations": one["annotations"], "externalURL": receiver.page, "alerts": [one],
    }  # fmt: skip


def _labels(alert: Alert) -> dict[str, str]:
    labels = {
        "alertname": alert.rule, "severity": alert.severity, "kind": alert.kind, "scope": alert.scope,
        "window": alert.window, "topic": printable(alert.topic, 200),
    }  # fmt: skip
    return labels | ({"flags": ",".join(alert.flags)} if alert.flags else {})


def _for_manager(receiver: Receiver, alert: Alert) -> dict[str, Any]:
    began = dt.datetime.fromtimestamp(alert.fired / 1_000, dt.UTC)
    ends = began + FIRING_AT_LEAST if alert.status == "firing" else dt.datetime.fromtimestamp(alert.at / 1_000, dt.UTC)
    return {
        "labels": _labels(alert),
        "annotations": {
            "summary": printable(alert.display or alert.scope, 200), "why": printable(alert.why),
            "since": _rfc3339(dt.datetime.fromtimestamp(alert.since / 1_000, dt.UTC)),
            "examples": " ".join(printable(one, 256) for one in alert.examples), "link": link_of(receiver, alert),
        },
        "startsAt": _rfc3339(began), "endsAt": _rfc3339(ends), "generatorURL": link_of(receiver, alert),
    }  # fmt: skip


def link_of(receiver: Receiver, alert: Alert) -> str:
    """Where the page shows the list that raised it."""
    query = urllib.parse.urlencode({"scope": alert.scope, "window": alert.window})
    return f"{receiver.page.rstrip('/')}/?{query}"


def _rfc3339(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _post(client: httpx.AsyncClient, url: str, message: object, headers: dict[str, str]) -> str:
    body = message if isinstance(message, bytes) else msgspec.json.encode(message)
    try:
        answer = await client.post(
            url, content=body, headers={"Content-Type": "application/json", **headers}, timeout=TIMEOUT_S
        )
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise Undelivered("its url is no address of HTTP; write it like https://example.org/hook", final=True) from None
    except httpx.HTTPError as error:
        raise Undelivered(f"no answer ({type(error).__name__})", final=False) from None
    if answer.is_success:
        return f"HTTP {answer.status_code}"
    final = answer.status_code < 500 and answer.status_code not in AGAIN
    raise Undelivered(f"refused with HTTP {answer.status_code}", final=final)


def _by_apprise(receiver: Receiver, alert: Alert) -> str:
    import apprise

    logging.getLogger("apprise").setLevel(logging.CRITICAL)  # it would log addresses
    sender = apprise.Apprise()
    if not sender.add(receiver.url):
        raise Undelivered("its url is none that apprise knows; see `apprise --help`", final=True)
    name = printable(alert.display or alert.scope, 120)
    over = alert.status == "resolved"
    kinds = apprise.NotifyType
    types = {"info": kinds.INFO, "warning": kinds.WARNING, "critical": kinds.FAILURE}
    done = sender.notify(
        title=f"{'Over: ' if over else ''}{name} ({alert.rule})",
        body=f"{printable(alert.why)}\n{link_of(receiver, alert)}",
        notify_type=kinds.SUCCESS if over else types[alert.severity],
        body_format=apprise.NotifyFormat.TEXT,
        interpret_escapes=False,
    )
    if not done:
        raise Undelivered("apprise could not send it", final=False)
    return "sent"
