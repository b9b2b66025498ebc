"""The walls for Prometheus: how many posts each queue holds, and for how long the first of them has waited."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pipeline.web.wall.walls import Walls


class WallCollector(Collector):
    """As many series as there are events times queues; scraped on the event loop that the walls belong to."""

    def __init__(self, walls: Walls) -> None:
        self._walls = walls

    def collect(self) -> Iterator[Metric]:
        posts = GaugeMetricFamily("upswell_wall_posts", "Posts of an event's wall.", labels=["event", "queue"])
        waiting = GaugeMetricFamily(
            "upswell_wall_waiting_seconds",
            "For how long the first of the posts that wait for approval has waited.",
            labels=["event"],
        )
        for name, wall in self._walls.walls.items():
            for queue, number in wall.counts().items():
                posts.add_metric([name, queue], number)
            waiting.add_metric([name], wall.waits_s(self._walls.clock()))
        yield posts
        yield waiting
