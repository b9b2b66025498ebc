"""What somebody sees who opens the demo's page at once: a full wall and lists, pictures, and posts that vanish."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import chain, islice

import httpx
import pytest
from PIL import Image

from pipeline.cli import demo
from pipeline.cli.demo_people import ADDRESS, THOUGHTS_MS, SecondThoughts, added, drawn
from pipeline.moderation.state import Queue
from pipeline.web.pictures import PictureError, Pictures
from schemas import Post
from tests.cli.test_demo import MINUTE_MS
from tests.sinks.servers import until


def test_the_page_is_lively_before_a_worker_has_counted_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    for past in ("PAST_MS", "GLIMPSE_MS"):
        monkeypatch.setattr(demo, past, 5 * MINUTE_MS)
    show = demo._Demo(60.0, 1, 1_795_948_200_000)
    with show.page(0), httpx.Client(base_url=show.address) as client:
        show.open(glimpse=True)
        until(lambda: client.get("/api/v1/trends?scope=event:capcomnet&window=1h").status_code == 200, 30)
        trends = client.get("/api/v1/trends?scope=all&window=1h").json()
        wall = client.get("/api/v1/events/capcomnet/wall").json()["posts"]
        assert {"#CapComNet", "#Paris20"} <= {row["display"] for row in trends["trends"][:5]}
        assert (trends["final"], show.opens_ms - trends["at"] <= 2 * MINUTE_MS) == (False, True)
        paths = [picture["path"] for post in wall for picture in post["pictures"]]
        assert len(wall) == 60
        assert client.get(paths[0]).headers["content-type"] == "image/webp"
        moderated = show.walls.walls.walls[show.moderated.name]
        until(lambda: len(in_peace(moderated.page, "shown")) == 60)
        assert len(in_peace(moderated.page, "waiting")) > 20
    told = (post for post in chain(show.opening, show.coming) if post.deleted is None)
    again, some = demo._Demo(60.0, 1, 1_795_948_200_000), 2 * len(show.opening)
    assert list(islice(told, some)) == list(islice(again.posts(again.scenario), some))
    assert max(int(post.time) for post in show.opening) < show.opens_ms


def in_peace(page: Callable[[Queue, int], Sequence[object]], queue: Queue) -> Sequence[object]:
    """What a wall's page holds, once nobody changes it meanwhile: that is the server's thread."""
    while True:
        with suppress(RuntimeError):
            return page(queue, 60)


def test_who_writes_by_sms_or_mail_is_no_more_known_before_the_channels_are_read_than_after() -> None:
    texted = added(Post("1", "sms-0004021", "#gala", 1_000, source="sms", author_name="Zoe Petit"), [])
    written = added(Post("2", "zoe@mail.example", "#gala", 1_000, source="mail", author_name="Zoe Petit"), [])
    assert [(it.author_name, it.avatar) for it in (texted, written)] == [("SMS ··21", None), ("Mail z··", None)]


def test_a_few_posts_with_a_picture_are_withdrawn_after_a_while_and_in_their_order() -> None:
    posts = [Post(str(n), "ann", "#gala", n * 1_000, source="m") for n in range(3_000)]
    told = list(SecondThoughts().after(added(post, ["#gala"]) for post in posts))
    withdrawn = [post for post in told if post.deleted is not None]
    assert [post for post in told if post.deleted is None] == [added(post, ["#gala"]) for post in posts]
    assert 3 <= len(withdrawn) <= 40
    for post in withdrawn:
        assert post.deleted == int(post.time) + THOUGHTS_MS
        before = told[told.index(post) - 1]
        assert int(before.deleted or before.time) <= int(post.deleted)
    assert not any(post.media for post in (added(it, ["#other"]) for it in posts))


@pytest.mark.parametrize("kind", ["scene", "face"])
def test_pictures_come_through_the_cache_of_every_server_and_from_no_network(kind: str) -> None:
    async def body() -> None:
        pictures = Pictures(drawn)
        shown = pictures.link(f"{ADDRESS}{kind}/7.png").split("/")
        with Image.open(io.BytesIO(await pictures.of(*shown[2:]))) as picture:
            assert picture.format == "WEBP"
        for other in ("https://example.org/a.png", f"{ADDRESS}{kind}/x.png", f"{ADDRESS}other/7.png"):
            with pytest.raises(PictureError):
                await drawn(other)

    asyncio.run(body())
