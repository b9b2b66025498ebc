"""The alert agent: lists of trends in, alerts out, for the rules that say when somebody wants to be told.

All decisions are `Alerting`'s. What it raises is kept before it is said: a record of the state holds how all rules
stand and the alerts that led to it; when that is acknowledged the alerts are published, and only then is the offset
committed. Whoever goes on after a crash says the alerts of the newest record again, with the same bytes. So no alert
that was said is forgotten, whatever orders came since; readers take the first of each key and status.

Which rules hold for a list the log of posts decides (`pipeline.definitions`), so they change at the same list whoever
takes it. What a worker says that does not know yet that others go on for it, is ended by whoever does.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import xxhash
from faust import App
from faust.types import TP

from agents.agent import PartitionAgent
from agents.context import Context
from agents.heard import Orders, PublishedAlerts
from agents.position import Position, begins_earlier
from agents.publish import Outgoing, publish
from agents.runtime.transport import Batch
from agents.state import StateStore
from pipeline.definitions import DefinitionsHistory
from pipeline.kafka.definitions import DefinitionsLog
from pipeline.kafka.log import GlobalTable
from pipeline.moderation.overruling import Overruling
from pipeline.text import printable
from pipeline.trends.alerting import Alerting
from pipeline.trends.snapshot import joined_records, named_records
from schemas import TrendList
from schemas.alerts import Alert as Raised
from schemas.alerts import Order, Rule

LISTS_AT_ONCE = 200  # between two moments in which others may do something
KEPT_HEADS = 2
SETTLED_S = 2.0  # what was said before has its position on the topic


class _Moment(msgspec.Struct):
    """What matters of a list that no rule looks at."""

    at: int
    final: bool


class _Head(msgspec.Struct):
    """How all rules stand, the alerts that led to it, and the rules."""

    rules: bytes
    raised: list[Raised]
    in_force: list[Rule] | None = None  # None: written before they were kept


_list = msgspec.json.Decoder(TrendList).decode
_moment = msgspec.json.Decoder(_Moment).decode
_head = msgspec.msgpack.Decoder(_Head).decode
_encode = msgspec.json.Encoder().encode


class RulesInForce:
    """Which rules hold for the lists of a moment, by what came in force before it. Those that cannot be used here (a
    time zone that is unknown) hold for none; `say` is told once."""

    def __init__(self, history: DefinitionsHistory, say: Callable[[str], None]) -> None:
        self._ledger, self._say = history, say
        self._usable: dict[tuple[Rule, ...], bool] = {}

    def at(self, moment: int) -> Sequence[Rule]:
        """The rules for lists of that moment (ms of event time)."""
        return next((it.rules for it in self._ledger.before(moment) if self._can_use(it.rules)), ())

    def _can_use(self, rules: tuple[Rule, ...]) -> bool:
        if rules not in self._usable:
            try:
                Alerting(rules)
                self._usable[rules] = True
            except (ValueError, KeyError) as error:
                self._usable[rules] = False
                self._say(f"the rules that were asked for cannot be used, and those before hold: {error}")
        return self._usable[rules]


class AlertedPartition:
    """The one partition of `trends`, and how the rules stand after what was taken of it."""

    def __init__(
        self,
        position: Position,
        in_force: RulesInForce,
        records: Mapping[str, bytes],
        overruling: Overruling | None = None,
        opened_s: float = 0.0,
    ) -> None:
        """`opened_s`: now, by the monotonic clock."""
        self.position, self._in_force = position, in_force
        self._overruling = overruling or Overruling()
        self.unreadable = 0
        self.saved_at = opened_s
        self.said: list[Raised] = []  # is kept, and may not have been published yet
        self.raised: list[Raised] = []  # is not kept yet
        self._heard = 0
        written = sorted(joined_records(records).items())
        self.state_offset: int | None = None  # where what the state does not cover begins
        self.rules: Sequence[Rule] = in_force.at(0)
        self.alerting = Alerting(self.rules)
        if written:
            name, content = written[-1]
            clock, self.state_offset = map(int, name.removeprefix("head/").split("-")[:2])
            head = _head(content)
            self.said = head.raised
            self.rules = in_force.at(clock) if head.in_force is None else tuple(head.in_force)
            self.alerting = Alerting(self.rules)
            self.raised = self.alerting.restore(head.rules)
        self._heads = {name: [it for it in records if it.startswith(f"{name}/")] for name, _ in written}

    def take(self, records: Sequence[Any]) -> None:
        """What these lists raise is in `raised` then."""
        for record in records:
            self.position.next = record.offset + 1
            try:
                moment = _moment(record.value or b"")
                if moment.final and moment.at > self.alerting.clock:
                    self._hold(self._in_force.at(moment.at))
                scope, _, window = (record.key or b"").decode().rpartition("/")
                if not scope or self.alerting.wants(scope, window):
                    self.raised += self.alerting.take(self._overruling.obeyed(_list(record.value or b"")))
                elif moment.final:
                    self.raised += self.alerting.pass_time(moment.at)
            except (msgspec.DecodeError, UnicodeDecodeError):
                self.unreadable += 1

    def _hold(self, rules: Sequence[Rule]) -> None:
        """From the next list on these rules hold."""
        if rules != self.rules:
            self.rules = rules
            self.raised += self.alerting.set_rules(rules)

    def end_orphaned(self, said: Sequence[Raised], asked_s: float) -> None:
        """What `said` (as of `asked_s`, monotonic) tells as firing and does not fire is over with the next list."""
        settled = self.saved_at < asked_s - SETTLED_S and not self.said and not self.raised
        self.raised += self.alerting.orphaned(said) if settled else []

    def apply_orders(self, given: Sequence[Order]) -> list[Order]:
        """From the next list on all these orders hold. Returns those that are news."""
        fresh, self._heard = given[self._heard :], len(given)
        for order in fresh:
            if order.action != "acknowledge":
                until = order.until if order.action == "mute" else 0
                self.alerting.mute(order.rule, until, order.topic, order.at)
        return [order for order in fresh if order.at > self.alerting.clock]  # the others were heard before a restart

    def head(self) -> tuple[dict[str, bytes], list[str]]:
        """The records to write, and those that are needed no more then. What stands under a name never changes."""
        content = msgspec.msgpack.encode(_Head(self.alerting.snapshot(), self.raised, list(self.rules)))
        name = f"head/{self.alerting.clock:015d}-{self.position.next:015d}-{xxhash.xxh64_hexdigest(content)}"
        records = named_records(name, content)
        self._heads[name] = list(records)
        gone = [record for head in sorted(self._heads)[:-KEPT_HEADS] for record in self._heads.pop(head)]
        return records, [record for record in gone if record not in records]


class Alert(PartitionAgent[AlertedPartition]):
    """The alert agent, where this worker owns it. `say` gets a line for each order, with who gave it, and for other
    rules."""

    def __init__(
        self,
        app: App,
        context: Context,
        state: StateStore,
        orders: GlobalTable[Orders],
        said: GlobalTable[PublishedAlerts],
        definitions: DefinitionsLog,
        say: Callable[[str], None],
    ) -> None:
        super().__init__(app, context, context.topics.trends)
        self.state, self.orders, self.said, self.definitions, self.say = state, orders, said, definitions, say
        self._in_force = RulesInForce(definitions.history, say)

    async def take(self, batch: Batch) -> None:
        partition = self.partitions.get(batch.tp)
        if partition is not None and partition.position.epoch != self.consumer.epochs.get(batch.tp, 0):
            del self.partitions[batch.tp]  # somebody else may have said more meanwhile: on from what is written
        await super().take(batch)

    async def _open(self, position: Position) -> AlertedPartition | None:
        await asyncio.to_thread(self.definitions.refresh)
        records = self.state.records(position.tp.partition)
        partition = AlertedPartition(
            position, self._in_force, records, self.orders.state.overruling, self.context.clock.monotonic_s()
        )
        if await begins_earlier(position, self.consumer, partition.state_offset):
            return None
        await self._publish(partition)
        return partition

    async def _process(self, partition: AlertedPartition, records: Sequence[Any]) -> None:
        """Raises what the lists raise."""
        tp, rules = partition.position.tp, partition.rules
        await asyncio.to_thread(self.definitions.refresh)  # what holds for lists was written before they were made
        for begin in range(0, len(records), LISTS_AT_ONCE):
            await asyncio.to_thread(self.orders.refresh)  # an order given before a list was made holds for it
            self._apply_orders(partition)
            partition.take(records[begin : begin + LISTS_AT_ONCE])
            if partition.rules != rules:
                rules = partition.rules
                self.say(f"{len(rules)} rule{'' if len(rules) == 1 else 's'} for alerts in force")
            due = self.context.clock.monotonic_s() - partition.saved_at >= self.context.tuning.state_every_s
            if partition.raised or due:
                await self._keep(tp, partition)
                await self._publish(partition)
                self.consumer.mark_committable(tp, partition.position.next)

    async def _keep(self, tp: TP, partition: AlertedPartition) -> None:
        records, gone = partition.head()
        partition.said, partition.raised = partition.raised, []
        await self.state.write(tp.partition, records, gone)
        partition.saved_at = self.context.clock.monotonic_s()

    async def _publish(self, partition: AlertedPartition) -> None:
        topic = self.context.topics.alerts
        said = [Outgoing(topic, 0, alert.record_key.encode(), _encode(alert)) for alert in partition.said]
        await publish(self.app, said)
        for alert in partition.said:
            self.said.state.note(alert)
            self.context.health.raised(alert.rule, alert.status)
        partition.said = []

    async def hear(self) -> None:
        """Hears what people said since."""
        owned = self.consumer.assignment()
        for tp, partition in list(self.partitions.items()):
            if tp in owned:
                await asyncio.to_thread(self.orders.refresh)
                self._apply_orders(partition)

    async def end_orphaned(self) -> None:
        """Hears what was said about alerts, and ends what nobody else will."""
        owned = self.consumer.assignment()
        for tp, partition in list(self.partitions.items()):
            if tp in owned:
                asked_s = self.context.clock.monotonic_s()
                said = await asyncio.to_thread(self.said.refresh)
                partition.end_orphaned(list(said.firing.values()), asked_s)

    def _apply_orders(self, partition: AlertedPartition) -> None:
        for order in partition.apply_orders(self.orders.state.given):
            what = f"{order.rule} {printable(order.topic)}".strip()
            until = f" until {dt.datetime.fromtimestamp(order.until / 1_000, dt.UTC):%Y-%m-%d %H:%M} UTC"
            self.say(f"{printable(order.by)}: {order.action} {what}{until if order.action == 'mute' else ''}")
