"""The API and the plain page over a feed in process."""

from __future__ import annotations

import asyncio
import html
import io
import re
import time
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient
from PIL import Image

from pipeline.alerts.recent import RecentAlerts
from pipeline.moderation.state import Moderation
from pipeline.source_status import LOST_S, SourceStatus
from pipeline.web.app import create_app
from pipeline.web.feed import QUEUE, Feed, Wanted
from pipeline.web.history import History
from pipeline.wording import beside_of, language, languages, why_of
from schemas import Trend, TrendList
from schemas.alerts import About, Alert, AlertWhy, Fault, GivenUp
from schemas.moderation import Decision
from tests.facts import OF_TOPIC, WHY

HOSTILE = "<script>alert(1)</script>\u202e"


def listed(at: int, display: str = "#Lyon", posts: int = 40) -> TrendList:
    row = Trend(
        1,
        "#lyon",
        True,
        display,
        ["#LYON"],
        posts,
        30,
        20.0,
        5.0,
        2.0,
        7.0,
        12.0,
        900,
        "new",
        1,
        None,
        [],
        [],
        ["a"],
        [1.0] * 20,
        WHY,
    )
    return TrendList("all", "1h", 3_600, at, True, "", [row])


@pytest.fixture
def feed() -> Feed:
    return Feed()


@pytest.fixture
def client(feed: Feed) -> Iterator[TestClient[Litestar]]:
    history = History()
    feed.on_list(history.add)
    for at in (60_000, 120_000):
        feed.publish(listed(at, posts=at))
    history.flush()
    with TestClient(create_app(feed, history)) as client:
        yield client
    history.close()


def test_the_current_list_and_the_list_of_then(client: TestClient[Litestar]) -> None:
    assert client.get("/api/v1/trends").json()["at"] == 120_000
    assert client.get("/api/v1/trends?at=1970-01-01T00:01Z").json()["at"] == 60_000
    assert client.get("/api/v1/trends?at=59999").status_code == 404


def test_a_list_that_did_not_change_is_not_sent_again(client: TestClient[Litestar]) -> None:
    tag = client.get("/api/v1/trends").headers["etag"]
    assert client.get("/api/v1/trends", headers={"if-none-match": tag}).status_code == 304


@pytest.mark.parametrize("query", ["window=x", "limit=0", "limit=21", "at=never", "lang=fr&scope=event:a"])
def test_a_wrong_parameter_is_told_as_a_problem(client: TestClient[Litestar], query: str) -> None:
    answer = client.get(f"/api/v1/trends?{query}")
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_topic_tells_its_time_line(client: TestClient[Litestar]) -> None:
    assert [point["posts"] for point in client.get("/api/v1/topics/%23lyon").json()["history"]] == [60_000, 120_000]
    assert client.get("/api/v1/topics/%23none").status_code == 404


def test_what_may_not_be_shown_is_shown_nowhere(client: TestClient[Litestar], feed: Feed) -> None:
    feed.shows = without("#lyon")
    feed.refresh()
    for path in ("/api/v1/trends", "/api/v1/trends?at=60000", "/api/v1/topics/%23lyon", "/"):
        assert "#Lyon" not in client.get(path).text


def test_hostile_texts_are_only_text_on_the_page(client: TestClient[Litestar], feed: Feed) -> None:
    feed.publish(listed(180_000, HOSTILE))
    page = client.get("/")
    assert "<script>alert" not in page.text
    assert "\u202e" not in page.text
    assert "unsafe-inline" not in page.headers["content-security-policy"]


def test_ready_once_caught_up_though_nobody_posts_and_not_while_the_source_is_away() -> None:
    now_s = [1_000.0]
    feed, status = Feed(clock=lambda: now_s[0]), SourceStatus(clock=lambda: now_s[0])
    with TestClient(create_app(feed, status=status)) as client:

        def ready() -> tuple[int, bool, str, float | None]:
            answer = client.get("/readyz")
            assert answer.headers["content-type"] == "application/json"
            told = answer.json()
            return answer.status_code, told["ready"], told["reason"], told["silent_s"]

        assert ready() == (503, False, "the lists that there are have not been read yet", None)
        status.alive()  # connected, and still reading
        feed.publish(listed(60_000))
        assert ready()[:2] == (503, False)
        status.caught_up()
        now_s[0] += 3 * 3_600  # a night without a post
        assert ready() == (200, True, "", 10_800.0)
        status.lost("no broker answers at kafka:9092")
        now_s[0] += LOST_S - 0.1
        status.lost("no broker answers at kafka:9092")
        assert ready()[:2] == (200, True)  # it may be restarting
        now_s[0] += 0.1
        assert ready()[:3] == (
            503,
            False,
            "the source of lists has been away for 30 s: no broker answers at kafka:9092",
        )
        assert client.get("/healthz").status_code == 200  # the process itself is well
        status.alive()
        assert ready()[:2] == (200, True)


def test_a_server_of_lists_made_in_its_own_process_is_ready_at_once(feed: Feed) -> None:
    with TestClient(create_app(feed)) as client:
        assert client.get("/readyz").status_code == 200


def test_a_reader_who_was_away_is_given_what_changed_and_a_stranger_everything(feed: Feed) -> None:
    async def run() -> None:
        feed.publish(listed(60_000))
        known = feed.id_of(feed.all()[0])
        assert await feed.subscribe(Wanted(), known).next(0.01) == []
        assert len(await feed.subscribe(Wanted(), "other-1").next(0.01)) == 1
        feed.publish(listed(120_000))
        assert [change.list.at for change in await feed.subscribe(Wanted(), known).next(0.01)] == [120_000]

    asyncio.run(run())


def test_a_reader_too_slow_is_dropped_and_nobody_else(feed: Feed) -> None:
    async def run() -> None:
        slow, quick = feed.subscribe(Wanted()), feed.subscribe(Wanted())
        for number in range(QUEUE + 1):
            feed.publish(listed(number))
            assert len(await quick.next(5)) == 1
        assert slow.dropped
        assert not quick.dropped

    asyncio.run(run())


def test_alerts_of_blocked_topics_are_hidden() -> None:
    feed, alerts = Feed(without("#bad")), RecentAlerts()
    for topic in ("#good", "#bad", ""):
        alerts.add(alert(topic))
    with TestClient(create_app(feed, alerts=alerts)) as client:
        assert {one["topic"] for one in client.get("/api/v1/alerts").json()} == {"#good", ""}
        assert client.get("/api/v1/alerts?limit=0").status_code == 400


def test_what_receivers_did_not_get_is_told_for_a_day_the_newest_first_and_without_blocked_topics() -> None:
    feed, alerts, now = Feed(without("#bad")), RecentAlerts(), int(time.time() * 1_000)
    for minutes, topic in ((1_500, "#old"), (3, "#good"), (2, "#bad"), (1, "")):
        alerts.give_up(given_up(topic, now - minutes * 60_000))
    alerts.give_up(given_up("#good", now))  # said again after a restart
    with TestClient(create_app(feed, alerts=alerts)) as client:
        told = client.get("/api/v1/alerts/given-up")
        assert [one["topic"] for one in told.json()] == ["", "#good"]
        assert msgspec.json.decode(told.content, type=list[GivenUp])[1] == given_up("#good", now - 3 * 60_000)
        assert len(client.get("/api/v1/alerts/given-up?limit=1").json()) == 1
        assert client.get("/api/v1/alerts/given-up?limit=0").status_code == 400


def given_up(topic: str, at: int, detail: str = "400") -> GivenUp:
    return GivenUp("ops", at, Fault("refused", detail), f"r/{topic}/1", "firing", "r", "all", "1h", topic, 1)


def without(topic: str) -> Moderation:
    """Moderation that has blocked the topic everywhere."""
    return Moderation([Decision("d", "", "topic", topic, "blocked", "ann", 1)])


def test_an_alert_about_a_whole_event_does_not_name_blocked_topics() -> None:
    feed, alerts = Feed(without("#bad")), RecentAlerts()
    about = [About("#good", "#good"), About("#bad", "#Bad")]
    alerts.add(msgspec.structs.replace(alert(""), why=AlertWhy(counted="posts", about=about), kind="volume"))
    with TestClient(create_app(feed, alerts=alerts)) as client:
        (told,) = client.get("/api/v1/alerts?text=en").json()
    assert told["why"]["about"] == [{"topic": "#good", "display": "#good"}]
    assert told["text"] == "1 post in all posts (1 h), about #good"


def alert(topic: str) -> Alert:
    return Alert(
        f"r/{topic}/1", "firing", "r", "trending", "info", "all", "1h", topic, topic, 1, 1, 1, 1, 10, [], [], OF_TOPIC
    )


def test_the_plain_table_gives_its_reasons_in_the_language_of_the_page(feed: Feed) -> None:
    feed.publish(listed(60_000))
    with TestClient(create_app(feed)) as client:
        for lang in languages():
            assert f"<bdi>{beside_of(listed(60_000).trends[0], language(lang))}" in client.get(f"/?lang={lang}").text


def test_a_link_to_a_topic_in_another_spelling_leads_to_it(feed: Feed) -> None:
    rows = [msgspec.structs.replace(listed(60_000).trends[0], topic=key, display=key) for key in ("#ete", "a la une")]
    feed.publish(TrendList("all", "1h", 3_600, 60_000, True, "", rows))
    with TestClient(create_app(feed)) as client:
        for written, key in (("#Été", "#ete"), ("À la Une", "a la une")):
            answer = client.get("/", params={"window": "1h", "topic": written, "lang": "fr"}, follow_redirects=False)
            assert answer.status_code == 302
            told = dict(parse_qsl(urlsplit(answer.headers["location"]).query))
            assert told == {"window": "1h", "topic": key, "lang": "fr"}
        for kept in ("#ete", "a la une", "", "#"):
            assert client.get("/", params={"topic": kept}, follow_redirects=False).status_code == 200


def test_a_shared_link_tells_what_it_leads_to(feed: Feed) -> None:
    row = listed(60_000, '#Ly"on').trends[0]
    told = TrendList(
        "all", "1h", 3_600, 60_000, True, "", [row, msgspec.structs.replace(row, topic="#b", display="#B")]
    )
    feed.publish(told)
    with TestClient(create_app(feed, public_url="https://trends.example/")) as client:
        first = client.get("/?lang=fr").text
        assert '<meta property="og:title" content="#Ly&#34;on">' in first
        assert '<meta name="description" content="50 personnes dans les dernières 15\u00a0min' in first
        assert '<meta property="og:url" content="https://trends.example/?lang=fr">' in first
        assert "<title>#Ly&#34;on · upswell</title>" in first
        second = client.get("/", params={"topic": "#b", "x": '"><script>'}).text
        assert '<meta property="og:title" content="#B">' in second
        assert '"><script>' not in second
        assert "og:title" not in client.get("/", params={"topic": "#nothing"}).text
        address = re.search(r'og:image" content="https://trends.example(/preview.png[^"]+)"', second)
        assert address is not None
        picture = client.get(html.unescape(address[1]))
        with Image.open(io.BytesIO(picture.content)) as drawn:
            assert (picture.headers["content-type"], drawn.format, drawn.size) == ("image/png", "PNG", (1_200, 630))
        assert client.get("/preview.png?scope=all&window=1h&topic=%23none").status_code == 404
        assert client.get("/preview.png?scope=all&window=1h").status_code == 400
    with TestClient(create_app(feed)) as client:
        assert "og:image" not in client.get("/").text  # nobody knows its address


def test_a_program_that_wants_text_gets_a_sentence_beside_the_facts(client: TestClient[Litestar]) -> None:
    for query in ("text=fr", "text=fr&at=60000"):
        (row,) = client.get(f"/api/v1/trends?{query}").json()["trends"]
        assert row["why"] == msgspec.to_builtins(WHY)
        assert row["text"] == f"{why_of(WHY, language('fr'))}\u202f; depuis 00:00"
    assert "text" not in client.get("/api/v1/trends").json()["trends"][0]
    assert client.get("/api/v1/trends?text=xx").status_code == 400


def test_a_topic_that_left_its_list_has_just_ended_for_an_hour(client: TestClient[Litestar], feed: Feed) -> None:
    minute = 60_000

    def ended() -> list[tuple[str, str, int]]:
        told = client.get("/api/v1/trends/ended").json()
        return [(one["topic"], one["display"], one["ended"] // minute) for one in told]

    assert ended() == []
    feed.publish(msgspec.structs.replace(listed(3 * minute), trends=[]))
    assert ended() == [("#lyon", "#Lyon", 3)]
    feed.publish(listed(4 * minute))
    assert ended() == []
    feed.publish(msgspec.structs.replace(listed(5 * minute), trends=[]))
    feed.shows = without("#lyon")
    assert ended() == []
    feed.shows = without("#other")
    for minutes, there in ((64, True), (65, False)):
        feed.publish(msgspec.structs.replace(listed(minutes * minute), trends=[], posts=minutes))
        assert bool(ended()) == there


def test_a_list_says_what_it_waits_for(client: TestClient[Litestar], feed: Feed) -> None:
    first = msgspec.structs.replace(listed(180_000), flag="counting", past_wanted=23)
    feed.publish(first)
    assert "waiting for a first whole hour" in client.get("/api/v1/trends?text=en").json()["text"]
    feed.publish(msgspec.structs.replace(first, at=240_000, flag="provisional", past=4))
    assert "23 hours of past are known: 4 so far" in client.get("/api/v1/trends?text=en").json()["text"]
