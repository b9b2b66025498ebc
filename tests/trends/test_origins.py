"""Where a topic's people are from: what a row tells of servers and bots, and when it is remarkable.

hour      12 ................... 13 .......... 13:10
everybody  40 people, 10 a server             the topic
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline.local import Local
from pipeline.trends.origins import is_of_bots, is_of_one_server
from schemas import Post, PostError, TrendList, decode_post
from schemas.trends import Flag, Origins

NOON, MINUTE = 1_392_638_400_000, 60_000
SERVERS = ("one.example", "two.example", "three.example", "four.example")


def said(author: str, minute: float, server: str | None = None, *, bot: bool = False, tag: str = "#chat") -> Post:
    at = NOON + round(minute * MINUTE)
    return Post(f"{author} {at}", author, f"words of {author} {tag}", at, "mastodon", bot=bot, server=server)


def everybody(servers: Sequence[str | None] = SERVERS, people: int = 40) -> list[Post]:
    """An hour of people who live on these servers in turn."""
    return [said(f"p{n}", n * 60 / people, servers[n % len(servers)]) for n in range(people)]


def crowd(servers: Sequence[str | None], **more: bool) -> list[Post]:
    """A topic of the hour after, by one person of each of these servers."""
    return [said(f"q{n}", 65 + n / 60, server, tag="#topic", **more) for n, server in enumerate(servers)]


def told_of(posts: Sequence[Post], topic: str = "#topic") -> tuple[Origins | None, list[Flag]]:
    """What the hour's list tells of a topic at 13:10."""
    lists: list[TrendList] = []
    local = Local(on_list=lists.append)
    local.feed([*posts, said("last", 71)])
    local.finish()
    found = [one for one in lists if one.scope == "all" and one.window == "1h" and one.at <= NOON + 70 * MINUTE]
    (row,) = [row for row in found[-1].trends if row.topic == topic]
    return row.origins, [flag for flag in row.flags if flag in ("one_server", "bots")]


def test_a_topic_that_lives_on_one_server_of_several_is_said_to() -> None:
    told = Origins(people=10, one_server=0.9, usual=0.25, bots=0.0)
    assert told_of([*everybody(), *crowd(["two.example"] * 9 + ["one.example"])]) == (told, ["one_server"])


@pytest.mark.parametrize(
    ("everywhere", "there", "usual"),
    [
        (("one.example",), ["one.example"] * 10, 1.0),
        (("one.example",) * 7 + ("two.example",), ["one.example"] * 10, 0.875),
        (SERVERS, ["one.example"] * 7 + [None] * 3, 0.25),
        (SERVERS, ["one.example"] * 4, 0.25),
        ((None,), ["one.example"] * 10, None),
    ],
    ids=["a stream of one server", "mostly of one", "too small a part", "too few people", "no stream to compare with"],
)
def test_what_is_not_remarkable_is_told_and_not_flagged(
    everywhere: Sequence[str | None], there: list[str | None], usual: float | None
) -> None:
    told, flags = told_of([*everybody(everywhere), *crowd(there)])
    assert told is not None
    assert (told.usual, flags) == (usual, [])
    assert told.one_server == sum(server is not None for server in there) / len(there)


def test_a_topic_of_bots_is_said_to_be_and_half_of_them_make_none() -> None:
    for bots, flags in ((6, ["bots"]), (5, [])):
        posts = [*crowd([None] * 10, bot=True)[:bots], *crowd([None] * 10)[bots:]]
        assert told_of([*everybody(), *posts]) == (Origins(10, 0.0, None, bots / 10), flags)


def test_where_nobody_says_anything_nothing_is_told() -> None:
    assert told_of([*everybody(), *crowd([None] * 10)]) == (None, [])


def test_a_person_who_withdrew_all_they_said_is_from_nowhere() -> None:
    posts = crowd(["two.example"] * 9 + ["one.example"] * 3)
    gone = [
        Post(post.id, post.author, post.text, post.time, post.source, deleted=int(post.time) + MINUTE)
        for post in posts[9:]
    ]
    told, _ = told_of([*everybody(), *posts, *gone])
    assert told == Origins(people=9, one_server=1.0, usual=0.25, bots=0.0)


def test_the_flags_are_what_the_shares_of_the_row_say() -> None:
    assert not is_of_one_server(Origins(12, 1.0, 0.9, 0.0)), "12 of 12 are no wonder where 9 of 10 live"
    assert is_of_one_server(Origins(40, 1.0, 0.9, 0.0))
    assert not is_of_one_server(Origins(40, 0.95, 0.9, 0.0)), "half way from usual to all"
    assert not is_of_bots(Origins(40, 1.0, 0.9, 0.5))
    assert is_of_bots(Origins(2, 0.0, None, 1.0))


@pytest.mark.parametrize("field", ['"bot": "yes"', '"bot": 2', '"server": 7', f'"server": "{"x" * 257}"'])
def test_what_is_no_bot_and_no_server_is_no_post(field: str) -> None:
    with pytest.raises(PostError, match="invalid"):
        decode_post(f'{{"id": "1", "author": "a", "text": "", "time": 1, {field}}}'.encode())


def test_a_server_that_is_no_name_is_none() -> None:
    posts = crowd(["\u202e\x00 ✓"] * 10)
    assert told_of([*everybody(), *posts]) == (None, [])
