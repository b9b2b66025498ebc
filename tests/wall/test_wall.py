"""Walls: queues, reposts, approvals, withdrawals, and what a restart brings back."""

from __future__ import annotations

import logging
from pathlib import Path

import msgspec
import pytest

from pipeline.moderation.log import MemoryLog, SqliteLog
from pipeline.moderation.state import ConflictError
from pipeline.sources.senders import Senders
from pipeline.web.feed import Feed
from pipeline.web.wall.entries import Wanted
from pipeline.web.wall.recent import RecentPosts
from pipeline.web.wall.store import PostStore
from pipeline.web.wall.walls import Walls
from pipeline.web.wall_service import WallService
from schemas import Post
from schemas.events import Event
from schemas.moderation import EVERYWHERE, Decision
from tests.wall.posts import A, B, Clock, post, refs, run

BLOCKS = [("post", "m/1"), ("account", "m/p1"), ("word", "message")]


def test_a_manual_wall_shows_what_was_approved_and_an_automatic_one_what_is_not_blocked(clock: Clock) -> None:
    walls = Walls([A, B], clock=clock)
    walls.take([post(1, "x #a #b")])
    assert (refs(walls, "a"), refs(walls, "b"), refs(walls, "b", "waiting")) == (["m/1"], [], ["m/1"])
    walls.decide("b", "post", "m/1", "approved", "ann")
    walls.decide("a", "post", "m/1", "stashed", "ann")
    assert (refs(walls, "a"), refs(walls, "a", "stashed"), refs(walls, "b")) == ([], ["m/1"], ["m/1"])


def test_two_events_of_10_000_posts_stay_apart_and_shared_posts_are_in_both(clock: Clock) -> None:
    walls = Walls([A, Event(name="b", hashtags=("#b",))], clock=clock)
    both = set(range(0, 20_000, 50))
    posts = [post(it, f"m{it} " + ("#a #b" if it in both else "#a" if it % 2 else "#b")) for it in range(20_000)]
    walls.take(posts)
    for name, odd in (("a", 1), ("b", 0)):
        expected = {f"m/{it}" for it in range(20_000) if it in both or it % 2 == odd}
        assert {it.ref for it in walls.walls[name].page("shown", 30_000)} == expected
        assert walls.walls[name].tally.posts == len(expected)
    assert len(walls.walls["a"].tally.people & walls.walls["b"].tally.people) == len(both)


def test_reposts_are_one_place_on_the_wall_and_the_original_takes_it(clock: Clock) -> None:
    walls = Walls([A], clock=clock)
    walls.take([post(2, "RT hello #a", repost_of="1"), post(1, "hello #a"), post(3, "RT hello #a", repost_of="1")])
    walls.take([post(3, "RT hello #a", repost_of="1")])
    (shown,) = walls.walls["a"].page("shown")
    assert (shown.ref, shown.text, shown.copies, walls.walls["a"].tally.posts) == ("m/1", "hello #a", 2, 3)
    walls.decide("a", "post", "m/1", "deleted", "ann")
    assert refs(walls, "a") == []
    walls.take([post(4, "RT hello #a", repost_of="1")])
    assert refs(walls, "a") == []


def test_what_was_approved_is_not_exchanged_for_another_text(clock: Clock) -> None:
    walls = Walls([Event(name="a", hashtags=("#a",), moderation="manual")], clock=clock)
    walls.take([post(2, "nice #a", repost_of="1")])
    walls.decide("a", "post", "m/1", "approved", "ann")
    walls.take([post(1, "nasty #a")])
    assert [it.text for it in walls.walls["a"].page("shown")] == ["nice #a"]


@pytest.mark.parametrize(
    "claim",
    [
        {"text": "NEVER APPROVED #b"},
        {"author": "eve"},
        {"author_name": "NEVER APPROVED"},
        {"url": "https://never.approved.example/"},
        {"id": "2", "repost_of": "1", "text": "NEVER APPROVED #b"},
    ],
)
@pytest.mark.parametrize("again", [True, False])
def test_an_approval_holds_for_what_was_approved_and_not_for_whoever_claims_its_id(
    clock: Clock, claim: dict[str, object], again: bool
) -> None:
    log = MemoryLog()
    service = WallService(Feed(), [B], log=log)
    walls, good, evil = service.walls, post(1, "good #b"), post(1, **({"text": "good #b"} | claim))  # type: ignore[arg-type]
    walls.take([good])
    walls.decide("b", "post", "m/1", "approved", "ann")
    walls.decide("b", "pin", "m/1", "pinned", "ann")
    assert refs(walls, "b") == [it.ref for it in walls.walls["b"].pinned()] == ["m/1"]
    assert walls.shows(good, "all")
    assert not walls.shows(evil, "all")
    if again:  # the approved post is older than what is read back
        later = MemoryLog()
        for decision in walls.moderation.held().values():
            later.append(decision)
        walls = Walls([B], later, clock=clock)
        walls.take([evil])
        assert (refs(walls, "b"), refs(walls, "b", "waiting")) == ([], ["m/1"])
        assert walls.walls["b"].pinned() == []
    else:
        walls.take([evil])
        assert [(it.author, it.text) for it in walls.walls["b"].page("shown")] == [("p1", "good #b")]


def test_moderators_see_the_word_and_the_piece_for_which_a_post_was_held_and_others_do_not(clock: Clock) -> None:
    walls = Walls([A], clock=clock)
    walls.take([post(1, "ah m.e.r.d.e #a"), post(2, "bien #a")])
    walls.decide("a", "word", "Merde", "blocked", "ann")
    (held,) = walls.walls["a"].found("blocked", Wanted()).posts
    assert (held.ref, held.why, held.word, held.piece) == ("m/1", "word", "merde", "m.e.r.d.e")
    (held,) = walls.walls["a"].page("blocked")
    assert (held.why, held.word, held.piece, held.content) == ("", "", "", "")
    walls.decide("a", "word", "merde", "", "ann")
    assert sorted(refs(walls, "a")) == ["m/1", "m/2"]


def test_what_changed_after_a_moderator_looked_is_not_approved_by_the_click(clock: Clock) -> None:
    walls = Walls([B], clock=clock)
    walls.take([post(2, "nice #b", repost_of="1")])
    (seen,) = walls.walls["b"].found("waiting", Wanted()).posts
    walls.take([post(1, "nasty #b")])
    with pytest.raises(ConflictError, match="look at it again"):
        walls.decide("b", "post", "m/1", "approved", "ann", seen.content)
    (seen,) = walls.walls["b"].found("waiting", Wanted()).posts
    walls.decide("b", "post", "m/1", "approved", "ann", seen.content)
    assert refs(walls, "b") == ["m/1"]
    with pytest.raises(ConflictError, match="has come"):
        walls.decide("b", "post", "m/9", "approved", "ann")


def test_a_block_of_an_approved_post_that_is_undone_gives_back_the_approval(clock: Clock) -> None:
    walls = Walls([B], clock=clock)
    walls.take([post(1, "good #b")])
    walls.decide("b", "post", "m/1", "approved", "ann")
    blocked = walls.decide("b", "post", "m/1", "blocked", "ann")
    assert refs(walls, "b") == []
    walls.undo(blocked.id, "bob")
    assert refs(walls, "b") == ["m/1"]


def test_an_approval_of_a_version_that_did_not_keep_what_was_approved_waits_for_another_look(clock: Clock) -> None:
    log = MemoryLog()
    log.append(Decision("1", "b", "post", "m/1", "approved", "ann", 1))
    walls = Walls([B], log, clock=clock)
    walls.take([post(1, "good #b")])
    assert (refs(walls, "b"), refs(walls, "b", "waiting")) == ([], ["m/1"])
    undone = walls.decide("b", "post", "m/1", "approved", "ann")
    assert refs(walls, "b") == ["m/1"]
    walls.undo(undone.id, "ann")
    assert refs(walls, "b") == []


@pytest.mark.parametrize(
    ("kind", "target", "event"),
    [
        *((kind, target, event) for kind, target in BLOCKS for event in ("a", EVERYWHERE)),
        ("topic", "#a", "a"),  # everywhere, a blocked topic is never a trend, and its posts remain
    ],
)
def test_a_block_leaves_wall_screen_pins_and_repeats_at_once(clock: Clock, kind: str, target: str, event: str) -> None:
    walls = Walls([A], clock=clock)
    walls.take([post(1), post(2, "RT #a", repost_of="1")])
    walls.decide("a", "pin", "m/1", "pinned", "ann")
    run(walls, clock, 1_000)
    wall = walls.walls["a"]
    assert wall.on_screen() == []  # it is among the pinned
    assert [it.ref for it in wall.pinned()] == refs(walls, "a") == [it.ref for it in wall.repeated()] == ["m/1"]
    made = walls.decide(event, kind, target, "blocked", "ann")  # type: ignore[arg-type]
    assert wall.screen.items == wall.pinned() == wall.repeated() == wall.page("shown") == []
    walls.undo(made.id, "bob")
    assert [it.ref for it in wall.pinned()] == ["m/1"]


def test_a_restart_brings_back_posts_and_decisions(clock: Clock, tmp_path: Path) -> None:
    file = tmp_path / "walls.db"
    walls = Walls([A], SqliteLog(file), PostStore(file), clock=clock)
    walls.take([post(1), post(2), post(3)])
    walls.decide("a", "post", "m/2", "blocked", "ann")
    walls.decide("a", "pin", "m/3", "pinned", "ann")
    walls.tick()
    walls.close()
    again = Walls([A], SqliteLog(file), PostStore(file), clock=clock)
    assert (refs(again, "a"), refs(again, "a", "blocked")) == (["m/3", "m/1"], ["m/2"])
    assert [it.ref for it in again.walls["a"].pinned()] == ["m/3"]
    assert [it.ref for it in again.walls["a"].on_screen()] == ["m/1"]
    assert again.take([post(1)]) == 0
    again.close()


def test_a_decision_of_another_process_is_obeyed_at_the_next_tick(clock: Clock, tmp_path: Path) -> None:
    one, other = (Walls([A], SqliteLog(tmp_path / "walls.db"), clock=clock) for _ in range(2))
    for walls in (one, other):
        walls.take([post(1)])
    heard: list[int] = []
    other.on_decision(lambda: heard.append(1))
    one.decide("a", "post", "m/1", "blocked", "ann")
    other.tick()
    assert (refs(other, "a"), heard) == ([], [1])
    for walls in (one, other):
        walls.close()


def test_the_audit_says_who_what_and_when(clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    walls = Walls([A], clock=clock)
    with caplog.at_level(logging.INFO, "upswell.audit"):
        walls.decide("a", "word", "merde\x1b[31m", "blocked", "ann")
    assert [record.getMessage() for record in caplog.records] == ["ann blocked word merde 31m in a at 1000000"]


@pytest.mark.parametrize(
    ("source", "author", "seen"),
    [
        ("sms", "+33 6 12 34 56 78", "•••78"),
        ("SMS", "0612345678", "•••78"),
        ("mail", "ann@mail.example", "a•••"),
        ("rss", "+33612345678", "•••78"),
        ("mastodon", "ann@toot.example", "ann@toot.example"),
        ("sms", "Ann", "Ann"),
        ("web", Senders(b"k" * 32).person("a cookie"), ""),
        ("sms", Senders(b"k" * 32).phone("+33612345678")[0], ""),
        ("mail", Senders(b"k" * 32).mail("ann@mail.example")[0], ""),
    ],
)
def test_no_number_and_no_address_of_who_wrote_by_sms_or_mail_is_shown_but_to_moderators(
    clock: Clock, source: str, author: str, seen: str
) -> None:
    walls = Walls([A], clock=clock)
    walls.take([post(1, source=source, author=author)])
    run(walls, clock, 1_000)
    wall = walls.walls["a"]
    for shown in (*wall.page("shown"), *wall.on_screen()):
        assert (shown.author, shown.name) == (seen, seen)
    assert [it.author for it in wall.found("shown", Wanted()).posts] == [author]
    recent = RecentPosts()
    recent.take([post(1, source=source, author=author)])
    assert [(it.author, it.name) for it in recent.shown(["1"], lambda _: True)] == [(seen, seen)]


def retraction(of: Post, **fields: object) -> Post:
    return msgspec.structs.replace(of, deleted=2_000, **fields)


def test_a_withdrawn_post_leaves_walls_examples_and_lists_and_does_not_come_back_with_a_restart(
    clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "walls.db"
    walls, recent, asked = Walls([A], store=PostStore(file), clock=clock), RecentPosts(), []
    walls.on_decision(lambda: asked.append(clock.ms))
    posts = [post(1), post(2), post(3, author="p2"), post(4)]
    walls.take(posts)
    recent.take(posts)
    run(walls, clock, 200)
    gone = [retraction(posts[0], text="", tags=None), retraction(post(9, author="p2"), id="", text="")]
    walls.take(gone)
    recent.take(gone)
    assert refs(walls, "a") == ["m/4"]
    assert not walls.may_show_example("1", "all")
    assert [it.id for it in recent.posts()] == ["4"]
    run(walls, clock, 200)
    assert asked, "lists are shown again without it"
    walls.close()
    again = Walls([A], store=PostStore(file), clock=clock)
    assert refs(again, "a") == ["m/4"]
    assert [it.ref for it in again.walls["a"].on_screen()] == ["m/4"]


def test_a_retraction_before_its_post_holds_and_one_by_somebody_else_does_not(clock: Clock) -> None:
    walls = Walls([A], clock=clock)
    walls.take([retraction(post(1)), post(1), post(2), retraction(post(2, author="mallory"))])
    assert refs(walls, "a") == ["m/2"]
    assert not walls.shows(post(1), "all")
    assert walls.shows(post(2), "all")
