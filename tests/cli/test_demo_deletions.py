"""The demo's deletions, as somebody sees them who looks at its wall and its stage."""

from __future__ import annotations

import time

import msgspec
from playwright.sync_api import Browser, expect

from pipeline.cli.demo_channels import ON_NOSTR_ONE_IN, channels
from pipeline.cli.demo_people import chance
from schemas import Post
from schemas.posts import Media
from tests.sinks.servers import until
from tests.wall.server import serving
from tests.wall.test_pages import opened


def test_what_is_deleted_on_its_network_vanishes_before_your_eyes_within_two_seconds(browser: Browser) -> None:
    now = int(time.time() * 1_000)
    toot = Post(
        "2126707726023986371", "hugo@toot.example", "Regardez cette foule #fete", now, source="mastodon",
        author_name="Hugo Durand", tags=["fete"], media=[Media("https://a.example/sea.jpg")],
    )  # fmt: skip
    sky = Post("at://app.bsky.feed.post/3l2126", "zoe.sky.example", "Je pars #fete", now, source="bluesky")
    on_nostr = next(name for n in range(99) if chance(name := f"mia{n}@toot.example") % ON_NOSTR_ONE_IN == 0)
    note = Post(
        "2126707726023986777", on_nostr, "Bref, je rentre #fete", now, source="mastodon", author_name="Mia Roux"
    )
    tweet = Post("2126707726023986888", "noe_petit8", "Encore là #fete", now, source="twitter", author_name="Noé Petit")
    stays = msgspec.structs.replace(toot, id="2126707726023986999", text="Je reste #fete", media=None)
    gone = ("Regardez cette foule", "Je pars", "Bref, je rentre", "Encore là")
    with serving() as served, channels(("#fete",), lambda: now) as through:
        pages = [opened(browser, f"{served.address}{path}") for path in ("/events/fete/wall", "/screen/fete")]
        until(lambda: through._are_read())

        def brought(posts: list[Post], wanted: int) -> None:
            came = through.through(posts)
            until(lambda: len(came) >= wanted or came.extend(through.through(())))
            served.take(*came)

        brought([toot, sky, note, tweet, stays], 5)
        for page in pages:
            for text in (*gone, "Je reste"):
                expect(page.get_by_text(text)).to_be_visible(timeout=10_000)
        began = time.monotonic()
        brought([msgspec.structs.replace(post, deleted=now) for post in (toot, sky, note, tweet)], 4)
        for page in pages:
            for text in gone:
                expect(page.get_by_text(text)).to_have_count(0, timeout=2_000)
            expect(page.get_by_text("Je reste")).to_be_visible()
            page.context.close()
        assert time.monotonic() - began < 4
