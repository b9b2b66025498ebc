"""When an alert fires and when it is over: rules over final lists, by event time alone.

The same lists raise the same alerts at the same event times, live or replayed, read once or several times, in whatever
order lists of the same moment come; so do the same rules given, and the same orders, at the same moments.
"""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Mapping, Sequence, Set

import msgspec

from pipeline.text import topic_key
from pipeline.trends.raising import alert_of_row, alert_of_scope, ended, height_of, higher, measured
from schemas.alerts import About, Alert, AlertWhy, Peak, Rule
from schemas.trends import Flag, Trend, TrendList

_SECOND_MS = 1_000
DESCRIBING: frozenset[Flag] = frozenset(("one_server", "same_people"))  # flags that speak against nobody
UNDECIDED_S = 900  # how long an alert waits for more people, where these could be organised


class RuleState(msgspec.Struct):
    """How a topic stands under a rule. Times in ms."""

    since: int | None = None  # what the rule looks for holds since then
    alert: Alert | None = None  # it fires; its peak so far is in it
    over: int | None = None  # it fires, and what it fired for is no more, since then
    cool_until: int = 0


class _Memory(msgspec.Struct):
    clock: int = 0
    rules: dict[str, str] = {}  # rule -> what it says
    seen: dict[str, int] = {}  # scope/window -> moment of its newest list
    spoken: dict[str, int] = {}  # scope -> moment of its newest list with posts
    states: dict[str, dict[str, RuleState]] = {}  # rule -> topic -> state
    muted: dict[str, dict[int, int]] = {}  # rule, or rule/topic -> from -> until; the newest `from` not after now holds


class Alerting:
    """The state of all rules. Its size is bounded by rules times rows of a list (and topics that still cool down)."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._memory = _Memory()
        self.set_rules(rules)

    def set_rules(self, rules: Sequence[Rule]) -> list[Alert]:
        """These rules hold from now on, and look at lists that are newer than all taken so far. One that says what it
        said keeps its states; one that is new, or says something else, begins anew. Returns the ends of what fires for
        a rule that is gone or changed. Raises ValueError or KeyError for a time zone that is none; nothing changes
        then."""
        self._quiet = {rule.name: _Quiet(rule) for rule in rules if rule.quiet and rule.severity != "critical"}
        memory, told = self._memory, {rule.name: _told(rule) for rule in rules}
        self._rules = tuple(rules)
        self._of_list: dict[str, list[Rule]] = {}
        self._silence = [rule for rule in rules if rule.kind == "silence"]
        for rule in rules:
            if rule.kind != "silence":
                self._of_list.setdefault(f"{rule.on}/{rule.window}", []).append(rule)
        self._topics = {rule.name: frozenset(map(topic_key, rule.topics)) for rule in rules}
        places = {*self._of_list, *(f"{rule.on}/5m" for rule in self._silence)}
        memory.seen = {place: memory.seen.get(place, memory.clock) for place in sorted(places)}
        memory.spoken = {scope: at for scope, at in memory.spoken.items() if f"{scope}/5m" in places}
        gone = [name for name in sorted(memory.states) if told.get(name) != memory.rules.get(name)]
        states = [state for name in gone for _, state in sorted(memory.states.pop(name).items())]
        memory.rules = told
        return [ended(state.alert, memory.clock) for state in states if state.alert is not None]

    @property
    def clock(self) -> int:
        """The moment (ms) of the newest list taken."""
        return self._memory.clock

    def wants(self, scope: str, window: str) -> bool:
        """Whether a rule looks at this list."""
        return f"{scope}/{window}" in self._memory.seen

    def take(self, trends: TrendList) -> list[Alert]:
        """What the list makes fire or resolves. Lists that are not final, or no newer than one of the same scope and
        window taken before, change nothing. A silence is told with the first list of a later moment."""
        if not trends.final:
            return []
        memory, alerts = self._memory, self.pass_time(trends.at)
        place = f"{trends.scope}/{trends.window}"
        if trends.at <= memory.seen.get(place, trends.at):
            return alerts
        memory.seen[place] = trends.at
        if trends.window == "5m" and (trends.posts or any(row.posts for row in trends.trends)):
            memory.spoken[trends.scope] = trends.at
        for rule in self._of_list.get(place, ()):
            alerts += self._judge(rule, trends)
        return alerts

    def pass_time(self, at: int) -> list[Alert]:
        """What a final list of that moment (ms) makes fire or resolves that no rule looks at."""
        memory, alerts = self._memory, list[Alert]()
        if at > memory.clock:
            for rule in self._silence:
                alerts += self._judge_silence(rule, memory.clock)
            memory.clock = at
            memory.muted = {name: kept for name, told in memory.muted.items() if (kept := _still(told, at))}
        return alerts

    def mute(self, rule: str, until_ms: int, topic: str = "", from_ms: int = 0) -> None:
        """Nothing new fires for the rule, or for one topic of it, in that event time; what fires is resolved. With
        `until_ms` 0 it is muted no more. What was said for later than `from_ms` holds from then on, in whatever order
        it is said."""
        name = f"{rule}/{topic}" if topic else rule
        self._memory.muted.setdefault(name, {})[from_ms] = until_ms

    def orphaned(self, said: Sequence[Alert]) -> list[Alert]:
        """The ends of those that were said to fire before now and do not: somebody else took the same lists and did
        not know all orders, or what he knew is lost."""
        states = [state for of_rule in self._memory.states.values() for state in of_rule.values()]
        firing = {state.alert.key for state in states if state.alert is not None}
        return [ended(one, self.clock) for one in said if one.fired < self.clock and one.key not in firing]

    def snapshot(self) -> bytes:
        """All that `restore` needs to go on as if nothing had happened."""
        return msgspec.msgpack.encode(self._memory)

    def restore(self, snapshot: bytes) -> list[Alert]:
        """Goes on where the snapshot was taken, with these rules: returns what `set_rules` does. Raises ValueError for
        what is no snapshot."""
        self._memory = msgspec.msgpack.decode(snapshot, type=_Memory)
        return self.set_rules(self._rules)

    def _judge(self, rule: Rule, trends: TrendList) -> list[Alert]:
        if rule.is_of_scope:
            return self._judge_scope(rule, trends)
        states = self._memory.states.setdefault(rule.name, {})
        wanted = self._topics[rule.name]
        rows: dict[str, Trend] = {}
        for shown in trends.trends:
            name = _known_by(shown, wanted, states)
            if name and not (rule.flags == "suppress" and _speaks_against(shown)):
                rows.setdefault(name, shown)
        alerts = []
        if any(state.alert is not None for state in states.values()):
            _raise_peaks(states, trends)
        for topic in [*rows, *sorted(states.keys() - rows.keys())]:
            row, state = rows.get(topic), states.get(topic) or RuleState()
            begins = row is not None and _holds(rule, row, 1.0) and _can_tell(rule, trends)
            stays = row is not None and _holds(rule, row, 0.5)
            hold_s = UNDECIDED_S if row is not None and _is_undecided(rule, row) else 0
            due = self._step(rule, topic, state, trends.at, begins, stays, hold_s)
            if due == "firing":
                assert row is not None
                state.alert = alert_of_row(rule, trends, row, topic, state.since or trends.at)
                alerts.append(state.alert)
            elif due == "resolved":
                alerts.append(_resolved(rule, state, trends.at))
            _keep(states, topic, state, trends.at)
        return alerts

    def _judge_scope(self, rule: Rule, trends: TrendList) -> list[Alert]:
        """The volume of an event or a watchlist as a whole."""
        states = self._memory.states.setdefault(rule.name, {})
        state = states.get("") or RuleState()
        value, threshold = float(trends.posts), float(rule.posts or 1)
        if rule.people is not None:
            value, threshold = float(trends.authors), float(rule.people)
        height = Peak(trends.at, trends.authors, trends.posts)
        if state.alert is not None:
            state.alert = higher(state.alert, height)
        due = self._step(rule, "", state, trends.at, value >= threshold, value >= threshold * 0.5)
        alerts = []
        if due == "firing":
            state.alert = alert_of_scope(
                rule,
                trends.at,
                since=state.since or trends.at,
                value=value,
                threshold=threshold,
                examples=[post for row in trends.trends[:3] for post in row.examples[:1]],
                why=AlertWhy(
                    counted="posts" if rule.people is None else "people",
                    about=[About(row.topic, row.display) for row in trends.trends[:3]],
                ),
                peak=height,
            )
            alerts.append(state.alert)
        elif due == "resolved":
            alerts.append(_resolved(rule, state, trends.at))
        _keep(states, "", state, trends.at)
        return alerts

    def _judge_silence(self, rule: Rule, now: int) -> list[Alert]:
        spoken = self._memory.spoken.get(rule.on)
        if spoken is None:
            return []
        states = self._memory.states.setdefault(rule.name, {})
        state = states.get("") or RuleState()
        silent_s = (now - spoken) / _SECOND_MS
        silent = silent_s >= rule.silent_s
        due = self._step(rule, "", state, now, silent, silent)
        alerts = []
        if due == "firing":
            state.alert = alert_of_scope(rule, now, since=spoken, value=silent_s, threshold=float(rule.silent_s))
            alerts.append(state.alert)
        elif due == "resolved":
            alerts.append(_resolved(rule, state, now))
        _keep(states, "", state, now)
        return alerts

    def _is_muted(self, name: str, now: int) -> bool:
        told = self._memory.muted.get(name)
        return told is not None and now < told.get(max((at for at in told if at <= now), default=-1), 0)

    def _step(
        self, rule: Rule, topic: str, state: RuleState, now: int, begins: bool, stays: bool, hold_s: int = 0
    ) -> str:
        """`firing` or `resolved` where the state turns now, else ''. It fires once that has held for `hold_s`, and for
        the rule's."""
        muted = self._is_muted(rule.name, now) or self._is_muted(f"{rule.name}/{topic}", now)
        if state.alert is not None:
            if stays and not muted:
                state.over = None
                return ""
            state.over = now if state.over is None else state.over
            return "resolved" if muted or now - state.over >= rule.resolve_s * _SECOND_MS else ""
        if not begins or muted:
            state.since = None
            return ""
        state.since = now if state.since is None else state.since
        quiet = self._quiet.get(rule.name)
        waits = now < state.cool_until or now - state.since < max(rule.hold_s, hold_s) * _SECOND_MS
        if waits or (quiet is not None and quiet.at(now)):
            return ""
        state.cool_until = 0
        return "firing"


class _Quiet:
    """Hours of the day, by the clock of a place."""

    def __init__(self, rule: Rule) -> None:
        begin, _, end = rule.quiet.partition("-")
        self._begin, self._end = dt.time.fromisoformat(begin), dt.time.fromisoformat(end)
        self._zone = zoneinfo.ZoneInfo(rule.time_zone)

    def at(self, ms: int) -> bool:
        now = dt.datetime.fromtimestamp(ms / _SECOND_MS, self._zone).time()
        if self._begin <= self._end:
            return self._begin <= now < self._end
        return now >= self._begin or now < self._end


def _can_tell(rule: Rule, trends: TrendList) -> bool:
    """Whether the list can say what the rule looks for: what trends is told by a past, a volume without one."""
    return rule.kind == "volume" or trends.flag != "counting"


def _known_by(row: Trend, wanted: Set[str], states: Mapping[str, RuleState]) -> str:
    """Which of the topics that the row shows as one the rule speaks of, "" for none: what fires or waits goes on under
    its name whichever of them leads; then the first that is wanted (none: all are)."""
    topics = [topic for topic in (row.topic, *row.joined) if not wanted or topic in wanted]
    firing = [topic for topic in topics if topic in states and states[topic].alert is not None]
    waiting = [topic for topic in topics if topic in states and states[topic].since is not None]
    return next(iter((*firing, *waiting, *topics)), "")


def _speaks_against(row: Trend) -> bool:
    """Whether a flag of the row does: people may share a server, and write two tags."""
    return not DESCRIBING.issuperset(row.flags)


def _is_undecided(rule: Rule, row: Trend) -> bool:
    """Whether the row could turn out to be what the rule is silent about."""
    return rule.flags == "suppress" and row.signs is not None and row.signs.undecided


def _holds(rule: Rule, row: Trend, share: float) -> bool:
    """Whether the row is what the rule looks for; `share` 1 to fire, less to go on firing."""
    if rule.kind == "volume":
        value, threshold = measured(rule, row)
        return value >= threshold * share
    if rule.kind == "surge":
        return row.trending and row.score >= rule.score * share
    fresh = rule.kind != "new" or share < 1 or row.state == "new"
    return row.trending and row.rank * share <= rule.top and fresh


def _resolved(rule: Rule, state: RuleState, now: int) -> Alert:
    assert state.alert is not None
    over = ended(state.alert, now)
    state.alert = state.over = state.since = None
    state.cool_until = now + rule.cooldown_s * _SECOND_MS
    return over


def _raise_peaks(states: dict[str, RuleState], trends: TrendList) -> None:
    """The peaks of what fires, by its rows in the list."""
    for row in trends.trends:
        for topic in (row.topic, *row.joined):
            state = states.get(topic)
            if state is not None and state.alert is not None:
                state.alert = higher(state.alert, height_of(trends, row))


def _told(rule: Rule) -> str:
    """What the rule says, as text: equal for rules that mean the same, also after a setting is added to all."""
    fields = zip(rule.__struct_fields__, msgspec.structs.astuple(rule), strict=True)
    defaults = msgspec.structs.asdict(Rule(rule.name))
    return msgspec.json.encode({name: value for name, value in fields if value != defaults[name]}).decode()


def _still(told: dict[int, int], now: int) -> dict[int, int]:
    """Of the mutes of one name those that matter from now on."""
    newest = max((at for at in told if at <= now), default=-1)
    return {at: until for at, until in told.items() if at >= newest and (at > now or until > now)}


def _keep(states: dict[str, RuleState], topic: str, state: RuleState, now: int) -> None:
    """The state as it goes on, or nothing where there is nothing to remember."""
    if state.alert is None and state.since is None and state.cool_until <= now:
        states.pop(topic, None)
    else:
        states[topic] = state
