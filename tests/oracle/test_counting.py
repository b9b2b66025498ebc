"""What the oracle counts: small examples, worked out by hand."""

from __future__ import annotations

import pytest

from . import people
from .counting import HOUR_MS, counts, end_marker
from .examples import NOON, crowd, mention, say
from .people import HASHES, estimated_number, kept, mentions_of, sample
from .posts import Mark, Said, as_post, partition_of, scopes_of

TENTH = HASHES // 10


def test_late_is_below_the_frontier_as_it_was_and_twice_is_twice_in_one_pane() -> None:
    #  pane      0         10        20        30       seconds after noon; lateness 5 s
    #  posts     a1        a12       b24   a26
    #  in order: a1  b24 (frontier 10)  a12 (counted)  a26 (frontier 20)  a13 (late)  b24 again  a24 (another pane of b)
    def post(name: str, second: int, author: str = "x") -> Said:
        return Said(name, author, "", NOON + second * 1_000, "sms", spellings=(("#T", "#t"), ("#t", "#t")))

    log = [post("a", 1), post("b", 24), post("a", 12), post("a", 26), post("c", 13), post("b", 24), post("c", 27)]
    panes, late, by_source, duplicates = counts(log, 1, 10_000, 5_000)
    assert panes == {(NOON, "#t"): (1, 1), (NOON + 10_000, "#t"): (1, 1), (NOON + 20_000, "#t"): (3, 1)}
    assert (late, by_source, duplicates) == (1, {"sms": 1}, 1)


def test_a_post_is_late_in_its_own_partition_only() -> None:
    here, there = "x", next(name for name in "abcdef" if partition_of(name, 2) != partition_of("x", 2))
    log = [say(here, 5, "#a"), say(there, 1, "#a")]
    assert counts(log, 2, 10_000, 5_000)[1] == 0
    assert counts(log, 1, 10_000, 5_000)[1] == 1


def test_a_marker_moves_the_clock_and_holds_nothing() -> None:
    log = [Mark(0, NOON + 26_000), say("x", 0, "#a"), say("y", 0.4, "#a")]
    assert counts(log, 1, 10_000, 5_000)[:2] == ({(NOON + 20_000, "#a"): (1, 1)}, 1)


@pytest.mark.parametrize(
    ("newest", "pane_ms", "max_out_of_orderness_ms", "marker"),
    [
        (NOON + 1, 10_000, 5_000, NOON + HOUR_MS + 10_000),
        (NOON - 1, 10_000, 20_000, NOON + 20_000),
        (NOON, 10_000, 0, NOON + HOUR_MS),  # a post at the full hour becomes final too
    ],
)
def test_the_last_marker_closes_all_panes_up_to_a_full_hour(
    newest: int, pane_ms: int, max_out_of_orderness_ms: int, marker: int
) -> None:
    assert end_marker(newest, pane_ms, max_out_of_orderness_ms) == marker


# -- people ------------------------------------------------------------------------------------------------------------


def test_a_text_counts_twice_at_most_however_many_repeat_it() -> None:
    #  own words:  a  b          one text: c d e f          a repost of the same: g h
    posts = [*crowd(2, 0, "#a"), *(say(x, 0, "#a", text="Buy NOW!! https://x.example") for x in "cdef")]
    posts += [say(x, 0, "#a", repost_of="o1") for x in "gh"]
    found = sample(m for said in posts for m in mentions_of(said))
    assert (found.people, found.support) == (8, 2 + 2 + 2)


def test_own_words_stand_before_reposts_and_a_busy_person_for_one_text() -> None:
    busy = [say("x", i, "#a", repost_of=f"o{i}") for i in range(9)]
    own = say("x", 9, "#a")
    found = sample(m for said in [*busy, own] for m in mentions_of(said))
    assert list(found.texts.values()) == [mentions_of(own)[0].text]
    assert found.support == 1


def test_beyond_k_people_are_estimated_from_the_smallest_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    #  author hashes, in tenths of all:   1     2     5     6     9
    #  texts:                             7     7     8     9     9       K = 3: those below 6/10 count
    monkeypatch.setattr(people, "K", 3)
    those = [mention(TENTH * a, t) for a, t in ((9, 9), (6, 9), (5, 8), (2, 7), (1, 7))]
    found = sample(those)
    assert found.theta == pytest.approx(0.6)
    assert found.people == pytest.approx(3 / 0.6)
    assert found.support == pytest.approx(1 / 0.6 + 2)
    assert estimated_number(m.author for m in those) == pytest.approx(3 / 0.6)
    assert kept(those) == sorted(m.author for m in those)[:4]


def test_a_post_belongs_to_the_scopes_of_its_source_language_and_events() -> None:
    said = Said("1", "x", "", 0, "https://mastodon.example/@x", "fr-CA", events=("fair",))
    assert scopes_of(said) == {"all", "source:mastodon", "lang:fr", "event:fair"}
    assert scopes_of(Said("1", "x", "", 0, None, "und")) == {"all"}


def test_a_message_says_what_the_tuple_says() -> None:
    said = say("x", 0, "#a", "#b", text="well", lang="fr", events=("fair",))
    assert as_post(said) == {
        "id": said.id,
        "author": "x",
        "text": "well #a #b",
        "time": NOON,
        "lang": "fr",
        "events": ["fair"],
    }
