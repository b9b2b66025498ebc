"""What the hour's list said of some topics on one day of an archive.

    python bench/topic_day.py 2014-04-23 '$aapl' --archives ARCHIVE...
"""

from __future__ import annotations

import argparse
import datetime as dt
from unittest import mock

import pipeline.trends.board as board
from pipeline.local import Local
from pipeline.sources.archives import read_archives
from pipeline.trends.score import ONE_HOUR
from schemas import Trend, TrendList

DAY_MS = 86_400_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("day", type=dt.date.fromisoformat)
    parser.add_argument("topics", nargs="+")
    parser.add_argument("--archives", nargs="+", required=True)
    told = parser.parse_args()
    begin_ms = int(dt.datetime.combine(told.day, dt.time(), dt.UTC).timestamp()) * 1_000
    rows: dict[str, list[tuple[int, Trend]]] = {topic: [] for topic in told.topics}

    def take(trends: TrendList) -> None:
        if begin_ms < trends.at <= begin_ms + DAY_MS:
            for row in trends.trends:
                if row.topic in rows:
                    rows[row.topic].append((trends.at, row))

    with mock.patch.multiple(board, SPECS=(ONE_HOUR,), scopes_of=lambda _cell: ["all"]):  # others would only take time
        local = Local(on_list=take)
        for batch in read_archives(told.archives):
            local.feed(batch.posts)
        local.finish()

    for topic, seen in rows.items():
        if not seen:
            print(f"{topic}: in no list")
            continue
        at, best = max(seen, key=lambda pair: pair[1].score)
        trending = [row for _, row in seen if row.trending]
        clock = dt.datetime.fromtimestamp(at / 1_000, dt.UTC)
        print(
            f"{topic}: highest S {best.score:.1f} at {clock:%H:%M} ({best.support:.0f} people in "
            f"{best.score_window_s // 60} min where {best.expected:.1f} +- {best.spread:.1f} were expected); "
            f"{len(trending)} lists as trending, best rank {min((row.rank for row in trending), default='none')}, "
            f"largest R {max((row.weight for row in trending), default=0.0):.0f}"
        )


if __name__ == "__main__":
    main()
