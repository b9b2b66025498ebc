"""A real Prometheus, with the files that compose mounts, reads the metrics of a worker, of who delivers alerts and of
a web server: every panel and rule has an expression that returns data, and what has ended leaves nothing behind."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry

from pipeline.health import Health, expose
from pipeline.local import Local, Options
from pipeline.sinks.metrics import TrendsCollector
from pipeline.sources.live.metrics import SourceMetrics
from pipeline.sources.simulator.scenes import mixed_scenario
from pipeline.sources.simulator.simulation import simulate
from pipeline.web.wall.metrics import WallCollector
from pipeline.web.wall.walls import Walls
from schemas import Post, PostError, TrendList, decode_post
from schemas.alerts import Receiver
from schemas.events import Event
from tests.alerts.outgoing import deliver_all, raised_by
from tests.alerts.receiving import Hook
from tests.alerts.test_alerting import at, row, rule
from tests.alerts.test_follow import NOW
from tests.kafka.apache import free_port
from tests.sinks.lists import trend_list
from tests.sinks.servers import Server, program, until

GRAFANA = Path(__file__).parents[2] / "grafana"
DASHBOARDS = sorted((GRAFANA / "dashboards").glob("*.json"))
HOSTILE = 'source:"a\\b\'`} or up{x="'
SEEN_WITHIN_S = 30.0


def panels() -> list[tuple[str, str, str]]:
    """(dashboard, panel, expression)"""
    return [
        (path.stem, panel["title"], target["expr"])
        for path in DASHBOARDS
        for panel in json.loads(path.read_text())["panels"]
        for target in panel["targets"]
    ]


def rules(kind: str) -> list[tuple[str, str]]:
    """(name, expression) of the `record` or the `alert` rules."""
    groups = yaml.safe_load((GRAFANA / "prometheus" / "rules.yml").read_text())["groups"]
    return [(rule[kind], rule["expr"]) for group in groups for rule in group["rules"] if kind in rule]


def delivered(folder: Path) -> CollectorRegistry:
    """What delivery counts when one receiver takes an alert and another refuses it for good."""
    with Hook() as taking, Hook(lambda _: 400) as refusing:
        receivers = Receiver("ops", "webhook", taking.url), Receiver("closed", "webhook", refusing.url)
        alerts = raised_by([rule()], [at(NOW, row("#a"))])
        return deliver_all(alerts, receivers, folder / "alerts.db", [])


def received() -> CollectorRegistry:
    """What a source counts of which one post came before its connection ended."""
    metrics = SourceMetrics(CollectorRegistry())
    metrics.connected("fediverse")
    metrics.outcome("fediverse", "sent", NOW, NOW - 1_000)
    metrics.fault("fediverse", "silent", NOW)
    return metrics.registry


class Watched:
    """Metrics of a worker, of who delivers alerts, of the sources and of a web server, as the pipeline feeds them, and
    the Prometheus that reads them."""

    def __init__(self, folder: Path) -> None:
        worker, web = CollectorRegistry(), CollectorRegistry()
        self.health, self.collector = Health(worker), TrendsCollector(web)
        self.walls = Walls([Event("gala", hashtags=("#gala",), moderation="manual")])
        web.register(WallCollector(self.walls))
        self.ports = free_port(), free_port(), free_port(), free_port()
        registries = worker, delivered(folder), received(), web  # as the configuration names their jobs
        self.exposed = [expose(registry, port) for registry, port in zip(registries, self.ports, strict=True)]
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.server = Server(
            [
                program("prometheus"),
                f"--config.file={self._config(folder)}",
                f"--storage.tsdb.path={folder / 'tsdb'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            port,
            folder,
        )
        self.stats: dict[str, int] = {}

    def _config(self, folder: Path) -> Path:
        """The mounted files, with the places that only compose's network knows put on loopback."""
        config = yaml.safe_load((GRAFANA / "prometheus" / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s", "scrape_timeout": "1s"}
        config["rule_files"] = [str(GRAFANA / "prometheus" / name) for name in config["rule_files"]]
        for job, port in zip(config["scrape_configs"], self.ports, strict=True):
            job.pop("dns_sd_configs", None)
            job["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
        path = folder / "prometheus.yml"
        path.write_text(yaml.safe_dump(config))
        return path

    def ask(self, expr: str) -> list[dict[str, Any]]:
        answer = httpx.post(f"{self.url}/api/v1/query", data={"query": expr}).json()
        assert answer["status"] == "success", f"{expr}: {answer}"
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found

    def feed(self, posts: list[Post], local: Local) -> None:
        """Counts posts; the metrics are told what a worker tells them."""
        with self.health.flushing():
            local.feed(posts)
        with self.health.ranking():
            local.finish()
        stats = local.stats
        self.health.counted(
            0,
            read=stats.read,
            duplicates=stats.duplicates,
            late={"twitter": 1, **stats.late_by_source},
            frontier_ms=max(int(post.time) for post in posts),
            panes_open=3,
            rewind_records=17,
        )


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with ExitStack() as stack:
        watched = Watched(tmp_path_factory.mktemp("prometheus"))
        for exposed in watched.exposed:
            assert exposed is not None
            server, thread = exposed
            stack.callback(thread.join)
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
        stack.callback(watched.server.kill)
        posts, dead = [], 0
        for line in simulate(mixed_scenario(duration_ms=30 * 60_000, rate=5.0), 3):
            try:
                posts.append(decode_post(line))
            except PostError:
                dead += 1
        end = sorted(int(post.time) for post in posts)[len(posts) * 9 // 10]
        posts = [post for post in posts if int(post.time) <= end]
        tags = Counter(tag for post in posts for tag in post.text.split() if tag.startswith("#"))
        one, two = (tag for tag, _ in tags.most_common(2))
        events = Event("one", hashtags=(one,)), Event("two", hashtags=(two,))

        def issued(trends: TrendList) -> None:
            watched.health.issued()
            watched.collector.take(trends)

        watched.walls.take([Post("1", "ann", "#gala", NOW)])
        watched.health.dead("not JSON")
        watched.health.raised("brand", "firing")
        watched.health.rebalanced()
        local = Local(Options(events=events), on_list=issued)
        watched.feed(posts[:100], local)
        watched.collector.take(trend_list("#x", scope=HOSTILE))
        watched.server.start()
        until(lambda: watched.ask("upswell_posts_dead_total"), SEEN_WITHIN_S, "a first scrape")
        for size in (len(posts) // 2, len(posts)):
            watched.health.dead("not JSON", dead)
            watched.feed(posts[100:size], local := Local(Options(events=events), on_list=issued))
        yield watched


def filled(expr: str) -> str:
    """As Grafana fills it in."""
    return (
        expr.replace("$__rate_interval", "1m")
        .replace("$job", "upswell-.+")
        .replace("$window", "1h")
        .replace('scope="$scope"', 'scope="event:one"')
    )


def test_every_panel_shows_data(watched: Watched) -> None:
    assert len(panels()) > 40
    for board, title, expr in panels():
        assert "$" not in filled(expr)
        until(lambda expr=expr: watched.ask(filled(expr)), SEEN_WITHIN_S, f"{board}, {title}: {expr}")


def test_every_rule_is_healthy_and_what_is_recorded_has_data(watched: Watched) -> None:
    for name, _ in rules("record"):
        until(lambda name=name: watched.ask(name), SEEN_WITHIN_S, name)
    groups = httpx.get(f"{watched.url}/api/v1/rules").json()["data"]["groups"]
    told = {rule["name"]: rule for group in groups for rule in group["rules"]}
    assert told.keys() == {name for kind in ("record", "alert") for name, _ in rules(kind)}
    assert {rule["health"] for rule in told.values()} == {"ok"}


def test_the_choices_above_the_dashboards_have_values(watched: Watched) -> None:
    choices = 0
    for path in DASHBOARDS:
        for variable in json.loads(path.read_text())["templating"]["list"]:
            if variable["type"] == "query":
                definition = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["definition"])
                assert definition
                series, label = filled(definition[1]), definition[2]
                until(
                    lambda series=series, label=label: any(one["metric"].get(label) for one in watched.ask(series)),
                    SEEN_WITHIN_S,
                    f"{path.stem}: {variable['name']}",
                )
                choices += 1
    assert choices


def test_what_was_given_up_is_told_by_receiver_and_so_is_what_was_delivered(watched: Watched) -> None:
    def told(became: str) -> dict[str, str]:
        found = watched.ask(f'upswell_alerts_{became}_total{{job="upswell-alerts"}}')
        return {one["metric"]["receiver"]: one["value"][1] for one in found}

    until(lambda: told("given_up"), SEEN_WITHIN_S, "a scrape")
    assert (told("given_up"), told("delivered")) == ({"ops": "0", "closed": "1"}, {"ops": "1", "closed": "0"})


def test_what_waits_for_moderators_is_told_with_how_long_it_waits(watched: Watched) -> None:
    until(lambda: watched.ask('upswell_wall_posts{event="gala", queue="waiting"} == 1'), SEEN_WITHIN_S, "it waits")
    until(lambda: watched.ask('upswell_wall_waiting_seconds{event="gala"} > 0'), SEEN_WITHIN_S, "for some time")


def test_an_alert_that_fires_is_marked_in_every_chart(watched: Watched) -> None:
    for path in DASHBOARDS:
        (mark,) = json.loads(path.read_text())["annotations"]["list"]
        found: list[dict[str, Any]] = []
        until(lambda mark=mark, found=found: found.extend(watched.ask(mark["expr"])) or found, SEEN_WITHIN_S, path.stem)
        assert {one["metric"]["rule"] for one in found} == {"brand"}


def test_topics_lead_to_their_pages() -> None:
    """The choice of the page's address is one, and what a post wrote is escaped within the link."""
    for name in ("trends-live", "one-event"):
        board = json.loads((GRAFANA / "dashboards" / f"{name}.json").read_text())
        assert [it["query"] for it in board["templating"]["list"] if it["name"] == "page"] == ["http://127.0.0.1:8080"]
        links = re.findall(r'"url": "(\$\{page\}[^"]+)"', json.dumps(board))
        assert len(links) >= 3
        for link in links:
            assert link.startswith("${page}/?scope=${scope:percentencode}&window=${window:percentencode}&topic=${__")
            assert link.endswith(":percentencode}")


def test_a_hostile_scope_cannot_leave_its_quotes(watched: Watched) -> None:
    def scopes() -> list[str]:
        return [one["metric"]["scope"] for one in watched.ask('upswell_list_trending_topics{scope=~"source:_.*"}')]

    until(scopes, SEEN_WITHIN_S, "the hostile scope")
    assert len(scopes()) == 1
    assert not set(scopes()[0]) & set("\"'`\\")
    assert len(watched.ask(f'upswell_list_trending_topics{{scope="{scopes()[0]}"}}')) == 1


def test_a_trend_that_ends_leaves_no_series_behind(watched: Watched) -> None:
    watched.collector.take(trend_list("#ending", scope="lang:xx"))
    until(lambda: watched.ask('{topic="#ending"}'), SEEN_WITHIN_S, "the trend is there")
    watched.collector.take(trend_list("#other", scope="lang:xx"))
    until(lambda: not watched.ask('{topic="#ending"}'), SEEN_WITHIN_S, "the trend has gone")


def test_rules_and_configuration_are_what_promtool_accepts() -> None:
    for command in (["test", "rules", "rules_test.yml"], ["check", "config", "prometheus.yml"]):
        done = subprocess.run(
            [program("promtool"), *command], cwd=GRAFANA / "prometheus", capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    tested = (GRAFANA / "prometheus" / "rules_test.yml").read_text()
    for name, _ in rules("record") + rules("alert"):
        assert name in tested


def test_the_dashboards_are_what_the_generator_writes(tmp_path: Path) -> None:
    subprocess.run([sys.executable, GRAFANA / "generate.py", tmp_path], check=True)
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        path.name: path.read_text() for path in DASHBOARDS
    }


def test_every_panel_has_a_title_a_description_and_a_unit_and_none_overlap() -> None:
    assert len(DASHBOARDS) == 3
    for path in DASHBOARDS:
        taken: set[tuple[int, int]] = set()
        for panel in json.loads(path.read_text())["panels"]:
            assert panel["title"]
            assert panel["description"].endswith(".")
            assert panel["fieldConfig"]["defaults"]["unit"]
            place = panel["gridPos"]
            cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
            assert not cells & taken
            assert place["x"] + place["w"] <= 24
            taken |= cells


def test_every_metric_is_explained(watched: Watched) -> None:
    page = (GRAFANA.parent / "docs" / "metrics.md").read_text()
    names = httpx.get(f"{watched.url}/api/v1/label/__name__/values").json()["data"]
    ours = {name for name in names if name.startswith("upswell_")}
    assert len(ours) > 20
    for name in ours:
        base = re.sub("_(bucket|count|sum|created|total)$", "", name)
        assert f"`{base}`" in page or f"`{base}_total`" in page, name
