"""What a closed pane says about its partition when several close at once."""

from __future__ import annotations

import itertools

from pipeline.trends.panes import Grid, PaneCounter
from schemas import Post


def test_a_pane_promises_no_pane_that_comes_after_it_in_the_same_close() -> None:
    """0     10     20     30        3600
          |  x   |  x   |      |   ...    marker: three panes close by it, published one after the other

    A reader that has only the first must not take the second for closed and empty.
    """
    counter = PaneCounter(Grid(10_000, 5_000), None)
    posts = [Post(id=str(n), author="a", text="#x", time=time) for n, time in enumerate((1_000, 12_000, 14_000))]
    closed = [*counter.add(posts), *counter.mark(3_600_000)]
    assert [pane.start for pane in closed] == [0, 10_000]
    for pane, following in itertools.pairwise(closed):
        assert pane.start < pane.frontier <= following.start
    assert closed[-1].frontier == counter.frontier
