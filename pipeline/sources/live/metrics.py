"""How each source fares, for Prometheus: what came, how late, how often it was connected anew, what its last fault was.

Labels are the names of [[source]] tables and a few fixed words.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from pipeline.sources.live.status import Fares, Status


class SourceMetrics:
    """The metrics of one process that runs sources; `status` says the same for the doctor."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry, self.status = registry, Status()

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"upswell_source_{name}", what, ["name", *labels], registry=registry)

        def gauge(name: str, what: str, *labels: str) -> Gauge:
            return Gauge(f"upswell_source_{name}", what, ["name", *labels], registry=registry)

        self._records = counter("records", "Records of a network, by what became of them.", "outcome")
        self._connections = counter("connections", "Times that a connection was opened.")
        self._faults = counter("faults", "Times that a connection ended or could not be opened.", "kind")
        self._connected = gauge("connected", "1 while a connection is open.")
        self._lag = gauge("lag_seconds", "From publication to receipt, of the last post.")
        self._last_post = gauge("last_post_timestamp_seconds", "When the last post was received.")
        self._last_fault = gauge("last_fault_timestamp_seconds", "When a connection last had a fault.", "kind")

    def outcome(self, name: str, outcome: str, now_ms: int, published_ms: int = 0) -> None:
        """What became of one record; of a post that was sent, when it was published."""
        self._records.labels(name, outcome).inc()
        if published_ms:
            self._last_post.labels(name).set(now_ms / 1_000)
            lag_s = max(0, now_ms - published_ms) / 1_000
            self._lag.labels(name).set(lag_s)
            one = self.fares(name)
            one.sent, one.last_post, one.lag_s = one.sent + 1, now_ms, lag_s

    def connected(self, name: str) -> None:
        """The first item of a new connection came."""
        self._connections.labels(name).inc()
        self._connected.labels(name).set(1)
        one = self.fares(name)
        one.connected, one.connections = True, one.connections + 1

    def fault(self, name: str, kind: str, now_ms: int, why: str = "") -> None:
        """A connection ended, or none could be opened; `why` as a sentence."""
        one = self.fares(name)
        one.connected, one.fault, one.last_fault = False, why or kind, now_ms
        self._faults.labels(name, kind).inc()
        self._connected.labels(name).set(0)
        self._last_fault.labels(name, kind).set(now_ms / 1_000)

    def fares(self, name: str) -> Fares:
        """What the doctor is told of a connection."""
        return self.status.sources.setdefault(name, Fares())
