"""Rules that say when somebody wants to be alerted, and the alerts that they raise."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from schemas.trends import Flag, Why, Window

Kind = Literal["trending", "surge", "volume", "new", "silence"]
MessageKind = Literal["trending", "surge", "volume", "new", "silence", "digest"]
Severity = Literal["info", "warning", "critical"]
_Seconds = Annotated[int, msgspec.Meta(ge=0, le=7 * 86_400)]
_Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000_000)]


class Rule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the lists of a scope and window raise an alert about a topic.

    `trending`: it trends among the first `top`. `surge`: it trends with a score of at least `score`. `volume`: at least
    `posts`, or people `people`, in the window; on an event or a watchlist without `topics`: of all its posts. `new`: it
    trends among the first `top` and was never seen before.
    `silence`: the scope's stream stops for `silent_s`; about the scope, not a topic.

    It fires once that has held for `hold_s`; it is resolved once that has not held for `resolve_s`, with half the
    numbers (twice the places), and then stays silent for `cooldown_s`. In `quiet` hours (`22:00-07:00`, of `time_zone`)
    only critical alerts fire; the others wait for their end. `flags` tells what becomes of trends with any flag but
    `one_server` and `same_people`. `topics` (hashtags, cashtags): only these, also where another topic leads their
    row; none: any.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    on: Annotated[str, msgspec.Meta(max_length=100)] = "all"  # scope
    kind: Kind = "trending"
    window: Window = "1h"
    topics: tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=256)], ...] = ()
    top: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    score: Annotated[float, msgspec.Meta(gt=0, le=10_000)] = 8.0
    posts: _Count | None = None
    people: _Count | None = None
    silent_s: Annotated[int, msgspec.Meta(ge=60, le=7 * 86_400)] = 900
    hold_s: _Seconds = 0
    resolve_s: _Seconds = 300
    cooldown_s: _Seconds = 1_800
    quiet: Annotated[str, msgspec.Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d)?$")] = ""
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] = "UTC"
    severity: Severity = "warning"
    flags: Literal["suppress", "mark"] = "suppress"

    @property
    def is_of_scope(self) -> bool:
        """Whether it looks at all posts of an event or a watchlist, not at their topics."""
        return self.kind == "volume" and not self.topics and self.on.startswith(("event:", "watch:"))


class Peak(msgspec.Struct, frozen=True):
    """How many talked about what an alert fired for at a moment (ms of event time); `score` is None for an event or a
    watchlist as a whole."""

    at: int
    people: int
    posts: int
    score: float | None = None


class About(msgspec.Struct, frozen=True):
    """A topic that an alert about a whole scope names."""

    topic: str  # key
    display: str


class AlertWhy(msgspec.Struct, frozen=True):
    """What an alert says besides its other fields, as facts.

    `trend`: why the topic is in the list; none for what is about a scope. `counted`: what the `value` of a volume
    counts. `about`: the first topics of a scope whose volume it is. `alerts`: those that a digest tells, the first of
    them (`value` says how many there are). `note`: `test` for a message that only tries out a receiver.
    """

    trend: Why | None = None
    counted: Literal["", "posts", "people"] = ""
    about: list[About] = []
    alerts: list[Alert] = []
    note: Literal["", "test"] = ""


class Alert(msgspec.Struct, frozen=True):
    """A rule has fired, or what it fired for is over. Times in ms of event time.

    `key` is the same for the firing and the resolved alert and for every delivery of them: what tells receivers that
    they have seen it. `value` is the one that the rule looks at: place, score, posts, people or seconds of silence.
    `peak` is the moment so far in which most people talked about it; of a surge: in which its score was largest.
    """

    key: str
    status: Literal["firing", "resolved"]
    rule: str
    kind: MessageKind
    severity: Severity
    scope: str
    window: Window
    topic: str  # key; "" for what is about a scope: silence, the volume of an event or a watchlist
    display: str
    since: int  # when what the rule looks for began
    fired: int
    at: int  # of this message: when it fired, or was resolved
    value: float
    threshold: float
    flags: list[Flag]
    examples: list[str]  # post ids
    why: AlertWhy
    acknowledged: str = ""  # who said that somebody looks after it
    peak: Peak | None = None  # of a silence: None

    @property
    def record_key(self) -> str:
        """Of the record on Kafka: what it is about, so that its end follows its beginning."""
        return f"{self.rule}/{self.topic}"


FaultCode = Literal[
    "no_answer",  # detail: what happened instead
    "refused",  # detail: the status of HTTP
    "bad_address",  # it is no address of HTTP
    "unknown_address",  # apprise knows none like it
    "not_sent",  # apprise could not
    "kafka",  # it does not take the record; detail: the error's name
    "no_kafka",
    "unexpected",  # detail: the error's name
    "blocked",  # moderators have blocked what it is about
]


class Fault(msgspec.Struct, frozen=True):
    """Why a receiver did not get a message; without its address or secrets."""

    code: FaultCode
    detail: str = ""


class GivenUp(msgspec.Struct, frozen=True):
    """A message about an alert that a receiver did not get and will not: it was refused for good, or could not be
    delivered within the receiver's limit. `at` (ms) is the clock's, all but it, `receiver` and `why` the alert's."""

    receiver: str  # its name
    at: int
    why: Fault
    key: str
    status: Literal["firing", "resolved"]
    rule: str
    scope: str
    window: Window
    topic: str  # key; "" for what is about a scope, and for a digest
    fired: int

    @property
    def record_key(self) -> str:
        """Of the record on Kafka: a record of the same key tells the same again."""
        return f"{self.receiver}/{self.status}/{self.key}"


class Order(msgspec.Struct, frozen=True):
    """What a person says about the alerts of a rule, or of one topic of it. Times in ms.

    `mute`: nothing new fires before `until`, and what fires is over. `unmute`: as if nobody had muted it.
    `acknowledge`: somebody looks after what fires now. The newest order about a rule and topic holds.
    """

    action: Literal["mute", "unmute", "acknowledge"]
    rule: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    topic: Annotated[str, msgspec.Meta(max_length=300)]  # key; "": all of the rule
    by: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    at: int  # when it was said
    until: int = 0

    @property
    def key(self) -> str:
        """Of the record on Kafka: the newest of a key holds."""
        kind = "acknowledge" if self.action == "acknowledge" else "mute"
        return f"alert-{kind}/{self.rule}/{self.topic}"


_Address = Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]


class Receiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom alerts are sent to, and how: a webhook (Alertmanager's v4 message), an Alertmanager, anything that an
    apprise URL names (mail, chat, SMS), or a topic of our Kafka (`url` is its name).

    `url` is one, or for Alertmanagers that know each other several. `secret` signs what a webhook receives. `rules`:
    only these; none: all. Alerts that come to light more than `max_age_s` after their moment are not sent; one that
    cannot be delivered within `give_up_s` is given up. `page` is where people find upswell's page. What people read is
    in `lang`, its times by the clock of `time_zone`. With `digest`, a time of that day, it gets one message a day
    instead of one for each alert, and none on a day without.
    """

    name: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    kind: Literal["webhook", "alertmanager", "apprise", "kafka"]
    url: _Address | Annotated[tuple[_Address, ...], msgspec.Meta(min_length=1, max_length=20)]
    secret: Annotated[str, msgspec.Meta(max_length=500)] = ""
    rules: tuple[str, ...] = ()
    at_least: Severity = "info"
    resolved: bool = True
    max_age_s: Annotated[int, msgspec.Meta(ge=60, le=366 * 86_400)] = 3_600
    give_up_s: Annotated[int, msgspec.Meta(ge=1, le=30 * 86_400)] = 86_400
    page: Annotated[str, msgspec.Meta(pattern=r"^https?://\S{1,500}$")] = "http://127.0.0.1:8080"
    digest: Annotated[str, msgspec.Meta(pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$")] = ""
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] = "UTC"
    lang: Annotated[str, msgspec.Meta(pattern=r"^[a-z]{2,3}$")] = "en"

    def __repr__(self) -> str:
        return f"Receiver({self.name!r}, {self.kind!r})"  # its address and secret are nobody's business

    @property
    def urls(self) -> tuple[str, ...]:
        """All its addresses."""
        return (self.url,) if isinstance(self.url, str) else self.url

    def takes(self, alert: Alert) -> bool:
        """Whether the alert is for it."""
        severities = ("info", "warning", "critical")
        return (
            (not self.rules or alert.rule in self.rules)
            and severities.index(alert.severity) >= severities.index(self.at_least)
            and (self.resolved or alert.status == "firing")
        )
