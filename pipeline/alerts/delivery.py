"""Sends what waits in the outbox: to each receiver in order, at its own pace, again and again until it has it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge

from pipeline.alerts.outbox import SUPPRESSED, Outbox, Waiting
from pipeline.alerts.receivers import RESEND_S, Undelivered, deliver, new_client, tell_managers
from pipeline.cancelling import cancel_and_wait
from pipeline.supervising import supervised
from pipeline.wording import DEFAULT, UNTITLED, Titles, fault_text, language
from schemas.alerts import Alert, Fault, Receiver

Publish = Callable[[Receiver, Alert], Awaitable[object]]

FIRST_PAUSE_S, LAST_PAUSE_S = 1.0, 60.0
UNEXPECTED_AT_MOST = 5  # attempts at one message that end in a fault nobody foresaw; then it is given up


class Delivery:
    """An endless task for each receiver; one that is slow or dead delays nobody else, and its alerts keep their order.

    Use it as an async context manager, and `wake` it when something was raised. `say` gets a line when a receiver
    begins to fail, when it is back, and for every alert that is given up or suppressed. What may be told of an alert is
    asked anew at every attempt.
    """

    def __init__(
        self,
        outbox: Outbox,
        receivers: Sequence[Receiver],
        say: Callable[[str], None],
        registry: CollectorRegistry,
        publish: Publish | None = None,
        titles: Titles = UNTITLED,
    ) -> None:
        """`publish` brings an alert to receivers of the kind `kafka`; it raises Undelivered. `titles` of scopes are
        looked up whenever something is sent."""
        self._outbox, self._receivers, self._say = outbox, receivers, say
        self._publish, self._titles = publish, titles
        self._delivered = Counter("upswell_alerts_delivered", "Messages delivered.", ["receiver"], registry=registry)
        self._given_up = Counter("upswell_alerts_given_up", "Messages given up.", ["receiver"], registry=registry)
        self._suppressed = Counter(
            "upswell_alerts_suppressed",
            "Messages not sent because moderators blocked what they are about.",
            ["receiver"],
            registry=registry,
        )
        self._unexpected = Counter(
            "upswell_alerts_unexpected", "Faults that nobody foresaw, by task.", ["task"], registry=registry
        )
        self._failed = Counter("upswell_alerts_attempts_failed", "Attempts in vain.", ["receiver"], registry=registry)
        self._waiting = Gauge("upswell_alerts_waiting", "Messages not yet delivered.", ["receiver"], registry=registry)
        self._raised = {receiver.name: asyncio.Event() for receiver in receivers}
        self._idle = {receiver.name: asyncio.Event() for receiver in receivers}
        self._tasks: list[asyncio.Task[None]] = []
        self._client = new_client()

    async def __aenter__(self) -> Delivery:
        for receiver in self._receivers:
            for counter in (self._delivered, self._given_up, self._suppressed, self._failed):
                counter.labels(receiver.name)
            self._waiting.labels(receiver.name).set(0)
        self.wake()
        for receiver in self._receivers:
            stumbled = self.stumbled(receiver.name)
            self._tasks.append(asyncio.create_task(supervised(partial(self._serve, receiver), stumbled)))
            if receiver.kind == "alertmanager" and not receiver.digest:
                self._tasks.append(asyncio.create_task(supervised(partial(self._remind, receiver), stumbled)))
        return self

    def stumbled(self, task: str) -> Callable[[Exception], None]:
        """What takes faults that nobody foresaw: of a receiver's task, by its name, or another one."""
        counter = self._unexpected.labels(task)
        receivers = {receiver.name for receiver in self._receivers}

        def told(error: Exception) -> None:
            counter.inc()
            if task in receivers:
                self._failed.labels(task).inc()
            self._say(f"{'receiver ' * (task in receivers)}{task}: {_told(_unforeseen(error))}; it is tried again")

        return told

    async def __aexit__(self, *_: object) -> None:
        await cancel_and_wait(*self._tasks)
        await self._client.aclose()

    def wake(self) -> None:
        """There may be something to send."""
        waiting = self._outbox.waiting()
        for name, raised in self._raised.items():
            self._waiting.labels(name).set(waiting.get(name, 0))
            self._idle[name].clear()
            raised.set()

    async def drained(self) -> None:
        """Returns once nothing waits for any receiver."""
        for idle in self._idle.values():
            await idle.wait()

    async def _serve(self, receiver: Receiver) -> None:
        raised, pause, unforeseen = self._raised[receiver.name], FIRST_PAUSE_S, 0
        while True:
            waiting = self._outbox.next(receiver.name)
            if waiting is None:
                self._idle[receiver.name].set()
                await raised.wait()
                raised.clear()
                continue
            if waiting.told is None:
                self._suppress(receiver, waiting)
                continue
            try:
                await self._send(receiver, waiting.told)
            except Exception as error:
                fault, final = _unforeseen(error), False
                if isinstance(error, Undelivered):
                    fault, final = error.fault, error.final
                else:
                    self._unexpected.labels(receiver.name).inc()
                    unforeseen += 1
                if final or unforeseen >= UNEXPECTED_AT_MOST or time.time() - waiting.raised >= receiver.give_up_s:
                    self._give_up(receiver, waiting, fault)
                    unforeseen = 0
                    continue
                if pause == FIRST_PAUSE_S:
                    self._say(f"receiver {receiver.name}: {_told(fault)}; alerts wait, and are sent again")
                self._failed.labels(receiver.name).inc()
                self._outbox.tried(waiting.id, fault)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LAST_PAUSE_S)
                continue
            unforeseen = 0
            self._outbox.delivered(waiting.id)
            self._delivered.labels(receiver.name).inc()
            self._waiting.labels(receiver.name).dec()
            if pause > FIRST_PAUSE_S:
                self._say(f"receiver {receiver.name}: takes alerts again")
                pause = FIRST_PAUSE_S

    async def _remind(self, receiver: Receiver) -> None:
        """Alertmanager forgets with its process, and ends by itself what it hears of no more."""
        said = False
        while True:
            firing = self._outbox.firing(receiver.name)
            faults: list[Undelivered] = []
            if firing:
                faults = await tell_managers(receiver, firing, self._client, time.time(), self._titles)
            self._failed.labels(receiver.name).inc(len(faults))
            if faults and not said:
                self._say(f"receiver {receiver.name}: {_told(faults[0].fault)}; what fires is sent again every minute")
            said = bool(faults)
            await asyncio.sleep(RESEND_S)

    async def _send(self, receiver: Receiver, alert: Alert) -> None:
        if receiver.kind != "kafka":
            await deliver(receiver, alert, self._client, time.time(), self._titles)
        elif self._publish is None:
            raise Undelivered("no_kafka", final=True)
        else:
            await self._publish(receiver, alert)

    def _suppress(self, receiver: Receiver, waiting: Waiting) -> None:
        self._outbox.suppressed(waiting.id)
        self._suppressed.labels(receiver.name).inc()
        self._waiting.labels(receiver.name).dec()
        self._say(f"receiver {receiver.name}: an alert of rule {waiting.alert.rule} is not sent: {_told(SUPPRESSED)}")

    def _give_up(self, receiver: Receiver, waiting: Waiting, fault: Fault) -> None:
        self._outbox.given_up(receiver.name, waiting, fault)
        self._given_up.labels(receiver.name).inc()
        self._waiting.labels(receiver.name).dec()
        self._say(f"receiver {receiver.name}: {_told(fault)}; alert of rule {waiting.alert.rule} is given up")


def _unforeseen(error: Exception) -> Fault:
    """Its text may hold an address: its name does not."""
    return Fault("unexpected", type(error).__name__)


def _told(fault: Fault) -> str:
    """For logs, which are in English."""
    return fault_text(fault, language(DEFAULT))
