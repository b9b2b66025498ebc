"""Records of the open networks: Mastodon, ActivityStreams, Bluesky."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from archive_samples import NOON, activity, line, lines, read, skeet, status

from schemas.posts import Media

ANA = "https://social.example/users/ana/statuses"


class TestMastodon:
    def test_a_status(self, tmp_path: Path) -> None:
        [found] = read(tmp_path, line(status())).posts
        assert (found.id, found.author, found.text) == (f"{ANA}/1", "ana@social.example", "Vive l'#Été\nici\n\nfin")
        assert (found.time, found.lang, found.tags, found.source) == (NOON, "fr", ["#ete"], "mastodon")
        assert found.url == "https://social.example/@ana/1"
        assert found.media == [Media("https://social.example/m.png", "image", "a beach")]

    def test_a_boost_is_a_repost_with_the_original_text(self, tmp_path: Path) -> None:
        [found] = read(tmp_path, line(status(2, content="", tags=[], reblog=status(1)))).posts
        assert (found.id, found.repost_of, found.tags) == (f"{ANA}/2", f"{ANA}/1", ["#ete"])
        assert found.text.startswith("Vive")

    @pytest.mark.parametrize(("bot", "told"), [(True, True), (False, False), (None, False), ("yes", False)])
    def test_whether_an_account_is_a_bot_and_where_it_lives(self, tmp_path: Path, bot: object, told: bool) -> None:
        [found] = read(tmp_path, line(status(account={"acct": "ana", "bot": bot}))).posts
        assert (found.bot, found.server) == (told, "social.example")
        [found] = read(tmp_path, line(status(uri=None, url=None, account={"acct": "ana"}))).posts
        assert found.server is None

    @pytest.mark.parametrize("indent", [None, 1])
    def test_an_array_of_statuses_newest_first_is_put_in_order(self, tmp_path: Path, indent: int | None) -> None:
        later = status(2, created_at="2014-05-03T12:00:00Z")
        earlier = status(1)
        bad = {"id": "3"}
        reading = read(tmp_path, json.dumps([later, bad, earlier], indent=indent).encode(), "a.json")
        assert [dead.reason for dead in reading.dead if dead.reason != "future"] == ["invalid"]
        assert reading.ids[0] == f"{ANA}/1"


class TestActivityStreams:
    @pytest.mark.parametrize("indent", [None, 2])
    def test_an_outbox(self, tmp_path: Path, indent: int | None) -> None:
        boost = activity(2, type="Announce", object="https://other.example/notes/5")
        outbox = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": "outbox.json",
            "type": "OrderedCollection",
            "totalItems": 2,
            "orderedItems": [activity(1), boost],
        }
        reading = read(tmp_path, json.dumps(outbox, indent=indent).encode(), "outbox.json")
        [found] = reading.posts
        assert (found.author, found.text, found.tags, found.lang) == (
            "ana@social.example",
            "Bonjour #Lyon",
            ["#lyon"],
            "fr",
        )
        assert (found.id, found.time) == ("https://social.example/users/ana/statuses/1", NOON)
        assert found.media == [Media("https://social.example/m.png", "image")]
        assert (reading.skipped, reading.dead) == (1, [])

    def test_a_boost_that_carries_its_original_counts_as_a_repost(self, tmp_path: Path) -> None:
        boost = activity(2, type="Announce", object=activity(1)["object"], actor="https://b.example/@bob")
        [found] = read(tmp_path, line(boost)).posts
        assert (found.author, found.repost_of) == ("bob@b.example", "https://social.example/users/ana/statuses/1")

    def test_an_actor_that_is_a_service_is_a_bot(self, tmp_path: Path) -> None:
        for kind, told in (("Service", True), ("Application", True), ("Person", False)):
            actor = {"type": kind, "id": "https://b.example/users/bob"}
            [found] = read(tmp_path, line(activity(1, actor=actor))).posts
            assert (found.author, found.bot, found.server) == ("bob@b.example", told, "b.example")

    def test_likes_and_deletions_are_skipped(self, tmp_path: Path) -> None:
        reading = read(tmp_path, lines(activity(1), activity(2, type="Delete"), activity(3, type="Like", object="x")))
        assert (len(reading.posts), reading.skipped, reading.dead) == (1, 2, [])


class TestJetstream:
    def test_a_post(self, tmp_path: Path) -> None:
        [found] = read(tmp_path, line(skeet())).posts
        assert found.id == "at://did:plc:abc123/app.bsky.feed.post/k1"
        assert (found.author, found.text, found.time) == ("did:plc:abc123", "été #Lyon", NOON + 250)
        assert (found.lang, found.source, found.tags) == ("fr", "bluesky", ["#Lyon"])
        assert found.url == "https://bsky.app/profile/did:plc:abc123/post/k1"

    def test_a_facet_that_points_nowhere_still_declares_its_tag(self, tmp_path: Path) -> None:
        facets = [
            {
                "index": {"byteStart": start, "byteEnd": end},
                "features": [{"$type": "app.bsky.richtext.facet#tag", "tag": tag}],
            }
            for start, end, tag in ((1, 4, "cut"), (-5, 10**12, "far"), (9, 2, "back"))
        ]
        facets.append(
            {
                "index": {"byteStart": 0, "byteEnd": 2},
                "features": [{"$type": "app.bsky.richtext.facet#link", "uri": "x"}],
            }
        )
        [found] = read(tmp_path, line(skeet(facets=facets, tags=["outside"]))).posts
        assert found.tags == ["#cut", "#far", "#back", "#outside"]

    def test_other_events_are_skipped(self, tmp_path: Path) -> None:
        reading = read(
            tmp_path,
            lines(
                skeet(1),
                skeet(2, commit={"collection": "app.bsky.feed.like"}),
                skeet(3, commit={"operation": "delete"}),
                skeet(4, commit={"collection": "app.bsky.feed.repost", "record": {"subject": {"uri": "at://x"}}}),
                {"did": "did:plc:abc123", "time_us": 1, "kind": "identity", "identity": {}},
            ),
        )
        assert (len(reading.posts), reading.skipped, reading.dead) == (1, 4, [])

    def test_an_address_made_of_a_hostile_key_is_refused(self, tmp_path: Path) -> None:
        reading = read(tmp_path, lines(skeet(1), skeet(2, commit={"rkey": "../x y"}), skeet(3, createdAt="soon")))
        assert reading.faults == [(2, "invalid")]
        assert len(reading.posts) == 2  # the third at the time when the relay had it
