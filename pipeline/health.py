"""How the pipeline fares, for Prometheus: what was read and became of it, how far behind, how long things take.

Anyone may be handed a `Health`: agents, the in-process pipeline, tests (each with a registry of its own). Nothing is
exposed before `expose` is called. Counters tell the work of this process: what is read again after a restart counts
again; what a pane holds is told by the lists, not by these.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from socketserver import ThreadingMixIn
from threading import Thread
from types import MappingProxyType
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, make_wsgi_app

from pipeline.text import printable

OTHER = "other"
MAX_SOURCES, MAX_REASONS = 32, 32
_DURATIONS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class ExposeError(Exception):
    """The port for metrics cannot be opened: one sentence that names the settings."""


class _Bounded:
    """Label values made safe, the first `limit` of them by name and all further ones as `other`."""

    def __init__(self, limit: int) -> None:
        self._limit, self._known = limit, dict[str, str]()

    def __call__(self, value: str) -> str:
        label = self._known.get(value)
        if label is None:
            label = printable(value, 40) or OTHER
            if len(self._known) >= self._limit:
                return OTHER
            self._known[value] = label
        return label


class Health:
    """The health metrics of one process. `now_ms` is the wall clock."""

    def __init__(self, registry: CollectorRegistry, now_ms: Callable[[], float] = lambda: time.time() * 1_000) -> None:
        self.registry, self._now_ms = registry, now_ms
        self._sources, self._reasons = _Bounded(MAX_SOURCES), _Bounded(MAX_REASONS)
        self._before: dict[int, tuple[int, int, dict[str, int], dict[str, int]]] = {}  # partition -> its totals
        self._frontiers: dict[int, int] = {}

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"upswell_{name}", what, labels, registry=registry)

        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"upswell_{name}", what, labels, registry=registry)

        def histogram(name: str, what: str) -> Histogram:
            return Histogram(f"upswell_{name}_duration_seconds", what, registry=registry, buckets=_DURATIONS_S)

        self._read = counter("posts_read", "Posts read, whatever became of them.")
        self._counted = counter("posts_counted", "Posts counted in a pane.")
        self._late = counter("posts_late", "Posts that came after their pane had closed.", "source")
        self._ahead = counter(
            "posts_clock_ahead", "Posts dated later than Kafka took them, counted at that time.", "source"
        )
        self._duplicate = counter("posts_duplicate", "Posts that had been read before.")
        self._dead = counter("posts_dead", "Records that are no posts.", "reason")
        self._poisoned = gauge("poison_timestamp_seconds", "When a record was last set aside that workers died of.")
        self._lists = counter("lists_issued", "Lists of trends issued.")
        self._raised = counter("alerts_raised", "Alerts that fired, and that ended.", "rule", "status")
        self._rebalances = counter("rebalances", "Times that partitions were shared out anew.")
        self._failed = counter("agent_failures", "Times that a part of a worker failed and is tried again.", "part")
        self._failing: dict[str, str] = {}  # part -> what is wrong with it
        self._lag = gauge(
            "watermark_lag_seconds", "How far closed panes are behind the clock, in event time.", "partition"
        )
        self._open = gauge("panes_open", "Panes that still take posts.", "partition")
        self._rewind = gauge("rewind_distance_records", "Records that a restart would read again.", "partition")
        self._flush = histogram("flush", "Time to publish what closed, acknowledgements included.")
        self._rank = histogram("rank", "Time to rank what became final and make its lists.")
        self._preview = histogram("preview", "Time to make provisional lists.")

    def counted(
        self,
        partition: int,
        *,
        read: int,
        duplicates: int,
        late: Mapping[str, int],
        ahead: Mapping[str, int] = MappingProxyType({}),
        frontier_ms: int,
        panes_open: int = 0,
        rewind_records: int = 0,
    ) -> None:
        """How a partition stands: totals since it was taken over (less than last time: it was taken over anew), the
        event time (ms) before which its panes are closed, its open panes, how many records a restart reads again."""
        known = self._before.get(partition)
        if known is None or read < known[0]:
            known = 0, 0, {}, {}
        late_now = sum(late.values())
        self._read.inc(read - known[0])
        self._duplicate.inc(max(0, duplicates - known[1]))
        self._counted.inc(max(0, (read - duplicates - late_now) - (known[0] - known[1] - sum(known[2].values()))))
        for counter, now, then in ((self._late, late, known[2]), (self._ahead, ahead, known[3])):
            for source, posts in now.items():
                counter.labels(self._sources(source)).inc(max(0, posts - then.get(source, 0)))
        self._before[partition] = read, duplicates, dict(late), dict(ahead)
        label = str(partition)
        if frontier_ms:
            if partition not in self._frontiers:
                self._lag.labels(label).set_function(lambda: self._lag_s(partition))
            self._frontiers[partition] = frontier_ms
        self._open.labels(label).set(panes_open)
        self._rewind.labels(label).set(rewind_records)

    def lost(self, partition: int) -> None:
        """The partition is another worker's now: nothing more is told about it here."""
        self._before.pop(partition, None)
        self._frontiers.pop(partition, None)
        for gauge in (self._lag, self._open, self._rewind):
            with suppress(KeyError):  # it was never told
                gauge.remove(str(partition))

    def dead(self, reason: str, records: int = 1) -> None:
        """Records that are no posts."""
        self._dead.labels(self._reasons(reason)).inc(records)

    def poisoned(self) -> None:
        """A record that workers died of is set aside."""
        self._poisoned.set(self._now_ms() / 1_000)

    def rebalanced(self) -> None:
        """Partitions were shared out anew."""
        self._rebalances.inc()

    def fails(self, part: str, why: str) -> None:
        """A part of the worker has failed, and is tried again."""
        self._failed.labels(part).inc()
        self._failing[part] = why

    def works(self, part: str) -> None:
        """It has done its work."""
        self._failing.pop(part, None)

    @property
    def fault(self) -> str:
        """What fails now, as a sentence; empty where all parts work."""
        told = (f"{part} fails ({printable(why, 200)})" for part, why in sorted(self._failing.items()))
        return "; ".join(told)

    def issued(self, lists: int = 1) -> None:
        """Lists of trends left this process."""
        self._lists.inc(lists)

    def raised(self, rule: str, status: str) -> None:
        """An alert left this process."""
        self._raised.labels(rule, status).inc()

    @contextmanager
    def flushing(self) -> Iterator[None]:
        """Around the publishing of what closed."""
        with self._flush.time():
            yield

    @contextmanager
    def ranking(self) -> Iterator[None]:
        """Around the ranking of what became final."""
        with self._rank.time():
            yield

    @contextmanager
    def previewing(self) -> Iterator[None]:
        """Around the making of provisional lists."""
        with self._preview.time():
            yield

    def _lag_s(self, partition: int) -> float:
        return (self._now_ms() - self._frontiers.get(partition, 0)) / 1_000


class _Silent(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:  # what is asked is nobody's business
        return


def expose(
    registry: CollectorRegistry, port: int, host: str = "127.0.0.1", fault: Callable[[], str] = lambda: ""
) -> tuple[WSGIServer, Thread] | None:
    """Lets Prometheus read the registry at http://host:port/metrics from a thread of its own; port 0: nobody reads it.
    `/readyz` answers 200, or 503 with the `fault`. Raises ExposeError."""
    metrics = make_wsgi_app(registry)

    def answer(environ: dict[str, Any], start: Any) -> Any:
        if environ["PATH_INFO"] != "/readyz":
            return metrics(environ, start)
        wrong = fault()
        start("503 Service Unavailable" if wrong else "200 OK", [("Content-Type", "text/plain; charset=utf-8")])
        return [f"{wrong or 'ready'}\n".encode()]

    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    try:
        if not port:
            return None
        server = make_server(host, port, answer, Server, _Silent)
        thread = Thread(target=server.serve_forever, name="metrics", daemon=True)
        thread.start()
        return server, thread
    except OSError as error:
        raise ExposeError(
            f"nobody can read metrics at {host}:{port} ({error.strerror}); name a port of this process alone in"
            " UPSWELL_METRICS_PORT, an address of this machine in UPSWELL_METRICS_HOST"
        ) from None
