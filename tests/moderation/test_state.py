"""The state is what the log adds up to: replayed, compacted or undone, and what it then lets be shown."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.moderation.log import MemoryLog, SqliteLog
from pipeline.moderation.state import ConflictError, Moderation
from schemas import Post, Trend, TrendList
from schemas.moderation import EVERYWHERE, VERDICTS, Decision
from tests.facts import WHY

TARGETS = {
    "post": ["m/1", "m/2"],
    "account": ["m/ann"],
    "trust": ["m/ann"],
    "word": ["merde"],
    "topic": ["#spam"],
    "suspicion": ["#spam"],
    "pin": ["m/1"],
}
TARGETS |= {"freeze": [""], "mode": [""]}
wishes = st.lists(
    st.sampled_from(sorted(VERDICTS)).flatmap(
        lambda kind: st.tuples(
            st.sampled_from([""] if kind == "suspicion" else ["", "a", "b"]),
            st.just(kind),
            st.sampled_from(TARGETS[kind]),
            st.sampled_from(VERDICTS[kind]),
        )
    ),
    max_size=25,
)


def made(wanted: list[tuple[str, str, str, str]]) -> list[Decision]:
    state, log = Moderation(), []
    for number, (event, kind, target, verdict) in enumerate(wanted):
        log.append(
            state.decide(id=str(number), event=event, kind=kind, target=target, verdict=verdict, by="ann", at=number)
        )
        state.apply(log[-1])
    return log


def in_force(state: Moderation) -> dict[str, str]:
    return {key: held.verdict for key, held in state.held().items() if held.verdict}


def trend(topic: str, rank: int = 1, examples: tuple[str, ...] = ()) -> Trend:
    return Trend(
        rank,
        topic,
        True,
        topic,
        [],
        9,
        9,
        9.0,
        1.0,
        1.0,
        8.0,
        9.0,
        900,
        "new",
        0,
        None,
        [],
        [],
        list(examples),
        [],
        WHY,
    )


def trends(*rows: Trend, scope: str = "all") -> TrendList:
    return TrendList(scope, "1h", 3_600, 0, True, "", list(rows))


@given(wishes)
def test_a_replay_and_a_compacted_log_give_the_state_there_was(wanted: list[tuple[str, str, str, str]]) -> None:
    log = made(wanted)
    compacted = list({decision.key: decision for decision in log}.values())
    assert Moderation(log).held() == Moderation(compacted).held()
    doubled = [decision for decision in log for _ in range(2)]
    assert Moderation(doubled).held() == Moderation(log).held()


@given(wishes.filter(bool))
def test_an_undo_gives_back_what_was_in_force_before(wanted: list[tuple[str, str, str, str]]) -> None:
    log = made(wanted)
    before, state = Moderation(log[:-1]), Moderation(log)
    state.apply(state.undo(log[-1], id="undo", by="bob", at=99))
    assert in_force(state) == in_force(before)


def test_what_somebody_decided_since_is_not_undone() -> None:
    first, second = made([("a", "post", "m/1", "blocked"), ("a", "post", "m/1", "approved")])
    with pytest.raises(ConflictError, match="since"):
        Moderation([first, second]).undo(first, id="x", by="bob", at=9)


@pytest.mark.parametrize(
    ("kind", "target"), [("post", "x"), ("word", "..."), ("topic", "#"), ("account", "ann"), ("pin", "")]
)
def test_a_decision_about_nothing_is_refused(kind: str, target: str) -> None:
    with pytest.raises(ConflictError):
        Moderation().decide(id="1", event="a", kind=kind, target=target, verdict=VERDICTS[kind][0], by="ann", at=0)


def test_a_block_of_an_event_holds_there_and_one_of_everywhere_in_all() -> None:
    post = Post(id="1", author="Ann", text="quelle merde", time=0, source="m")
    assert Moderation().visible_post(post, "a")
    for event, shown_in in (("a", ["b", EVERYWHERE]), (EVERYWHERE, [])):
        for kind, target in (("post", "m/1"), ("account", "m/@ANN"), ("word", "Merde")):
            state = Moderation(made([(event, kind, target, "blocked")]))
            assert [scope for scope in ("a", "b", EVERYWHERE) if state.visible_post(post, scope)] == shown_in


def test_what_a_trusted_account_writes_itself_waits_for_nobody_unless_something_of_it_is_blocked() -> None:
    def queue(*wanted: tuple[str, str, str, str], event: str = "a", **fields: str) -> str:
        one = Post(**({"id": "1", "author": "Ann", "text": "quelle merde #spam", "source": "m"} | fields), time=0)  # type: ignore[arg-type]
        return Moderation(made(list(wanted))).queue(event, one, "manual")

    trust = ("a", "trust", "m/@ANN", "trusted")
    assert (queue(), queue(trust), queue(("", "trust", "m/ann", "trusted"))) == ("waiting", "shown", "shown")
    # no other event, source or author, and nothing that is passed on
    assert queue(trust, event="b") == "waiting"
    for other in (
        {"source": "bluesky"},
        {"author": "ann2"},
        {"author": "eve", "author_name": "Ann"},
        {"repost_of": "9"},
    ):
        assert queue(trust, **other) == "waiting"
    for block in (("word", "merde"), ("account", "m/ann"), ("topic", "#spam"), ("post", "m/1")):
        assert queue(trust, ("a", *block, "blocked")) == "blocked"
    assert queue(trust, ("a", "post", "m/1", "stashed")) == "stashed"
    assert queue(trust, ("a", "post", "m/1", "waiting")) == "waiting"
    assert queue(trust, ("a", "trust", "m/ann", "")) == "waiting"


def test_a_topic_that_never_trends_is_in_no_list_and_the_others_close_up() -> None:
    state = Moderation(made([(EVERYWHERE, "topic", "#Spam", "blocked")]))
    for scope in ("all", "lang:fr", "event:a"):
        shown = state.visible(trends(trend("#spam"), trend("#b", 2), trend("#c", 3), scope=scope))
        assert [(row.rank, row.topic) for row in shown.trends] == [(1, "#b"), (2, "#c")]


def test_blocked_words_posts_and_accounts_leave_the_lists() -> None:
    wanted = [("a", "word", "merde", "blocked"), ("a", "post", "m/7", "deleted"), ("a", "account", "m/ann", "blocked")]
    state = Moderation(made(wanted))
    by_ann = Post(id="8", author="ann", text="hello", time=0, source="m")
    rows = trends(trend("#mеrde"), trend("#ok", 2, ("7", "8", "9")), scope="event:a")
    shown = state.visible(rows, lambda post_id: [by_ann] if post_id == "8" else [])
    assert [(row.topic, row.examples) for row in shown.trends] == [("#ok", ["9"])]
    elsewhere = msgspec.structs.replace(rows, scope="all")
    assert state.visible(elsewhere) is elsewhere


def test_what_is_blocked_is_not_told_beside_another_topic_either() -> None:
    state = Moderation(made([(EVERYWHERE, "topic", "#Spam", "blocked"), (EVERYWHERE, "word", "merde", "blocked")]))
    row = trend("#a")
    row.joined, row.also = ["#spam", "quelle merde", "bal populaire"], ["#SPAM", "Quelle merde", "Bal Populaire"]
    (shown,) = state.visible(trends(row)).trends
    assert (shown.joined, shown.also) == (["bal populaire"], ["Bal Populaire"])


def test_a_log_on_disk_keeps_every_decision_in_order_and_each_once(tmp_path: Path) -> None:
    log = made([("a", "post", "m/1", "blocked"), ("", "word", "x", "blocked"), ("a", "post", "m/1", "approved")])
    kept = SqliteLog(tmp_path / "decisions.db")
    for decision in [*log, *log]:
        kept.append(decision)
    kept.close()
    again, other = SqliteLog(tmp_path / "decisions.db"), SqliteLog(tmp_path / "decisions.db")
    assert list(again.fresh()) == log
    other.append(
        late := made([("b", "freeze", "", "frozen")])[0].__class__("late", "b", "freeze", "", "frozen", "bob", 5)
    )
    assert list(again.fresh()) == [late]
    for each in (again, other):
        each.close()
    memory = MemoryLog()
    for decision in [*log, *log]:
        memory.append(decision)
    assert list(memory.fresh()) == log
    assert list(memory.fresh()) == []
