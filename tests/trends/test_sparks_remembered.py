"""Support once read is remembered for sparks, and forgotten when no spark needs it."""

from __future__ import annotations

from pipeline.trends.panes import Grid
from pipeline.trends.ranker import Ranker
from pipeline.trends.reading import SPARK_POINTS, Reader
from pipeline.trends.scope import Scope
from pipeline.trends.score import MINUTE_MS, ONE_HOUR
from tests.oracle.compare import differences
from tests.oracle.posts import Said
from tests.oracle.ranking import lists
from tests.oracle.streams import MAX_OUT_OF_ORDERNESS_MS, PANE_MS, START_MS
from tests.trends.product import run


def reader() -> Reader:
    ranker = Ranker(Grid())
    return Reader(Scope("all", ranker.names), ONE_HOUR, ranker.timeline)


def test_support_read_exactly_a_spark_ago_is_forgotten_whole() -> None:
    """The last of many points lies just at the edge: nothing is left of it, and nothing breaks at the next call.

    known    |..............................x
    spark                                    |....................|now
    """
    history = reader()
    oldest = START_MS
    history._history[0, 1] = {oldest - age * MINUTE_MS: 1.0 for age in range(3 * SPARK_POINTS)}
    history._now = oldest + SPARK_POINTS * MINUTE_MS
    history.forget_history()
    assert history._history == {}
    history.forget_history()


def test_a_topic_that_rests_for_the_length_of_a_spark_is_listed_as_the_reference_says() -> None:
    """#rest is talked about for an hour, rests for exactly a spark and comes back, while #on goes on all the time."""
    log = []
    for minute in range(240):
        spoken = [("#on", author) for author in range(6)]
        if not 70 <= minute < 70 + SPARK_POINTS:
            spoken += [("#rest", author) for author in range(6)]
        for key, author in spoken:
            number = len(log)
            time = START_MS + minute * MINUTE_MS + number % 60 * 900
            log.append(Said(f"p{number}", f"a{author}", f"text {number}", time, spellings=((key, key),)))
    log.sort(key=lambda said: said.time)
    assert differences(run(log, 1)[0], lists(log, 1, PANE_MS, MAX_OUT_OF_ORDERNESS_MS)) == []
