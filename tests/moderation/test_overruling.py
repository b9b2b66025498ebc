"""A moderator's word about a suspect topic holds against the rule, both ways, and no list loses a row by it."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.moderation.overruling import Overruling, overruled
from pipeline.moderation.state import ConflictError, Moderation
from schemas import Trend, TrendList
from schemas.moderation import Decision
from schemas.trends import Signs
from tests.sinks.lists import trend, trend_list

SIGNS = Signs(people=40, sudden=0.9, newcomers=1.0, usual=0.1, again=0.0, suspect=True)


def row(topic: str, weight: float, *, trending: bool = True, suspect: bool = False) -> Trend:
    made = msgspec.structs.replace(trend(1, topic), weight=weight, trending=trending and not suspect)
    made.since, made.flags = (1 if trending else None), (["suspect"] if suspect else [])
    made.signs = SIGNS if suspect else None
    return made


def listed(*rows: Trend, at: int = 60_000) -> TrendList:
    told = [msgspec.structs.replace(one, rank=rank) for rank, one in enumerate(rows, 1)]
    return msgspec.structs.replace(trend_list(at=at), trends=told)


LIST = listed(
    row("#a", 90.0), row("#b", 40.0), row("#fill", 99.0, trending=False), row("#ring", 70.0, suspect=True),
    row("#quiet", 5.0, trending=False, suspect=True),
)  # fmt: skip


def said(*decisions: tuple[str, str]) -> Moderation:
    state = Moderation()
    for number, (topic, verdict) in enumerate(decisions):
        state.apply(
            state.decide(id=str(number), event="", kind="suspicion", target=topic, verdict=verdict, by="ann", at=number)
        )
    return state


def places(trends: TrendList) -> list[tuple[int, str, bool, bool]]:
    return [(one.rank, one.topic, one.trending, "suspect" in one.flags) for one in trends.trends]


def test_a_cleared_topic_stands_where_its_weight_puts_it() -> None:
    told = said(("Ring", "cleared")).visible(LIST)
    assert places(told) == [
        (1, "#a", True, False), (2, "#ring", True, False), (3, "#b", True, False), (4, "#fill", False, False),
        (5, "#quiet", False, True),
    ]  # fmt: skip
    signs = told.trends[1].signs
    assert signs == msgspec.structs.replace(SIGNS, suspect=False)
    without_life = said(("#quiet", "cleared")).visible(LIST)
    assert places(without_life)[3:] == [(4, "#quiet", False, False), (5, "#ring", False, True)]


def test_a_cleared_topic_is_not_undecided_either() -> None:
    unsure = msgspec.structs.replace(SIGNS, suspect=False, undecided=True)
    one = msgspec.structs.replace(row("#young", 50.0), signs=unsure)
    told = said(("#young", "cleared")).visible(listed(one))
    assert told.trends == [msgspec.structs.replace(one, signs=msgspec.structs.replace(unsure, undecided=False))]


def test_a_topic_that_is_called_suspect_stands_below_all_others() -> None:
    assert places(said(("#a", "suspect")).visible(LIST)) == [
        (1, "#b", True, False), (2, "#fill", False, False), (3, "#a", False, True), (4, "#ring", False, True),
        (5, "#quiet", False, True),
    ]  # fmt: skip


def test_taken_back_or_about_others_it_changes_nothing() -> None:
    for state in (
        said(("#a", "suspect"), ("#a", "")),
        said(("#a", "cleared"), ("#ring", "suspect"), ("#x", "suspect")),
    ):
        assert state.visible(LIST) is LIST


def test_it_is_said_of_a_topic_and_for_all_events() -> None:
    for event, target, verdict in (("fete", "#a", "suspect"), ("", "##", "suspect"), ("", "#a", "blocked")):
        with pytest.raises(ConflictError):
            Moderation().decide(id="1", event=event, kind="suspicion", target=target, verdict=verdict, by="ann", at=0)


topics = st.sampled_from(["#a", "#b", "#fill", "#ring", "#quiet"])


@given(st.dictionaries(topics, st.sampled_from(["cleared", "suspect", ""])))
def test_no_row_is_lost_and_none_that_is_suspect_outranks_another(verdicts: dict[str, str]) -> None:
    told = overruled(LIST, lambda topic: verdicts.get(topic, ""))
    assert sorted(one.topic for one in told.trends) == sorted(one.topic for one in LIST.trends)
    assert [one.rank for one in told.trends] == list(range(1, 6))
    order = [2 * ("suspect" in one.flags) + (not one.trending and "suspect" not in one.flags) for one in told.trends]
    assert order == sorted(order)
    for one in told.trends:
        found = one.topic in ("#ring", "#quiet")
        assert ("suspect" in one.flags) == {"cleared": False, "suspect": True, "": found}[verdicts.get(one.topic, "")]
    weights = [one.weight if one.trending else -math.inf for one in told.trends]
    assert weights == sorted(weights, reverse=True)


def test_a_list_obeys_what_was_said_before_its_end_read_now_or_later() -> None:
    overruling = Overruling()
    for number, (verdict, at) in enumerate((("cleared", 50_000), ("", 110_000), ("cleared", 170_000))):
        overruling.take(Decision(str(number), "", "suspicion", "#ring", verdict, "ann", at))
    overruling.take(Decision("9", "", "topic", "#a", "blocked", "ann", 0))
    found = []
    for at in (40_000, 60_000, 120_000, 180_000):
        one = overruling.obeyed(msgspec.structs.replace(LIST, at=at))
        found.append([topic for _, topic, _, suspect in places(one) if suspect])
    assert found == [["#ring", "#quiet"], ["#quiet"], ["#ring", "#quiet"], ["#quiet"]]
