"""Writes the dashboards; what lies in grafana/dashboards is not edited by hand.

    python grafana/generate.py [FOLDER]

Three of them, classic JSON: what trends (for a big screen), one event, and how the pipeline fares. No expression is
built from a topic, and the names of scopes carry no quotes and no backslashes (pipeline/sinks/metrics.py), so nothing
that came with a post can break a query.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from panels import (
    LISTS,
    Json,
    Panel,
    Query,
    course,
    dashboard,
    job,
    number,
    of_list,
    quantile,
    ranking,
    rate,
    rows,
    scope,
    window,
)

STALE = ((120.0, "orange"), (300.0, "red"))  # seconds; a list of a quiet minute is a minute and a half old
AGE = f"clamp_min(time() - {of_list(LISTS)}, 0)"  # a provisional list ends with the minute that runs
DASHBOARDS = Path(__file__).parent / "dashboards"
# of workers, of who delivers, of sources
OF_PIPELINE = '{__name__=~"upswell_(posts_read|alerts_delivered|source_records)_total"}'


def trends_live() -> Json:
    """For a big screen: the list, and the course of its topics."""
    bars = Panel(
        "bargauge",
        "People by topic",
        "How many people posted about each listed topic in the window.",
        "short",
        (Query(f"sort_desc({rows('people')})", "{{topic}}", table=True),),
        width=10,
        height=14,
        decimals=0,
        options={
            "orientation": "horizontal",
            "displayMode": "gradient",
            "showUnfilled": False,
            "reduceOptions": {"calcs": ["lastNotNull"], "values": False},
        },
    )
    panels = [
        number(
            "Trending topics",
            "Topics of the current list that trend.",
            "short",
            of_list("upswell_list_trending_topics"),
        ),
        number(
            "Age of the list",
            "Time since the end of the current list; a minute and the lateness are normal.",
            "s",
            AGE,
            5,
            0,
            *STALE,
        ),
        number(
            "People in the first topic",
            "People who posted about the topic at the top.",
            "short",
            f"max ({rows('people')} and {rows('rank')} == 1)",
            decimals=0,
        ),
        number(
            "Highest score",
            "How far the strongest trend is above its own past, in sigma.",
            "short",
            f"max ({rows('score')})",
            decimals=1,
        ),
        number(
            "Scopes without metrics",
            "Scopes left out here because there are too many; the page shows them.",
            "short",
            'max (upswell_scopes_left_out{job=~"$job"})',
            width=4,
        ),
        ranking(
            "Trending now",
            "The current list: place, topic, score (sigma above its own past), people, posts, and the "
            "support that its past lets one expect.",
            height=14,
        ),
        bars,
        course("people", "People over time", "People who posted about each listed topic in the window.", "short"),
        course("score", "Score over time", "How far each trend is above its own past, in sigma.", "short"),
    ]
    variables = [job(LISTS), scope(), window()]
    return dashboard("trends-live", "Trends live", "What trends now, for a big screen.", variables, panels, "now-6h")


def one_event() -> Json:
    """For an organiser: an event's topics, and other events at the same time."""
    of_events = '{job=~"$job", scope=~"event:.+", window="$window"}'
    at_once = f"max by (scope) (upswell_list_trending_topics{of_events})"
    people = f"max by (scope) (upswell_trend_people{of_events})"
    panels = [
        number(
            "Trending topics", "Topics of the event that trend.", "short", of_list("upswell_list_trending_topics"), 6
        ),
        number(
            "People in the largest topic",
            "People who posted about the event's largest topic in the window.",
            "short",
            f"max ({rows('people')})",
            6,
            0,
        ),
        number(
            "Posts in the largest topic",
            "Posts about the event's largest topic in the window, reposts included.",
            "short",
            f"max ({rows('posts')})",
            6,
            0,
        ),
        number(
            "Age of the list",
            "Time since the end of the event's current list.",
            "s",
            AGE,
            6,
            0,
            *STALE,
        ),
        ranking(
            "Topics of the event",
            "The event's current list: place, topic, score (sigma above its own past), people, "
            "posts, and the support that its past lets one expect.",
            height=12,
        ),
        course("people", "People over time", "People who posted about each of the event's topics.", "short", width=10),
        course("posts", "Posts over time", "Posts about each of the event's topics, reposts included.", "short"),
        course("score", "Score over time", "How far each trend of the event is above its own past, in sigma.", "short"),
        Panel(
            "timeseries",
            "Events side by side: people",
            "People in the largest topic of each event.",
            "short",
            (Query(people, "{{scope}}"),),
        ),
        Panel(
            "timeseries",
            "Events side by side: trending topics",
            "How many topics trend in each event.",
            "short",
            (Query(at_once, "{{scope}}"),),
        ),
    ]
    variables = [job(LISTS), scope(label="Event", regex="/^event:.+/"), window()]
    return dashboard(
        "one-event", "One event", "An event's topics, and the others at once.", variables, panels, "now-12h"
    )


def pipeline_health() -> Json:
    """For those who run it: what is read, refused, behind, slow, and delivered."""
    lag = 'max by (partition) (upswell_watermark_lag_seconds{job=~"$job"})'
    by_receiver = 'sum by (receiver) (increase(upswell_alerts_{}_total{{job=~"$job"}}[1h]))'
    by_partition = 'sum by (partition) (upswell_{}{{job=~"$job"}})'
    sent = 'sum by (name) (rate(upswell_source_records_total{job=~"$job", outcome="sent"}[$__rate_interval]))'
    faults = 'sum by (name, kind) (increase(upswell_source_faults_total{job=~"$job"}[1h]))'
    totals = (
        Query(rate("posts_read_total"), "read"),
        Query(rate("posts_counted_total"), "counted"),
        Query(rate("posts_duplicate_total"), "duplicate"),
        Query(rate("posts_late_total"), "late"),
        Query(rate("posts_dead_total"), "dead"),
    )
    panels = [
        number(
            "Processes up", "Processes of the pipeline that answer Prometheus.", "short", 'sum (up{job=~"$job"})', 4
        ),
        number("Posts a second", "Posts read by all workers.", "cps", rate("posts_read_total"), 5, 1),
        number(
            "Behind",
            "Event time between the clock and the slowest partition's closed panes.",
            "s",
            f"max ({lag})",
            5,
            0,
            *STALE,
        ),
        number(
            "Dead letters an hour",
            "Records of the last hour that were no posts.",
            "short",
            'sum (increase(upswell_posts_dead_total{job=~"$job"}[1h])) or vector(0)',
            5,
            0,
            (1, "orange"),
        ),
        number(
            "Rebalances an hour",
            "How often partitions were shared out anew in the last hour, summed over workers.",
            "short",
            'sum (increase(upswell_rebalances_total{job=~"$job"}[1h]))',
            5,
            0,
            (10, "orange"),
        ),
        Panel("timeseries", "What becomes of posts", "Posts a second by what became of them.", "cps", totals),
        Panel(
            "timeseries",
            "Watermark lag",
            "Event time between the clock and each partition's closed panes.",
            "s",
            (Query(lag, "partition {{partition}}"),),
        ),
        Panel(
            "timeseries",
            "Late posts by source",
            "Posts a second that came after their pane had closed; empty while none did.",
            "cps",
            (Query(rate("posts_late_total", "source"), "{{source}}"),),
            stacked=True,
        ),
        Panel(
            "timeseries",
            "Dead letters by reason",
            "Records a second that are no posts; empty while all are.",
            "cps",
            (Query(rate("posts_dead_total", "reason"), "{{reason}}"),),
            stacked=True,
        ),
        Panel(
            "timeseries",
            "Flush time",
            "Time to publish what closed, acknowledgements of the broker included.",
            "s",
            (Query(quantile(0.5, "flush"), "half"), Query(quantile(0.99, "flush"), "99 %")),
        ),
        Panel(
            "timeseries",
            "Rank time",
            "Time to rank what became final and to make its lists.",
            "s",
            (Query(quantile(0.5, "rank"), "half"), Query(quantile(0.99, "rank"), "99 %")),
        ),
        Panel(
            "timeseries",
            "Open panes",
            "Panes that still take posts, by partition.",
            "short",
            (Query(by_partition.format("panes_open"), "partition {{partition}}"),),
        ),
        Panel(
            "timeseries",
            "Rewind distance",
            "Records that a restart would read again, by partition.",
            "short",
            (Query(by_partition.format("rewind_distance_records"), "partition {{partition}}"),),
        ),
        Panel(
            "timeseries",
            "Lists",
            "Lists of trends issued each second.",
            "cps",
            (Query(rate("lists_issued_total"), "lists"),),
        ),
        Panel(
            "timeseries",
            "Rebalances",
            "How often partitions were shared out anew, each second, by process.",
            "cps",
            (Query(rate("rebalances_total", "instance"), "{{instance}}"),),
        ),
        Panel(
            "timeseries",
            "Messages about alerts",
            "What became of messages about alerts within an hour, by receiver; empty where `upswell alerts follow` "
            "does not run.",
            "short",
            (
                Query(by_receiver.format("delivered"), "{{receiver}}: delivered"),
                Query(by_receiver.format("attempts_failed"), "{{receiver}}: attempts in vain"),
                Query(by_receiver.format("given_up"), "{{receiver}}: given up"),
                Query(by_receiver.format("suppressed"), "{{receiver}}: suppressed"),
            ),
            decimals=0,
        ),
        Panel(
            "timeseries",
            "Messages that wait",
            "Messages about alerts that a receiver has not got yet; empty where `upswell alerts follow` does not run.",
            "short",
            (Query('sum by (receiver) (upswell_alerts_waiting{job=~"$job"})', "{{receiver}}"),),
            decimals=0,
        ),
        Panel(
            "timeseries",
            "Posts of sources",
            "Posts a second that each source received and sent on; empty where `upswell sources` does not run.",
            "cps",
            (Query(sent, "{{name}}"),),
            stacked=True,
        ),
        Panel(
            "timeseries",
            "Faults of sources",
            "Connections of the last hour that ended or could not be opened, by source and kind; empty while all hold.",
            "short",
            (Query(faults, "{{name}}: {{kind}}"),),
            decimals=0,
        ),
        Panel(
            "timeseries",
            "Waiting for moderators",
            "Posts that wait for approval, by event.",
            "short",
            (Query('max by (event) (upswell_wall_posts{queue="waiting"})', "{{event}}"),),
            decimals=0,
        ),
        Panel(
            "timeseries",
            "Held back by moderation",
            "Posts that are blocked or stashed, by event.",
            "short",
            (Query('max by (event, queue) (upswell_wall_posts{queue=~"blocked|stashed"})', "{{event}}: {{queue}}"),),
            decimals=0,
        ),
    ]
    return dashboard("pipeline-health", "Pipeline health", "How upswell fares.", [job(OF_PIPELINE)], panels, "now-3h")


def generated() -> dict[str, str]:
    """File names and texts of all dashboards."""
    boards = {"trends-live": trends_live(), "one-event": one_event(), "pipeline-health": pipeline_health()}
    return {f"{name}.json": json.dumps(board, indent=1, ensure_ascii=False) + "\n" for name, board in boards.items()}


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DASHBOARDS
    for name, text in generated().items():
        (folder / name).write_text(text, encoding="utf-8")
