"""What is compiled of counting counts what the Python does: the same panes, the same news, the same numbers beside."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.text import EventMatcher
from pipeline.trends import names, open_pane, people
from pipeline.trends import panes as panes_module
from pipeline.trends._compiled import plain
from pipeline.trends.counts import Counts
from pipeline.trends.panes import Grid, PaneCounter
from pipeline.trends.people import hash64, hashes64
from pipeline.trends.wire import to_columns
from schemas import Post
from schemas.counts import encode_counts
from schemas.definitions import Words
from schemas.events import Event
from schemas.watchlists import Watchlist
from tests.text.test_scan import TEXTS, without

START = 1_700_000_000_000
SOURCES = [None, "twitter", "Mastodon", "https://bsky.app/x", "sms", "made-up"]
TAGS = st.lists(st.sampled_from(["#A", "a", "été", "", "tag", "＃b"]), max_size=3)
POSTS = st.builds(
    Post,
    id=st.sampled_from([f"p{n}" for n in range(40)]),
    author=st.sampled_from(["ann", "bob", "çé", "d" * 40]),
    text=st.one_of(
        TEXTS, st.sampled_from(["so #Tag", "#tag #TAG #été", "RT @ann: all of it #HarbourFe…", "@ann x #a..."])
    ),
    time=st.integers(0, 60_000).map(lambda ms: START + ms),
    source=st.sampled_from(SOURCES),
    lang=st.sampled_from([None, "fr", "EN-gb"]),
    repost_of=st.sampled_from([None, None, "", "p1", "é" * 30]),
    tags=st.one_of(st.none(), TAGS),
    bot=st.booleans(),
    server=st.sampled_from([None, "", "social.example"]),
    events=st.sampled_from([None, [], ["gala"]]),
    deleted=st.sampled_from([None, None, None, None, START + 30_000, START + 30_001, START + 100_000_000]),
)
DEFINED: list[dict[str, Any]] = [
    {"events": []},
    {"events": [Event("gala", hashtags=["tag"])]},
    {"events": [Event("gala", hashtags=["a"], words=["mot"])], "watchlists": [Watchlist("w", hashtags=["#été"])]},
    {"events": [], "watchlists": [Watchlist("w", accounts=["ann"])]},
]


def counted(posts: Sequence[Post], cuts: Sequence[int], taken: bool, matcher: EventMatcher | None) -> Any:
    """All that a counter says of these posts, given in parts that begin at `cuts`."""
    counter = PaneCounter(Grid(), matcher)
    closed: list[Counts] = []
    told: list[bytes] = []
    for begin, end in zip([0, *cuts], [*cuts, len(posts)], strict=True):
        times = [int(post.time) + (post.id < "p2") * 5_000 - 2_000 for post in posts[begin:end]] if taken else None
        closed += counter.add(list(posts[begin:end]), begin, times)
        told += [encode_counts(to_columns(news)) for news in counter.edge()]
    closed += counter.mark(START + 200_000, len(posts))
    facts = [(pane.start, pane.frontier, pane.duplicates, encode_counts(to_columns(pane))) for pane in closed]
    numbers = (counter.read, counter.newest, counter.frontier, counter.duplicates, counter.retractions)
    return facts, told, numbers, counter.late_by_source, counter.ahead_by_source, counter.rewind_offset(len(posts))


def test_where_there_is_a_compiler_it_is_used() -> None:
    assert plain is not None or shutil.which("cc") is None, "install again: the compiled part is missing"


@settings(deadline=None)
@given(
    posts=st.lists(POSTS, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=3),
    taken=st.booleans(),
    defined=st.sampled_from(DEFINED),
    words=st.sampled_from(["off", "events", "all"]),
    in_order=st.booleans(),
)
def test_it_counts_what_the_python_counts(
    posts: list[Post], cuts: list[int], taken: bool, defined: dict[str, Any], words: Words, in_order: bool
) -> None:
    if in_order:
        posts.sort(key=lambda post: post.time)
    cuts = sorted(min(cut, len(posts)) for cut in cuts)
    matcher = EventMatcher(**defined, counted_words=words)
    compiled = counted(posts, cuts, taken, matcher)
    with without("plain", panes_module, open_pane, names, people):
        assert compiled == counted(posts, cuts, taken, matcher)


def test_a_plain_post_is_counted_by_the_compiled_part() -> None:
    """So that the comparison above compares two things."""
    assert plain is not None
    counter = PaneCounter(Grid())
    counter.add([Post("p0", "ann", "so #tag", START)])
    gone: list[tuple[int, tuple[str, ...]]] = []
    asked = (counter._open, 10_000, 0, counter._closes_at, counter.newest, None, None, panes_module._RULES)
    asked += (lambda *told: gone.append(told),)
    posts = [Post(f"p{n}", "ann", f"{n} #tag", START + n) for n in range(1, 5)]
    assert plain.add([*posts, Post("p1", "ann", "again", START)], 0, None, *asked) == (4, START + 4, 0)
    assert plain.add(posts, 0, [START + 9, 0, 0, 0], *asked)[0] == 0, "they were read already"
    with pytest.raises(TypeError):
        plain.add(tuple(posts), 0, None, *asked)  # type: ignore[arg-type]
    posts = [Post("p1", "ann", "1 #tag", START + 1, deleted=START + 9), Post("p9", "ann", "9", START + 9)]
    assert plain.add(posts, 0, None, *asked) == (2, START + 9, 1)
    assert gone == []


def test_a_plain_retraction_is_counted_by_the_compiled_part() -> None:
    """One whose text is told."""
    assert plain is not None
    counter = PaneCounter(Grid())
    posts = [Post(f"p{n}", "ann", f"{n} #tag", START, deleted=START + n) for n in range(5)]
    counter.add([Post("p9", "ann", "so #tag", START), posts[0]])
    gone: list[tuple[int, tuple[str, ...]]] = []
    asked = (counter._open, 10_000, 0, counter._closes_at, counter.newest, None, None, panes_module._RULES)
    asked += (lambda *told: gone.append(told),)
    unknown = Post("p4", "ann", "", START, deleted=START + 4)
    long = Post("p5", "a" * 5_000, "#tag", START, deleted=START + 4)
    other = Post("p6", "ann", "#tag", START, "sms", deleted=START + 4)
    posts += [unknown, long, other]
    assert plain.add(posts[1:], 0, None, *asked) == (7, START, 4)
    assert gone == [(4, ()), (5, ("#tag",)), (6, ("#tag",))]
    for one in posts:
        if one.deleted:
            assert counter._retract(one, ("#tag",), 0, None) is None
    (cell,) = {cell for cell, *_ in counter._open[START].by_label.values() if not cell.cell.source}
    hashes = counter._open[START].withdrawn.fields["hash"].tolist()
    for those in (cell.withdrawn, cell.withdrawn_rows["#tag"]):
        assert len({hashes[number] for number in those}) == 6, "as the Python names them"


@pytest.mark.parametrize("words", ["events", "all"])
def test_a_post_whose_words_count_is_counted_by_the_compiled_part(words: Words) -> None:
    assert plain is not None
    matcher = EventMatcher([Event("gala", hashtags=["gala"])], counted_words=words)
    counter = PaneCounter(Grid(), matcher)
    counter.add([Post("p0", "ann", "Un feu d'artifice #gala", START)])
    asked = (counter._open, 10_000, 0, counter._closes_at, counter.newest, matcher.match, matcher.names_by_spelling)
    posts = [Post(f"p{n}", "ann", "Feu d'artifice! #gala", START + n) for n in range(1, 4)]
    assert plain.add(posts, 0, None, *asked, panes_module._RULES, print) == (3, START + 3, 0)
    rows = {
        spelling: len(numbers)
        for cell in counter._open[START].by_cell.values()
        for spelling, numbers in cell.rows.items()
    }
    assert rows == {"#gala": 4, "": 4, "feu": 1, "feu d'artifice": 1, "artifice": 4, "Feu": 3, "Feu d'artifice": 3}


@given(st.lists(st.text(max_size=80), max_size=40))
def test_hashes_are_xxh64(names: list[str]) -> None:
    names = [name for name in names if name.isprintable()]
    assert plain is not None
    assert hashes64(names).tolist() == [hash64(name) for name in names]
    assert hashes64(names).dtype == np.uint64
    for wrong in ([*names, b"x"], tuple(names), [*names, "\ud800"]):  # type: ignore[list-item]
        with pytest.raises((TypeError, UnicodeEncodeError)):
            plain.hashes(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("cells", [(), [[]], [{"#a": (1,)}], [{1: [1]}], [{"#a": ["1"]}], [{"#a": [1 << 70]}]])
def test_rows_that_are_no_numbers_of_posts_are_refused(cells: Any) -> None:
    assert plain is not None
    with pytest.raises((TypeError, OverflowError)):
        plain.rows(cells)


def test_numbers_of_spellings_are_those_of_python_and_of_nothing_else() -> None:
    assert plain is not None
    known = {"#a": 3, "été": 1 << 30}
    asked = ["été", "#b", "#a", "#a"]
    found = names._looked_up(known, asked).tolist()
    with without("plain", names):
        assert found == names._looked_up(known, asked).tolist() == [1 << 30, -1, 3, 3]
    for call in (
        lambda: plain.numbers([], []),
        lambda: plain.numbers(known, ("#a",)),
        lambda: plain.numbers({"#a": "3"}, ["#a"]),
    ):
        with pytest.raises(TypeError):
            call()  # type: ignore[no-untyped-call]
