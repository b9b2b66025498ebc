"""The demo's channels: what people write goes out over real protocols, and comes back whole, deletions too."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pipeline.cli.demo_channels import IN_FEED_ONE_IN, ON_NOSTR_ONE_IN, Channels, channels
from pipeline.cli.demo_people import chance
from schemas import Post
from schemas.posts import Media
from tests.sinks.servers import until

NOW = 1_795_881_600_000
PICTURE = [Media("https://pictures.upswell.example/scene/7.png", description="Une foule")]
WRITERS = {chance(f"hugo{n}@toot.example") % ON_NOSTR_ONE_IN == 0: f"hugo{n}@toot.example" for n in range(30)}
TOOT = Post(
    "2126707726023986371", WRITERS[False], "La <b>salle</b> & l’oratrice #CapComNet", NOW, source="mastodon",
    lang="fr", tags=["capcomnet"], author_name="Hugo Durand", avatar="https://pictures.upswell.example/face/4.png",
    media=PICTURE,
)  # fmt: skip
SKEET = Post(
    "at://app.bsky.feed.post/3l2126", "zoe.sky.example", "Complet ce soir. #Paris20 #CapComNet", NOW, source="bluesky",
    lang="fr", author_name="Zoe Martin",
)  # fmt: skip
NEWS = next(
    Post(str(n), "emma", "Le mot du maire #Paris20", NOW, source="twitter")
    for n in range(100)
    if chance(str(n)) % IN_FEED_ONE_IN == 0
)
TWEET = next(
    Post(
        str(n), "lea_roux4", "On y est #Paris20 &amp; #CapComNet", NOW, source="twitter", lang="fr",
        author_name="Léa Roux", avatar="https://pictures.upswell.example/face/4.png", media=PICTURE,
    )
    for n in range(100)
    if chance(str(n)) % IN_FEED_ONE_IN
)  # fmt: skip
TEXTED = Post("sm812", "sms-0004021", "La file avance #CapComNet & tout va bien", NOW, source="sms", author_name="Zoe")
WRITTEN = Post(
    "<77@mail.example>", "manon.roux9@mail.example", "Merci à l’équipe ! #Paris20\nÀ demain.", NOW, source="mail",
    author_name="Manon Roux",
)  # fmt: skip
OTHERS = (
    msgspec.structs.replace(TOOT, id="1", text="autre chose", tags=None),
    msgspec.structs.replace(TOOT, id="2", repost_of=TOOT.id),
    msgspec.structs.replace(SKEET, id="3", source="tiktok"),
)


def came(through: Channels, wanted: int, posts: Sequence[Post] = ()) -> dict[str, Post]:
    """What comes back, once there is so much of it."""
    found = through.through(posts)
    until(lambda: len(found) >= wanted or found.extend(through.through(())))
    return {post.source or "": post for post in found}


def test_posts_and_deletions_come_back_over_the_protocols_of_their_networks() -> None:
    now = [NOW]
    with channels(("#capcomnet", "#paris20"), lambda: now[0]) as through:
        assert through.through([TOOT, *OTHERS]) == [TOOT, *OTHERS]  # nobody reads yet: none is lost
        until(lambda: through._are_read())
        assert through.through(OTHERS) == list(OTHERS)
        now[0] += 5_000
        back = came(through, 3, [TOOT, SKEET, NEWS])
        stamped = {"time": now[0], "created": NOW}
        assert back["mastodon"] == msgspec.structs.replace(TOOT, tags=["#capcomnet"], server="toot.example", **stamped)
        assert back["bluesky"] == msgspec.structs.replace(SKEET, url=back["bluesky"].url, **stamped)
        assert (back["feed"].text, back["feed"].time) == (NEWS.text, now[0])
        now[0] += 60_000
        gone = came(through, 2, [msgspec.structs.replace(post, deleted=now[0]) for post in (TOOT, SKEET, NEWS)])
        assert {(it.source, it.id, it.author, it.deleted) for it in gone.values()} == {
            (it.source, it.id, it.author, now[0]) for it in (TOOT, SKEET)
        }


def test_notes_of_nostr_and_posts_of_x_come_by_their_protocols_and_notes_go_by_a_deletion_of_their_own() -> None:
    now, said = [NOW], msgspec.structs.replace(TOOT, author=WRITERS[True])
    with channels(("#capcomnet", "#paris20"), lambda: now[0]) as through:
        until(lambda: through._are_read())
        now[0] += 5_000
        back = came(through, 2, [said, TWEET])
        note, tweet = back["nostr"], back["twitter"]
        assert (note.text, note.author_name, note.avatar, note.time) == (
            TOOT.text,
            TOOT.author_name,
            TOOT.avatar,
            now[0],
        )
        assert len(note.id) == len(note.author) == 64, "an event's id and a key"
        assert tweet == msgspec.structs.replace(TWEET, text="On y est #Paris20 & #CapComNet", time=now[0], created=NOW,
                                                tags=tweet.tags, url=tweet.url, media=tweet.media)  # fmt: skip
        now[0] += 60_000
        gone = came(through, 2, [msgspec.structs.replace(post, deleted=now[0]) for post in (said, TWEET)])
        assert {(it.source, it.id, it.author, it.time, it.deleted) for it in gone.values()} == {
            (it.source, it.id, it.author, NOW + 5_000, now[0]) for it in (note, tweet)
        }, "X's stream tells no deletion: it is of the post as it came"


def test_an_sms_that_is_refused_holds_up_none_that_come_after_it() -> None:
    with channels(("#capcomnet", "#paris20"), lambda: NOW + 5_000) as through:
        until(lambda: through._are_read())
        refused = msgspec.structs.replace(TEXTED, id="sm1", text="#CapComNet " + "y" * 3_000_000)
        assert [post.id for post in came(through, 1, [refused, TEXTED]).values()] == [TEXTED.id]


def test_an_sms_comes_by_its_providers_webhook_and_a_mail_by_the_letter_box_and_neither_tells_who_wrote() -> None:
    with channels(("#capcomnet", "#paris20"), lambda: NOW + 5_000) as through:
        until(lambda: through._are_read())
        back = came(through, 2, [TEXTED, WRITTEN])
        for sent, name in ((TEXTED, "SMS ··21"), (WRITTEN, "Mail m··")):
            post = back[str(sent.source)]
            assert (post.id, post.author, post.author_name) == (sent.id, sent.author, name)
            assert (post.text, post.time) == (sent.text, NOW + 5_000)
        gone = msgspec.structs.replace(TEXTED, deleted=NOW + 6_000)
        # nobody can take an SMS back: its sender asks for it otherwise; it is of the moment at which it came
        assert through.through([gone]) == [msgspec.structs.replace(gone, time=NOW + 5_000)]
