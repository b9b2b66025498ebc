"""What moderators let be told of an alert, asked in the moment it leaves or is shown."""

from __future__ import annotations

import msgspec

from pipeline.moderation.log import DecisionLog
from pipeline.moderation.state import Moderation, Shows
from schemas.alerts import Alert


def redact(alert: Alert, shows: Shows) -> Alert | None:
    """The alert as it may be told: without blocked examples, and one about a scope without blocked topics. None where
    it may not be told at all: its topic, or the spelling, is blocked. A digest is made of what may be told already."""
    scope, about = alert.scope, alert.why.about
    if alert.topic and not shows.may_show(alert.topic, alert.display, scope):
        return None
    examples = [post_id for post_id in alert.examples if shows.may_show_example(post_id, scope)]
    named = [one for one in about if shows.may_show(one.topic, one.display, scope)]
    if (len(examples), len(named)) == (len(alert.examples), len(about)):
        return alert
    why = msgspec.structs.replace(alert.why, about=named)
    return msgspec.structs.replace(alert, examples=examples, why=why)


class Blocking:
    """Knows the decisions of a log by now. Not thread-safe."""

    def __init__(self, decisions: DecisionLog) -> None:
        self._decisions, self._moderation = decisions, Moderation()

    def redact(self, alert: Alert) -> Alert | None:
        """What may be told of the alert now."""
        for decision in self._decisions.fresh():
            self._moderation.apply(decision)
        return redact(alert, self._moderation)
