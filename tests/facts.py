"""Why a topic is in a list and what an alert says, as facts, for tests of other things."""

from __future__ import annotations

from schemas.alerts import AlertWhy
from schemas.trends import Why

WHY = Why(people=50, window_s=900, repeated=False, support=50.0, expected=5.0, spread=2.0, score=7.0, own_words=0.88)
SAID = "50 people in the last 15 min, where about 5 would be usual"
OF_TOPIC = AlertWhy(trend=WHY)
