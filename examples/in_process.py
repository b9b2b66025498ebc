"""What trended in archives, without Kafka: python examples/in_process.py posts.ndjson"""

import sys
from collections.abc import Sequence

from upswell import Local, TrendList, read_archives


def trending(files: Sequence[str]) -> dict[str, float]:
    """The most support of each topic that was ever listed in the last hour's list of everything."""
    best: dict[str, float] = {}

    def note(trends: TrendList) -> None:
        for row in trends.trends:
            best[row.display] = max(row.support, best.get(row.display, 0.0))

    local = Local(on_list=note, keeps=lambda scope, window: (scope, window) == ("all", "1h"))
    for batch in read_archives(files):
        local.feed(batch.posts)
    local.finish()
    return best


if __name__ == "__main__":
    for topic, support in sorted(trending(sys.argv[1:]).items(), key=lambda one: -one[1]):
        print(f"{topic:30} {support:6.1f}")
