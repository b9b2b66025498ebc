"""`upswell alerts dry-run` on archives: companies' earnings fire, a ring of retweets does not."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from pipeline.local import Local, Options
from pipeline.settings import SettingsError, load_settings
from pipeline.sources.simulator.scenes import mixed_scenario
from pipeline.sources.simulator.simulation import simulate
from pipeline.trends.alerting import Alerting
from schemas import PostError, TrendList, decode_post
from schemas.alerts import Alert

COMPANIES = Path(__file__).parent / "companies.toml"


def dry_run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "pipeline.cli", "alerts", "dry-run", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.long
def test_earnings_fire_and_the_ring_of_may_2014_does_not(data_dir: Path) -> None:
    files = [data_dir / "tweets-v1" / f"2014-{month}.jsonl.gz" for month in ("04", "05")]
    done = dry_run(*files, "--config", COMPANIES, "--format", "json")
    assert done.returncode == 0, done.stderr
    alerts = [msgspec.json.decode(line, type=Alert) for line in done.stdout.splitlines()]
    fired = {
        (f"{dt.datetime.fromtimestamp(one.at / 1_000, dt.UTC):%Y-%m-%d}", one.topic)
        for one in alerts
        if one.status == "firing"
    }
    earnings = {("2014-04-16", "$goog"), ("2014-04-23", "$aapl"), ("2014-04-23", "$fb"), ("2014-04-24", "$amzn")}
    assert earnings <= fired
    assert not [topic for day, topic in fired if day == "2014-05-21"]
    assert len(fired) <= 10
    assert sum(one.status == "resolved" for one in alerts) == sum(one.status == "firing" for one in alerts)


def test_a_dry_run_tells_what_the_live_lists_raise(tmp_path: Path) -> None:
    archive, config = tmp_path / "posts.ndjson", tmp_path / "upswell.toml"
    scenario = mixed_scenario(duration_ms=20 * 60_000, rate=10.0, people=4_000)
    posts = []
    for line in simulate(scenario, 5):
        try:
            posts.append(decode_post(line))
        except PostError:
            continue
    begin, end = scenario.start_ms, scenario.start_ms + 20 * 60_000  # some are dated 1970, some 2099
    posts = sorted((post for post in posts if begin <= int(post.time) < end), key=lambda post: int(post.time))
    archive.write_bytes(b"".join(msgspec.json.encode(post) + b"\n" for post in posts))
    config.write_text(
        'max_out_of_orderness_ms = 60000\n[[rule]]\nname = "many"\nkind = "volume"\npeople = 20\nwindow = "5m"\n'
    )
    settings = load_settings(config)
    alerting, lists = Alerting(settings.rules), list[TrendList]()
    local = Local(Options(max_out_of_orderness_ms=60_000), on_list=lists.append)
    local.feed(posts)
    local.finish()
    expected = [alert for one in lists for alert in alerting.take(one)]
    assert len(expected) > 3
    done = dry_run(archive, "--config", config, "--format", "json")
    assert [msgspec.json.decode(line, type=Alert) for line in done.stdout.splitlines()] == expected
    text = dry_run(archive, "--config", config)
    assert len(text.stdout.splitlines()) == len(expected)
    assert " people in all posts (5 min): " in text.stdout
    assert "alerts fired" in text.stderr


def test_without_a_rule_it_says_what_to_write(tmp_path: Path) -> None:
    config = tmp_path / "upswell.toml"
    config.write_text("")
    done = dry_run(tmp_path, "--config", config)
    assert done.returncode == 2
    assert done.stderr == "upswell: there is no rule; describe one as [[rule]] in upswell.toml (docs/alerts.md)\n"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('[[rule]]\nname = "a"\nkind = "volume"', ":3: rule[0] (a).kind: volume needs either posts or people"),
        ('[[rule]]\nname = "a"\non = "event:x"', "rule (a).on: event:x: no such event (there is none)"),
        ('[[rule]]\nname = "a"\non = "watch:x"', "rule (a).on: watch:x: no such watchlist (there is none)"),
        ('[[rule]]\nname = "a"\non = "everything"', "rule (a).on: everything: no scope; use all, lang:fr"),
        ('[[rule]]\nname = "a"\nwindow = "2h"', ":3: rule[0] (a).window: invalid enum value '2h'"),
        (
            '[[rule]]\nname = "a"\nwindw = "1h"',
            ":3: rule[0] (a): 'windw' is not a setting of a rule; did you mean window?",
        ),
        ('[[rule]]\nname = "a"\nquiet = "25:00-08:00"', ":3: rule[0] (a).quiet: must be HH:MM-HH:MM"),
        ('[[rule]]\nname = "a"\ntopics = ["#"]', ":3: rule[0] (a).topics: # has no letters"),
        ('[[rule]]\nname = "a"\ntime_zone = "Mars"', ":3: rule[0] (a).time_zone: Mars is no time zone"),
        ('[[rule]]\nname = "a"\n[[rule]]\nname = "a"', ":4: rule[1] (a).name: there are two rules of this name"),
        ('[[watchlist]]\nname = "A"', ":2: watchlist[0] (A).name: must be lower-case letters"),
        ('[[watchlist]]\nname = "a"\nlangs = ["french"]', ":3: watchlist[0] (a).langs[0]: must be two or three"),
        ('[watchlist]\nname = "a"', "watchlist: each watchlist is a table of its own"),
    ],
)
def test_a_fault_is_told_with_its_line_and_key(tmp_path: Path, text: str, fault: str) -> None:
    config = tmp_path / "upswell.toml"
    config.write_text(text)
    with pytest.raises(SettingsError) as error:
        load_settings(config)
    assert fault in str(error.value)
