"""What is withdrawn leaves every page within two seconds, also where nothing else is new."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import msgspec
import pytest
from playwright.sync_api import Browser, expect

from schemas import Post
from tests.sinks.lists import trend_list
from tests.wall.server import Served, serving
from tests.wall.test_pages import now, opened

WITHIN_MS = 2_000
SAID = ("belle #clarte", "quelle #clarte", "trop de #clarte")


@pytest.fixture
def served() -> Iterator[Served]:
    with serving() as running:
        yield running


def withdraw(served: Served, one: Post) -> None:
    served.take(msgspec.structs.replace(one, deleted=now()))


def test_pages_lose_a_post_that_is_withdrawn_while_somebody_looks(browser: Browser, served: Served) -> None:
    """One that the list names, one that came since, and all of an author; on the page of
    the topic and where the first page shows what is on."""
    first, second, third = (Post(f"x{n}", f"p{n}", text, now() - n, source="m") for n, text in enumerate(SAID))
    made = trend_list("#clarte", at=now())
    made.trends[0] = msgspec.structs.replace(made.trends[0], examples=["x0"])
    served.feed.publish(made)
    served.take(first, second, third)
    topic = opened(browser, f"{served.address}/?topic=%23clarte", reduced_motion="no-preference")
    front = opened(browser, served.address)
    expect(front.locator(".headline blockquote")).to_contain_text(SAID[0])
    expect(topic.locator(".examples .post")).to_have_count(3)
    for one, left in (second, 2), (first, 1), (msgspec.structs.replace(third, id="", text=""), 0):
        withdraw(served, one)
        expect(topic.locator(".examples .post")).to_have_count(left, timeout=WITHIN_MS)
        answer = httpx.get(f"{served.address}/api/v1/search/posts", params={"topic": "#clarte"})
        assert len(answer.json()) == left
    expect(front.locator(".headline blockquote")).to_be_hidden(timeout=WITHIN_MS)
    with topic.expect_response(lambda answer: "/search/posts" in answer.url):  # it asks by itself, too
        pass
    expect(topic.locator(".examples .post")).to_have_count(0)
    topic.context.close()
    front.context.close()


def test_a_topics_page_loses_a_post_that_a_moderator_blocks_as_soon_as_one_that_is_withdrawn(
    browser: Browser, served: Served
) -> None:
    said = [Post(f"x{n}", f"p{n}", f"{text} #fete", now() - n, source="m") for n, text in enumerate(SAID)]
    served.feed.publish(trend_list("#fete", at=now()))
    served.take(*said)
    topic = opened(browser, f"{served.address}/?topic=%23fete")
    posts = topic.locator(".examples .post")
    expect(posts).to_have_count(3)
    with topic.expect_response(lambda answer: "/search/posts" in answer.url):  # the next one comes in four seconds
        pass
    served.decide("fete", "post", "m/x0", "blocked")
    expect(posts).to_have_count(2, timeout=WITHIN_MS)
    topic.context.close()
