"""Current trends for Prometheus: a series exists as long as its topic is listed, and their number is bounded.

At most 20 rows a list, three lists a scope, `MAX_SCOPES` scopes; further scopes are left out and counted. The scope
`all` comes first, then events and watchlists; sources and languages make room for them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline.text import printable
from schemas import Trend, TrendList

MAX_SCOPES = 100
MAX_ROWS = 20
TOPIC_WIDTH = 64  # columns
_UNQUOTED = str.maketrans(dict.fromkeys("\"'`\\", "_"))  # dashboards put scopes into queries
_IMPORTANCE = {"all": 0, "event": 1, "watch": 1, "source": 2}

_ROWS: dict[str, tuple[str, Callable[[Trend], float]]] = {
    "rank": ("Place of the topic in its list, 1 is the first.", lambda row: row.rank),
    "people": ("People who posted about it in the window of the list.", lambda row: row.authors),
    "posts": ("Posts about it in the window of the list, reposts included.", lambda row: row.posts),
    "support": ("People who say something of their own, as the score counts them.", lambda row: row.support),
    "expected": ("What its past lets one expect of the support.", lambda row: row.expected),
}
_TRENDING: dict[str, tuple[str, Callable[[Trend], float]]] = {
    "score": ("How far above its own past it is, in sigma; rows that fill a list up have none.", lambda row: row.score),
    "weight": ("What trends are ordered by; rows that fill a list up have none.", lambda row: row.weight),
}


class TrendsCollector(Collector):
    """The current lists as metrics. `take` and scrapes may come from different threads.

    `visible` is what moderation makes of a list before anybody sees it; it is asked at each scrape.
    """

    def __init__(
        self,
        registry: CollectorRegistry | None = None,
        *,
        visible: Callable[[TrendList], TrendList] = lambda trends: trends,
        max_scopes: int = MAX_SCOPES,
    ) -> None:
        self._visible, self._max_scopes = visible, max_scopes
        self._scopes: dict[str, dict[str, TrendList]] = {}
        self._left_out: set[str] = set()
        self._lock = threading.Lock()
        if registry is not None:
            registry.register(self)

    def take(self, trends: TrendList) -> None:
        """The list is the current one of its scope and window from now on, unless a newer one came before."""
        with self._lock:
            lists = self._scopes.setdefault(trends.scope, {})
            old = lists.get(trends.window)
            if old is not None and (trends.at, trends.final) < (old.at, old.final):
                return
            lists[trends.window] = trends
            if not any(one.trends for one in lists.values()) and trends.scope != "all":
                del self._scopes[trends.scope]  # nobody talks there: room for another one
                self._left_out.discard(trends.scope)
            elif len(self._scopes) > self._max_scopes:
                least = max(enumerate(self._scopes), key=lambda place: (_importance(place[1]), place[0]))[1]
                del self._scopes[least]
                if len(self._left_out) < self._max_scopes * 10:
                    self._left_out.add(least)

    def describe(self) -> Iterator[Metric]:
        """Names only: nothing is collected for it."""
        return iter(_families().values())

    def collect(self) -> Iterator[Metric]:
        """The metrics of the lists as they are now."""
        with self._lock:
            lists = [one for scope in self._scopes.values() for one in scope.values()]
            left_out = len(self._left_out - self._scopes.keys())
        families = _families()
        told: set[tuple[str, str]] = set()
        for known in lists:
            scope = printable(known.scope, TOPIC_WIDTH).translate(_UNQUOTED)
            if (scope, known.window) in told:
                continue  # two names that look the same are one
            told.add((scope, known.window))
            self._tell(families, scope, self._visible(known))
        families["scopes_left_out"].add_metric([], left_out)
        return iter(families.values())

    def _tell(self, families: dict[str, GaugeMetricFamily], scope: str, trends: TrendList) -> None:
        place = [scope, trends.window]
        families["list_end_timestamp_seconds"].add_metric(place, trends.at / 1_000)
        families["list_trending_topics"].add_metric(place, sum(row.trending for row in trends.trends))
        topics: set[str] = set()
        for row in trends.trends[:MAX_ROWS]:
            labels = [*place, _distinct(printable(row.topic, TOPIC_WIDTH), topics)]
            for name, (_, value) in (_ROWS | _TRENDING if row.trending else _ROWS).items():
                families[f"trend_{name}"].add_metric(labels, value(row))


def _families() -> dict[str, GaugeMetricFamily]:
    place = ["scope", "window"]
    families = {
        f"trend_{name}": GaugeMetricFamily(f"upswell_trend_{name}", what, labels=[*place, "topic"])
        for name, (what, _) in (_ROWS | _TRENDING).items()
    }
    for name, what, labels in (
        ("list_end_timestamp_seconds", "Event time at which the current list ends.", place),
        ("list_trending_topics", "Topics of the current list that trend.", place),
        ("scopes_left_out", "Scopes without metrics, because there are too many.", []),
    ):
        families[name] = GaugeMetricFamily(f"upswell_{name}", what, labels=labels)
    return families


def _importance(scope: str) -> int:
    """The lower the more important."""
    return _IMPORTANCE.get(scope.partition(":")[0], len(_IMPORTANCE))


def _distinct(topic: str, known: set[str]) -> str:
    """Topics that look the same when cleaned or cut stay two series, or Prometheus would refuse the scrape."""
    label, number = topic, 2
    while label in known:
        label, number = f"{topic} ({number})", number + 1
    known.add(label)
    return label
