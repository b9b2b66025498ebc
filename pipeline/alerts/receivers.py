"""How an alert reaches a receiver: a signed webhook, an Alertmanager, or whatever an apprise URL names."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import hmac
import logging
import urllib.parse
from collections.abc import Sequence
from typing import Any

import httpx
import msgspec

from pipeline.settings.receivers import is_address
from pipeline.text import cut, printable
from pipeline.wording import UNTITLED, Titles, alert_text, alert_title, language
from schemas.alerts import Alert, Fault, FaultCode, Receiver

TIMEOUT_S = 10.0
AGAIN = {408, 425, 429}  # and every 5xx
ANSWER_MAX = 65_536  # bytes of an answer that are read; nothing in it is looked at
STAMP, SIGNATURE = "X-Upswell-Timestamp", "X-Upswell-Signature"
RESEND_S = 60.0  # Alertmanager keeps alerts in memory: what fires is sent again so often
ENDS_AFTER = 4  # times that without a word, and Alertmanager ends it by itself
_LOUD = ("httpx", "httpcore", "urllib3", "requests", "apprise")  # loggers that would write addresses


class Undelivered(Exception):  # noqa: N818
    """The receiver did not take it, and why. `final`: it never will."""

    def __init__(self, code: FaultCode, detail: str = "", *, final: bool) -> None:
        super().__init__(code, detail)
        self.fault, self.final = Fault(code, detail), final


def idempotency_key(alert: Alert) -> str:
    """The same for every delivery of one message about one alert; 32 hexadecimal digits."""
    return hashlib.sha256(f"{alert.key}\0{alert.status}".encode()).hexdigest()[:32]


def new_client() -> httpx.AsyncClient:
    """For `deliver`. From here on no log of a library tells where messages go."""
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    return httpx.AsyncClient(follow_redirects=False)


async def deliver(
    receiver: Receiver, alert: Alert, client: httpx.AsyncClient, now_s: float, titles: Titles = UNTITLED
) -> str:
    """Sends the alert at that time by the clock; returns what came back, in a word. Raises Undelivered. `titles`: of
    scopes, as people are told of them."""
    if receiver.kind == "apprise":
        return await asyncio.to_thread(_by_apprise, receiver, alert, titles)
    if receiver.kind == "alertmanager":
        faults = await tell_managers(receiver, [alert], client, now_s, titles)
        if len(faults) == len(receiver.urls):
            raise next((fault for fault in faults if not fault.final), faults[0])
        return "taken"
    body = msgspec.json.encode(webhook_message(receiver, alert, titles))
    headers = {"Idempotency-Key": idempotency_key(alert), STAMP: str(int(now_s))}
    if receiver.secret:
        headers[SIGNATURE] = signature(receiver.secret, headers[STAMP], body)
    return await _post(client, receiver.urls[0], body, headers)


def signature(secret: str, stamp: str, body: bytes) -> str:
    """What proves that a webhook's message is ours and when it was sent."""
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


async def tell_managers(
    receiver: Receiver,
    alerts: Sequence[Alert],
    client: httpx.AsyncClient,
    now_s: float,
    titles: Titles = UNTITLED,
) -> list[Undelivered]:
    """Sends the alerts as one array to every Alertmanager of the receiver; what those said that did not take it."""
    ends = dt.datetime.fromtimestamp(now_s + ENDS_AFTER * RESEND_S, dt.UTC)
    message = [_for_manager(receiver, alert, ends, titles) for alert in alerts]
    posts = (_post(client, f"{url.rstrip('/')}/api/v2/alerts", message, {}) for url in receiver.urls)
    told = await asyncio.gather(*posts, return_exceptions=True)
    for one in told:
        if isinstance(one, BaseException) and not isinstance(one, Undelivered):
            raise one
    return [one for one in told if isinstance(one, Undelivered)]


def webhook_message(receiver: Receiver, alert: Alert, titles: Titles = UNTITLED) -> dict[str, Any]:
    """The alert as Alertmanager's webhook tells it (version 4), a message each."""
    labels = _labels(alert)
    one = _for_manager(receiver, alert, None, titles) | {
        "status": alert.status,
        "fingerprint": hashlib.sha256(alert.key.encode()).hexdigest()[:16],
    }
    return {
        "version": "4",
        "groupKey": f'{{}}:{{alertname="{alert.rule}"}}',
        "truncatedAlerts": 0,
        "status": alert.status,
        "receiver": receiver.name,
        "groupLabels": {"alertname": alert.rule},
        "commonLabels": labels,
        "commonAnnotations": one["annotations"],
        "externalURL": receiver.page,
        "alerts": [one],
    }


def _labels(alert: Alert) -> dict[str, str]:
    labels = {
        "alertname": alert.rule,
        "severity": alert.severity,
        "kind": alert.kind,
        "scope": alert.scope,
        "window": alert.window,
        "topic": printable(alert.topic, 200),
    }
    return labels | ({"flags": ",".join(alert.flags)} if alert.flags else {})


def _for_manager(receiver: Receiver, alert: Alert, ends: dt.datetime | None, titles: Titles) -> dict[str, Any]:
    """`ends`: until when it fires if nothing more is heard of it."""
    words = language(receiver.lang, receiver.time_zone)
    began = dt.datetime.fromtimestamp(alert.fired / 1_000, dt.UTC)
    if alert.status == "resolved":
        ends = dt.datetime.fromtimestamp(alert.at / 1_000, dt.UTC)
    return {
        "labels": _labels(alert),
        "annotations": {
            "summary": cut(alert_title(alert, words, titles), 200),
            "why": alert_text(alert, words, titles),
            "since": _rfc3339(dt.datetime.fromtimestamp(alert.since / 1_000, dt.UTC)),
            "examples": " ".join(printable(one, 256) for one in alert.examples),
            "link": link_of(receiver, alert),
        },
        "startsAt": _rfc3339(began),
        "endsAt": _rfc3339(ends) if ends else "0001-01-01T00:00:00Z",  # Alertmanager's way to say: not yet
        "generatorURL": link_of(receiver, alert),
    }


def link_of(receiver: Receiver, alert: Alert) -> str:
    """Where the page shows the list that raised it."""
    query = urllib.parse.urlencode({"scope": alert.scope, "window": alert.window})
    return f"{receiver.page.rstrip('/')}/?{query}"


def _rfc3339(moment: dt.datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _post(client: httpx.AsyncClient, url: str, message: object, headers: dict[str, str]) -> str:
    body = message if isinstance(message, bytes) else msgspec.json.encode(message)
    if not is_address(url):
        raise Undelivered("bad_address", final=True)
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", **headers}
    try:
        async with (
            asyncio.timeout(TIMEOUT_S),
            client.stream("POST", url, content=body, headers=headers, timeout=TIMEOUT_S) as answer,
        ):
            await _read_some(answer)
    except TimeoutError:
        raise Undelivered("no_answer", "timeout", final=False) from None
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise Undelivered("bad_address", final=True) from None
    except httpx.HTTPError as error:
        raise Undelivered("no_answer", type(error).__name__, final=False) from None
    if answer.is_success:
        return f"HTTP {answer.status_code}"
    final = answer.status_code < 500 and answer.status_code not in AGAIN
    raise Undelivered("refused", str(answer.status_code), final=final)


async def _read_some(answer: httpx.Response) -> None:
    """So much that the connection serves again where an answer is short, as it came: nothing is unpacked."""
    size = 0
    async for part in answer.aiter_raw(ANSWER_MAX):
        size += len(part)
        if size >= ANSWER_MAX:
            return


def _by_apprise(receiver: Receiver, alert: Alert, titles: Titles) -> str:
    import apprise

    sender = apprise.Apprise()
    if not sender.add(receiver.urls[0]):
        raise Undelivered("unknown_address", final=True)
    words, over = language(receiver.lang, receiver.time_zone), alert.status == "resolved"
    title = f"{cut(alert_title(alert, words, titles), 120)} ({alert.rule})"
    kinds = apprise.NotifyType
    types = {"info": kinds.INFO, "warning": kinds.WARNING, "critical": kinds.FAILURE}
    done = sender.notify(
        title=words.say("alert.over", what=title) if over else title,
        body=f"{alert_text(alert, words, titles)}\n{link_of(receiver, alert)}",
        notify_type=kinds.SUCCESS if over else types[alert.severity],
        body_format=apprise.NotifyFormat.TEXT,
        interpret_escapes=False,
    )
    if not done:
        raise Undelivered("not_sent", final=False)
    return "sent"
