"""The sources of the server's file, tried out at `/setup`: really connected to, told in words, and no secret shown."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.utils import formatdate
from typing import Any

import pytest
from litestar.testing import TestClient

from pipeline.settings import Settings
from pipeline.web.app import create_app
from pipeline.web.door import Door
from pipeline.web.feed import Feed
from pipeline.web.setup.channels import KEPT_S, Channel, Channels
from pipeline.web.setup.pages import Setup, setup_routes
from pipeline.wording import language
from schemas.events import Event
from schemas.sources import FeedSource, MastodonSource, Source, XSource
from tests.sources.servers import HttpServer, Request, http_server
from tests.web.desk import FixedChannels
from tests.web.setup_server import ANN, EVE, Browser, Served, text_of

SECRET = "a-token-in-an-address"


def rss() -> str:
    """A feed with an entry of now."""
    entry = f"<item><title>Bonjour</title><guid>1</guid><pubDate>{formatdate(usegmt=True)}</pubDate></item>"
    return f"<rss version='2.0'><channel><title>t</title>{entry}</channel></rss>"


@asynccontextmanager
async def feeds() -> AsyncIterator[HttpServer]:
    async def handle(request: Request) -> None:
        if request.path == "/slow":
            await asyncio.sleep(20)
        elif request.path == "/refused":
            await request.answer(status=403)
        elif request.path == "/moved":
            await request.answer(status=301, Location=f"/good?key={SECRET}2")
        else:
            await request.answer(rss(), Content_Type="application/rss+xml")

    async with http_server(handle) as server:
        yield server


def channels_of(*sources: Source, **more: Any) -> Channels:
    return Channels(Settings(sources=sources), {}, wait_s=2.0, **more)


def feed(server: HttpServer, path: str) -> FeedSource:
    return FeedSource(name=path, kind="feed", urls=(f"{server.url}/{path}?key={SECRET}",))


async def tried(*sources: Source, lang: str = "en", hashtags: str = "") -> dict[str, Channel]:
    found = await channels_of(*sources).tried([], hashtags.split(), language(lang))
    return {one.name: one for one in found}


def test_each_source_is_connected_to_and_told_in_words_within_its_time() -> None:
    async def body() -> None:
        async with feeds() as server:
            mine = [feed(server, path) for path in ("good", "refused", "slow", "moved")]
            began = time.monotonic()
            found = await tried(*mine, lang="fr")
            assert time.monotonic() - began < 12
        assert {name: one.well for name, one in found.items()} == {
            "good": True,
            "refused": False,
            "slow": False,
            "moved": True,
        }
        assert found["good"].short == "Connecté. Le message le plus récent date de moins d’une minute."
        assert found["good"].facts == ["1 entrée\u202f; le serveur envoie tout à chaque fois"]
        assert found["refused"].short.startswith("Accès refusé")
        assert found["refused"].detail == "127.0.0.1 refuse (403)\u00a0: vérifiez le jeton et ses droits"
        assert not found["refused"].english
        assert found["slow"].short == "Pas de réponse à temps."
        assert found["moved"].facts[1].endswith("/good")
        assert SECRET not in str(found)

    asyncio.run(body())


def test_what_is_missing_in_the_file_is_told_and_keeps_no_other_source_from_being_tried() -> None:
    async def body() -> None:
        async with feeds() as server:
            token = MastodonSource(name="m", kind="mastodon", servers=("127.0.0.1:9",), token="$NOWHERE")
            bare = MastodonSource(name="b", kind="mastodon", servers=("http://127.0.0.1:9",))
            found = await tried(token, bare, feed(server, "good"))
            assert [found[name].short for name in "mb"] == ["Something is missing in the server’s file."] * 2
            assert "NOWHERE is not set" in found["m"].detail
            assert found["m"].english
            assert found["good"].well
            with_the_forms_own = await tried(bare, hashtags="#tag")
            assert "cannot be reached" in with_the_forms_own["b"].detail

    asyncio.run(body())


def test_x_is_asked_for_its_rules_alone_since_to_read_it_changes_them_and_is_paid_for() -> None:
    async def body() -> None:
        async with http_server(lambda request: request.answer('{"data": []}')) as server:
            found = await tried(XSource(name="x", kind="x", token="t", rules=("a",), api=server.url))
            assert [(request.method, request.path) for request in server.requests] == [
                ("GET", "/2/tweets/search/stream/rules")
            ]
        assert (found["x"].well, found["x"].short) == (True, "Connected.")

    asyncio.run(body())


def test_who_asks_again_soon_is_told_what_was_found_and_later_it_is_tried_anew() -> None:
    async def body() -> None:
        now, words = [0.0], language("en")
        async with feeds() as server:
            channels = channels_of(feed(server, "refused"), clock=lambda: now[0])
            await asyncio.gather(*[channels.tried([], [], words) for _ in range(5)])
            assert len(server.requests) == 1
            now[0] = KEPT_S + 1
            await channels.tried([], [], words)
            await channels.tried([Event("e", hashtags=("#e",))], [], words)
            assert len(server.requests) == 3

    asyncio.run(body())


@pytest.mark.parametrize("scripts", [True, False])
def test_only_who_may_decide_has_sources_tried_and_what_is_filled_in_stays(served: Served, scripts: bool) -> None:
    fixed = FixedChannels()
    setup = Setup(Door(served.gate), served.desk, channels=fixed)
    with TestClient(create_app(Feed(), routers=[setup_routes(setup)])) as client:
        ann, eve = Browser(client, served.gate, ANN), Browser(client, served.gate, EVE)
        assert "news feed" in text_of(ann.get("/setup/event"))
        path, act = ("/setup/channels", {}) if scripts else ("/setup/event", {"act": "check"})
        for who, form in ((eve, {}), (Browser(client, served.gate, None), {}), (ann, {"csrf": "x"})):
            who.send(path, hashtags="#a", **act, **form)
        assert fixed.asked == []
        ann.get("/setup/event")
        page = ann.send(path, hashtags="#a #b", title="Fête", **act)
    assert fixed.asked == [["#a", "#b"]]
    assert "news Refused. one <b> why <i>" in text_of(page)
    assert not re.search("<[bi]> ", page)
    assert scripts or 'value="Fête"' in page
