"""Hashtags suggested at `/setup`: what is said now near to an event's own, taken with a click, and nothing blocked."""

from __future__ import annotations

import html
import re

import msgspec
import pytest
from litestar.testing import TestClient

from pipeline.moderation.state import Moderation
from pipeline.web.app import create_app
from pipeline.web.door import Door
from pipeline.web.feed import Feed
from pipeline.web.setup.nearby import MOST, Nearby, suggested
from pipeline.web.setup.pages import Setup, setup_routes
from schemas import Post
from schemas.moderation import EVERYWHERE
from tests.sinks.lists import trend, trend_list
from tests.web.setup_server import ANN, EVE, Browser, Served, text_of


def said(*texts: str) -> list[Post]:
    """Each text by somebody else."""
    return [Post(str(n), f"person{n}", text, 1_795_000_000_000 + n, source="mastodon") for n, text in enumerate(texts)]


POSTS = said(
    "#CapCom #opendata", "#capcom #OpenData", "#CapCom #mine", "#CapCom2026", "#CapCom2026", "#Cap_Com", "#cap_com",
    "#jazz", "#jazz", "#capcomnet", "$CAP #capcom", "$CAP #capcom",
)  # fmt: skip
LISTS = [trend_list("#jazz", "#capcomnet", at=1_795_000_000_000)]


def near(hashtags: str, title: str = "") -> list[tuple[str, str]]:
    return [(one.why, one.tag) for one in suggested(hashtags.split(), title, LISTS, POSTS)]


def test_tags_written_much_alike_come_first_then_those_in_the_same_posts_of_several_people() -> None:
    assert near("capcom") == [
        ("alike", "#capcomnet"),
        ("alike", "#CapCom2026"),
        ("alike", "#Cap_Com"),
        ("beside", "#opendata"),
    ]


def test_the_title_is_near_too_and_an_event_without_words_is_offered_what_trends() -> None:
    assert near("", "Cap’Com 2026")[:1] == [("alike", "#CapCom")]
    assert near("") == [("now", "#capcomnet"), ("now", "#jazz")]
    assert near("#nobody-says-this") == []


def test_topics_shown_as_one_with_its_own_are_beside_it_and_suspect_ones_are_nowhere() -> None:
    joined, suspect = trend(1, "#gala"), trend(2, "#galafake")
    joined.joined.append("#bal")
    suspect.flags.append("suspect")
    lists = [msgspec.structs.replace(trend_list(at=1), trends=[joined, suspect])]
    posts = said("#bal #galafake", "#bal #galafake")
    assert [(one.why, one.tag) for one in suggested(["#bal"], "", lists, posts)] == [("beside", joined.display)]
    assert suggested(["#gala"], "", lists, posts) == []


def server(served: Served, posts: list[Post]) -> TestClient[object]:
    moderation = Moderation()
    decision = moderation.decide(
        id="1", event=EVERYWHERE, kind="topic", target="#opendata", verdict="blocked", by="ann", at=1
    )
    moderation.apply(decision)
    setup = Setup(Door(served.gate), served.desk, nearby=Nearby(Feed(moderation), lambda: posts))
    return TestClient(create_app(Feed(), routers=[setup_routes(setup)]))  # type: ignore[return-value]


def tags(page: str) -> list[str]:
    return [html.unescape(tag) for tag in re.findall(r'name="take" value="([^"]*)"', page)]


@pytest.mark.parametrize("path", ["/setup/suggested?hashtags=%23capcom", "/setup/event"])
def test_who_may_decide_is_offered_what_is_not_blocked(served: Served, path: str) -> None:
    with server(served, [*POSTS, *said(*["#CapComé"] * 2)]) as client:
        eve, ann = Browser(client, served.gate, EVE), Browser(client, served.gate, ANN)  # type: ignore[arg-type]
        eve.get(path)
        assert (eve.status, tags(eve.page)) == (403, [])
        page = ann.get(path)
        if path == "/setup/event":
            page = ann.send(path, act="suggest", hashtags="#capcom")
    assert tags(page)[:3] == ["#CapCom2026", "#CapComé", "#Cap_Com"]
    assert len(tags(page)) <= MOST
    assert "#opendata" not in page.lower()


def test_a_suggestion_is_taken_without_a_script_and_the_form_stays_as_it_was(served: Served) -> None:
    with server(served, POSTS) as client:
        ann = Browser(client, served.gate, ANN)  # type: ignore[arg-type]
        ann.get("/setup/event")
        page = ann.send("/setup/event", take="#CapCom2026", hashtags="#capcom", title="Net <2026>")
    assert 'value="#capcom #CapCom2026"' in page
    assert 'value="Net &lt;2026&gt;"' in page
    assert "#CapCom2026" not in tags(page)
    assert "written much alike · 2 people" in text_of(page)
    assert served.desk.written == []
