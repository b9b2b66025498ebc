"""Posts make no scopes: made-up sources and languages count together, named ones by themselves."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pipeline.local import Local, Options
from pipeline.sources.simulator.scenes import mixed_scenario
from pipeline.sources.simulator.simulation import simulate
from pipeline.trends.names import Cell, Names
from pipeline.trends.scope import Scope
from schemas import Post, PostError, TrendList, decode_post
from schemas.events import Event
from schemas.watchlists import Watchlist

START = 1_400_000_040_000
MINUTE = 60_000


def lists_of(posts: list[Post], options: Options | None = None) -> list[TrendList]:
    lists: list[TrendList] = []
    local = Local(options, on_list=lists.append)
    local.feed(posts)
    local.finish()
    return lists


def invented(count: int) -> list[Post]:
    return [
        Post(f"p{n}", f"a{n}", f"word{n} #t{n % 50}", START + n % MINUTE, source=f"made-up-{n}", lang=_code(n))
        for n in range(count)
    ]


def _code(number: int) -> str:
    return "".join(chr(97 + number // 26**place % 26) for place in range(3))


def test_posts_of_thousands_of_invented_sources_and_languages_make_one_scope_and_those_of_languages_there_are() -> None:
    scopes = {one.scope for one in lists_of(invented(5_000))}
    assert {"all", "source:other"} <= scopes
    assert len(scopes) < 60, "of 5,000 codes of three letters some are languages"
    assert all(scope.startswith("lang:") for scope in scopes - {"all", "source:other"})


def test_a_source_that_is_known_or_named_has_lists_of_its_own() -> None:
    names = ("sms", "mastodon.example", "le fil", "wall", "radio-9", "unheard-of")
    posts = [
        Post(f"{name}{n}", f"{name}{n}", f"word{n} #talk", START + n, source=name) for name in names for n in range(3)
    ]
    options = Options(
        events=(Event("gala", channels=("wall",)),),
        watchlists=(Watchlist("brand", words=("brand",), sources=("radio-9",)),),
        networks=("lefil",),
    )
    scopes = {one.scope for one in lists_of(posts, options) if one.scope.startswith("source:")}
    assert scopes == {"source:" + it for it in ("sms", "mastodon", "lefil", "wall", "radio-9", "other")}


def test_posts_of_different_unknown_sources_with_one_id_are_two_posts() -> None:
    local = Local()
    local.feed([Post("1", "a", "x #t", START, source="one-net"), Post("1", "b", "y #t", START, source="other-net")])
    assert local.stats.duplicates == 0


def test_lists_that_are_kept_alone_are_those_that_are_kept_among_all() -> None:
    scenario = mixed_scenario(duration_ms=40 * MINUTE, rate=3.0)
    posts = []
    for line in simulate(scenario, 11):
        with suppress(PostError):
            posts.append(decode_post(line))
    scope = "lang:fr", "5m"

    def made(**options: Any) -> list[TrendList]:
        lists: list[TrendList] = []
        local = Local(on_list=lists.append, **options)
        local.feed(posts)
        local.finish()
        return lists

    among_all = [one for one in made() if (one.scope, one.window) == scope]
    alone = made(keeps=lambda *of: of == scope)
    assert among_all
    assert alone == among_all


def test_a_scope_that_holds_all_cells_has_nothing_to_leave_out_until_another_comes() -> None:
    names = Names()
    english, everything = Scope("lang:en", names), Scope("all", names)
    names.cell_numbers([Cell("bluesky", "en", ()), Cell("mastodon", "en", ())])
    assert (english.mask, everything.mask) == (None, None)
    names.cell_numbers([Cell("mastodon", "fr", ())])
    assert english.mask is not None
    assert english.mask.tolist() == [True, True, False]
    assert everything.mask is None
