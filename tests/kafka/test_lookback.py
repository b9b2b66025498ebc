"""How far back a post is looked for in the topic of posts: to its first record, in steps, as long as one may wait."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
import pytest

from pipeline.kafka.connection import Connection, control_keys
from pipeline.kafka.lookback import LookedBack, LookedThrough, look_back, look_through
from pipeline.kafka.topics import init_topics
from pipeline.settings import Settings, load_settings
from schemas import Post
from schemas.control import UNSIGNED, ControlKeys
from tests.kafka.test_walls import NOW_MS, Log

POSTS = 300


@pytest.fixture(scope="module")
def settings(embedded: str) -> Settings:
    settings = load_settings(kafka_brokers=embedded, kafka_prefix="lookback-")
    init_topics(settings)
    log = Log(settings)
    log.post(*(f"p{n}" for n in range(POSTS)))
    log.put(msgspec.json.encode(Post("p7", "by-p7", "", NOW_MS, source="sms", deleted=NOW_MS)))
    log.put(b"no post at all: p9")
    return settings


def look(
    settings: Settings,
    name: str,
    *,
    may_be: Callable[[bytes], bool] = lambda _: True,
    control: ControlKeys = UNSIGNED,
    within_s: float = 20.0,
) -> LookedBack:
    topic = f"{settings.kafka_prefix}posts"
    return look_back(
        Connection.of(settings), topic, may_be, lambda it: it.id == name, control, within_s=within_s, first=16
    )


def test_the_oldest_is_found_and_what_never_came_is_looked_for_in_all_that_is_kept(settings: Settings) -> None:
    for name in ("p0", "p9", f"p{POSTS - 1}"):
        found = look(settings, name)
        assert found.post is not None
        assert (found.post.id, found.post.text) == (name, f"{name} said #fete")
    seen: list[bytes] = []
    found = look(settings, "never", may_be=lambda value: not seen.append(value))  # type: ignore[func-returns-value]
    assert len(seen) == len(set(seen)) == POSTS + 2, "each record once"
    assert (found.post, found.whole) == (None, True)
    assert found.since_ms is not None
    assert found.since_ms <= time.time() * 1_000


def test_the_newest_of_a_name_counts_a_retraction_if_it_holds(settings: Settings) -> None:
    found = look(settings, "p7")
    assert found.post is not None
    assert found.post.deleted is not None
    keyed = control_keys(msgspec.structs.replace(settings, control_key="a-secret-of-16-characters"))
    found = look(settings, "p7", control=keyed)  # nobody has signed that it is withdrawn
    assert found.post is not None
    assert found.post.deleted is None


def test_who_may_not_wait_is_told_how_far_it_went(settings: Settings) -> None:
    def slow(_: bytes) -> bool:
        time.sleep(0.01)
        return True

    began = time.monotonic()
    found = look(settings, "p0", may_be=slow, within_s=1.0)
    assert time.monotonic() - began < 3
    assert (found.post, found.whole) == (None, False)
    if found.since_ms is not None:
        assert found.since_ms > NOW_MS - 60_000


def through(settings: Settings, fits: Callable[[Post], bool], most: int, **more: float) -> LookedThrough:
    topic = f"{settings.kafka_prefix}posts"
    return look_through(Connection.of(settings), topic, fits, most, first=16, **{"within_s": 20.0} | more)  # type: ignore[arg-type]


def test_the_newest_that_fit_are_found_however_old_and_none_that_was_withdrawn(settings: Settings) -> None:
    found = through(settings, lambda post: post.text.startswith("p7"), 50)
    assert [post.id for post in found.posts] == [*(f"p{n}" for n in range(79, 69, -1))], "p7 was withdrawn"
    assert found.whole
    found = through(settings, lambda _: True, 3)
    assert [post.id for post in found.posts] == [f"p{POSTS - n}" for n in (1, 2, 3)]
    assert not found.whole
    assert through(settings, lambda post: post.id == "never", 3).posts == []


def test_who_may_not_wait_for_several_is_told_how_far_it_went(settings: Settings) -> None:
    def slow(_: Post) -> bool:
        time.sleep(0.02)
        return True

    found = through(settings, slow, POSTS, within_s=1.0)
    assert not found.whole
    assert len(found.posts) < POSTS
    assert (found.since_ms is None) == (found.posts == [])
