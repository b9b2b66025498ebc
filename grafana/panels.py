"""What the dashboards are made of: panels, choices and queries, as Grafana's classic JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
LISTS = "upswell_list_end_timestamp_seconds"
RAISED = 'sum by (rule) (upswell_alerts_raised_total{status="firing"})'
RAISED_BEFORE = 'sum by (rule) (upswell_alerts_raised_total{status="firing"} offset 1m)'
TOPIC_PAGE = "${page}/?scope=${scope:percentencode}&window=${window:percentencode}&topic="
PAGE = "http://127.0.0.1:8080"
Json = dict[str, Any]


@dataclass(frozen=True)
class Query:
    """A PromQL expression and how its series are called. `table`: only the newest values, as rows."""

    expr: str
    legend: str = ""
    table: bool = False


@dataclass(frozen=True)
class Panel:
    """A panel of `width` of the 24 columns and `height` rows; `unit` is one of Grafana's."""

    kind: str
    title: str
    description: str
    unit: str
    queries: tuple[Query, ...]
    width: int = 12
    height: int = 8
    decimals: int | None = None
    options: Json | None = None
    transformations: tuple[Json, ...] = ()
    overrides: tuple[Json, ...] = ()
    stacked: bool = False
    thresholds: tuple[tuple[float, str], ...] = ()  # from which value on the number has which colour
    link: str = ""  # the page that a value leads to


def rows(metric: str, scope: str = "$scope") -> str:
    """A metric of the topics of one list; the same list from several web servers is one."""
    return f'max by (topic) (upswell_trend_{metric}{{job=~"$job", scope="{scope}", window="$window"}})'


def rate(metric: str, *by: str) -> str:
    """What a counter of the pipeline grows by each second."""
    grouped = f"sum by ({', '.join(by)})" if by else "sum"
    return f'{grouped} (rate(upswell_{metric}{{job=~"$job"}}[$__rate_interval]))'


def quantile(share: float, histogram: str) -> str:
    """Seconds within which this share of the steps were done."""
    return (
        f"histogram_quantile({share}, sum by (le) "
        f'(rate(upswell_{histogram}_duration_seconds_bucket{{job=~"$job"}}[$__rate_interval])))'
    )


def ranking(title: str, description: str, height: int) -> Panel:
    """The list as a table, the first topic first."""
    columns = {"rank": "#", "score": "score", "people": "people", "posts": "posts", "expected": "expected"}
    return Panel(
        "table",
        title,
        description,
        "short",
        tuple(Query(rows(metric), metric, table=True) for metric in columns),
        width=14,
        height=height,
        decimals=1,
        options={"showHeader": True, "cellHeight": "lg", "sortBy": [{"displayName": "#", "desc": False}]},
        transformations=(
            {"id": "merge", "options": {}},
            {
                "id": "organize",
                "options": {
                    "excludeByName": {"Time": True},
                    "indexByName": {"Value #A": 0, "topic": 1, **{f"Value #{'BCDE'[n]}": n + 2 for n in range(4)}},
                    "renameByName": {f"Value #{'ABCDE'[n]}": name for n, name in enumerate(columns.values())},
                },
            },
            {"id": "sortBy", "options": {"fields": {}, "sort": [{"field": "#", "desc": False}]}},
        ),
        overrides=(
            *(_column(name, width) for name, width in (("#", 60), ("people", 110), ("posts", 110))),
            {
                "matcher": {"id": "byName", "options": "topic"},
                "properties": [{"id": "links", "value": [_link(TOPIC_PAGE + "${__value.text:percentencode}")]}],
            },
        ),
    )


def _column(name: str, width: int) -> Json:
    """A column of whole numbers."""
    properties = [{"id": "decimals", "value": 0}, {"id": "custom.width", "value": width}]
    return {"matcher": {"id": "byName", "options": name}, "properties": properties}


def _link(url: str) -> Json:
    return {"title": "Its page", "url": url, "targetBlank": True}


def course(metric: str, title: str, description: str, unit: str, scope: str = "$scope", width: int = 12) -> Panel:
    """How a metric of the listed topics goes over time."""
    queries = (Query(rows(metric, scope), "{{topic}}"),)
    link = TOPIC_PAGE + "${__field.labels.topic:percentencode}"
    return Panel("timeseries", title, description, unit, queries, width=width, link=link)


def number(
    title: str,
    description: str,
    unit: str,
    expr: str,
    width: int = 5,
    decimals: int | None = None,
    *thresholds: tuple[float, str],
) -> Panel:
    """One large number, green below the first of the thresholds."""
    options = {"colorMode": "value", "graphMode": "none", "reduceOptions": {"calcs": ["lastNotNull"]}}
    return Panel("stat", title, description, unit, (Query(expr),), width, 4, decimals, options, thresholds=thresholds)


def of_list(metric: str, aggregate: str = "max") -> str:
    """A metric of one list as a whole."""
    return f'{aggregate} ({metric}{{job=~"$job", scope="$scope", window="$window"}})'


def variable(name: str, label: str, query: str, regex: str = "", several: bool = False, first: str = "") -> Json:
    """A choice above the dashboard, filled from label values."""
    current = {"text": "All", "value": "$__all"} if several else {"text": first, "value": first}
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": DATASOURCE,
        "definition": query,
        "query": {"query": query, "refId": "labels"},
        "regex": regex,
        "refresh": 2,
        "sort": 1,
        "multi": several,
        "includeAll": several,
        "current": current if several or first else {},
    }


def job(metric: str) -> Json:
    """Which of Prometheus' jobs, all of them unless told otherwise."""
    return variable("job", "Job", f"label_values({metric}, job)", several=True)


def scope(label: str = "Scope", regex: str = "") -> Json:
    """Which scope of lists."""
    return variable("scope", label, f'label_values({LISTS}{{job=~"$job"}}, scope)', regex, first="" if regex else "all")


def window() -> Json:
    """Which window of lists."""
    return variable("window", "Window", f'label_values({LISTS}{{job=~"$job"}}, window)', first="1h")


def dashboard(uid: str, title: str, description: str, variables: list[Json], panels: list[Panel], since: str) -> Json:
    """The whole of a dashboard as Grafana reads it."""
    datasource = {
        "name": "datasource",
        "label": "Prometheus",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
    }
    page = {
        "name": "page",
        "label": "upswell's page",
        "type": "textbox",
        "query": PAGE,
        "current": {"text": PAGE, "value": PAGE},
    }
    return {
        "uid": f"upswell-{uid}",
        "title": title,
        "description": description,
        "tags": ["upswell"],
        "schemaVersion": 39,
        "version": 1,
        "editable": False,
        "graphTooltip": 1,
        "refresh": "10s",
        "time": {"from": since, "to": "now"},
        "timezone": "browser",
        "annotations": {"list": [alerts_that_fired()]},
        "links": [
            {"type": "dashboards", "title": "upswell", "tags": ["upswell"], "asDropdown": False, "keepTime": True}
        ],
        "templating": {"list": [datasource, page, *variables]},
        "panels": list(placed(panels)),
    }


def alerts_that_fired() -> Json:
    """A mark in every chart where a rule's alert began to fire: its counter grew, or was not there a minute before."""
    return {
        "name": "Alerts",
        "enable": True,
        "iconColor": "red",
        "datasource": DATASOURCE,
        "expr": f"{RAISED} - {RAISED_BEFORE} > 0 or ({RAISED} unless {RAISED_BEFORE})",
        "step": "60s",
        "titleFormat": "{{rule}}",
    }


def placed(panels: list[Panel]) -> Iterator[Json]:
    """Panels from left to right, a new row when the 24 columns are full."""
    x = y = height = 0
    for number, panel in enumerate(panels, 1):
        if x + panel.width > 24:
            x, y, height = 0, y + height, 0
        yield written(panel, number, {"x": x, "y": y, "w": panel.width, "h": panel.height})
        x, height = x + panel.width, max(height, panel.height)


def written(panel: Panel, number: int, place: dict[str, int]) -> Json:
    """One panel as Grafana reads it."""
    defaults: Json = {"unit": panel.unit, "color": {"mode": "palette-classic"}, "noValue": "nothing yet"}
    if panel.decimals is not None:
        defaults["decimals"] = panel.decimals
    if panel.thresholds:
        steps = [{"value": None, "color": "green"}, *({"value": at, "color": to} for at, to in panel.thresholds)]
        defaults |= {"color": {"mode": "thresholds"}, "thresholds": {"mode": "absolute", "steps": steps}}
    if panel.link:
        defaults["links"] = [_link(panel.link)]
    options = panel.options or {}
    if panel.kind == "timeseries":
        defaults["custom"] = {
            "fillOpacity": 10,
            "lineWidth": 2,
            "showPoints": "never",
            "spanNulls": False,
            "stacking": {"mode": "normal" if panel.stacked else "none"},
        }
        options = {
            "legend": {"displayMode": "list", "placement": "bottom"},
            "tooltip": {"mode": "multi", "sort": "desc"},
        }
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
        "datasource": DATASOURCE,
        "options": options,
        "transformations": list(panel.transformations),
        "fieldConfig": {"defaults": defaults, "overrides": list(panel.overrides)},
        "targets": [
            {
                "refId": "ABCDE"[n],
                "datasource": DATASOURCE,
                "expr": query.expr,
                "legendFormat": query.legend or "__auto",
                "instant": query.table or panel.kind == "stat",
                "range": not (query.table or panel.kind == "stat"),
                "format": "table" if panel.kind == "table" else "time_series",
            }
            for n, query in enumerate(panel.queries)
        ],
    }
