"""Every format gives the post its network would show."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import pytest
from archive_samples import NOON, Reading, activity, line, lines, post, read, skeet, status, tweet, tweet2

from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.formats.markup import text_of
from pipeline.sources.archives.read import FORMATS, read_archives
from schemas.posts import Media

SAMPLES: dict[str, Any] = {
    "post": post(1),
    "tweet-v1": tweet(),
    "tweet-v2": tweet2(),
    "mastodon": status(),
    "activitystreams": activity(),
    "jetstream": skeet(),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_a_format_is_told_by_its_content_as_well_as_by_its_name(tmp_path: Path, name: str) -> None:
    content = lines(SAMPLES[name], SAMPLES[name])
    told, named = read(tmp_path, content), read(tmp_path, content, format=name)
    assert len(told.posts) == 2
    assert told.posts == named.posts
    assert not told.dead


def test_all_formats_may_be_mixed_in_one_file(tmp_path: Path) -> None:
    reading = read(tmp_path, lines(*SAMPLES.values(), *SAMPLES.values()))
    assert len(reading.posts) == 2 * len(SAMPLES)
    assert not reading.dead


def test_every_format_named_is_one_that_can_be_read(tmp_path: Path) -> None:
    for name in FORMATS:
        assert read(tmp_path, b"", format=name).posts == []
    with pytest.raises(ArchiveError, match=r"unknown format 'xml': use one of auto, .*post, .*tweet-v1.*, csv"):
        read_archives([str(tmp_path)], format="xml")


def test_an_own_post_keeps_all_its_fields_and_gets_its_time_in_ms(tmp_path: Path) -> None:
    more = {
        "source": "sms",
        "lang": "fr",
        "repost_of": "x",
        "tags": ["#a"],
        "url": "https://a.example",
        "author_name": "A",
        "events": ["fair"],
    }
    reading = read(tmp_path, line(post(1, "2014-05-01T14:00:00+02:00", created="2014-05-01T11:00:00Z", **more)))
    [found] = reading.posts
    assert (found.time, found.created) == (NOON, NOON - 3_600_000)
    assert {name: getattr(found, name) for name in more} == more


class TestTweetsOfVersion1:
    def test_a_tweet(self, tmp_path: Path) -> None:
        [found] = read(tmp_path, line(tweet())).posts
        assert (found.id, found.author, found.text, found.time) == ("1", "Ana_B", "hello #World & $ABC", NOON)
        assert (found.source, found.lang, found.tags, found.repost_of) == ("twitter", "en", ["#World", "$ABC"], None)
        assert (found.author_name, found.avatar) == ("Ana", "https://a.example/x.png")
        assert found.url == "https://twitter.com/Ana_B/status/1"

    def test_the_longest_text_wins_with_its_tags(self, tmp_path: Path) -> None:
        long = tweet(extended_tweet={"full_text": "long #Tail", "entities": {"hashtags": [{"text": "Tail"}]}})
        full = tweet(2, full_text="full")
        found = read(tmp_path, lines(long, full)).posts
        assert [(each.text, each.tags) for each in found] == [("long #Tail", ["#Tail"]), ("full", ["#World", "$ABC"])]

    def test_a_retweet_has_text_and_tags_of_the_full_original(self, tmp_path: Path) -> None:
        original = tweet(
            9, "cut", extended_tweet={"full_text": "whole #One &lt;3", "entities": {"hashtags": [{"text": "One"}]}}
        )
        [found] = read(tmp_path, line(tweet(10, "RT @x: cu", retweeted_status=original))).posts
        assert (found.id, found.repost_of, found.text, found.tags) == ("10", "9", "whole #One <3", ["#One"])

    def test_a_quote_is_no_repost(self, tmp_path: Path) -> None:
        [found] = read(tmp_path, line(tweet(quoted_status=tweet(9)))).posts
        assert found.repost_of is None

    def test_pictures_come_along(self, tmp_path: Path) -> None:
        media = {"media": [{"media_url_https": "https://a.example/p.jpg", "type": "photo", "ext_alt_text": "p"}]}
        [found] = read(tmp_path, line(tweet(extended_entities=media))).posts
        assert found.media == [Media("https://a.example/p.jpg", "image", "p")]

    def test_a_tweet_may_be_wrapped_and_numbers_stand_in_for_strings(self, tmp_path: Path) -> None:
        bare = tweet(5)
        del bare["id_str"], bare["user"]["screen_name"]
        [found] = read(tmp_path, line({"tweet": bare})).posts
        assert (found.id, found.author, found.url) == ("5", "77", None)

    def test_notices_of_the_stream_are_skipped_not_dead(self, tmp_path: Path) -> None:
        reading = read(tmp_path, lines({"delete": {"status": {"id": 1}}}, tweet(), {"limit": {"track": 4}}))
        assert (len(reading.posts), reading.skipped, reading.dead) == (1, 2, [])

    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            ({"created_at": "yesterday"}, "time"),
            ({"created_at": "Thu May 32 12:00:00 +0000 2014"}, "time"),
            ({"created_at": "Thu May 01 24:00:00 +0000 2014"}, "time"),
            ({"created_at": "Fri Jan 01 00:00:00 +0000 9999"}, "time"),
            ({"user": {}}, "invalid"),
            ({"user": 3}, "invalid"),
            ({"text": None}, "invalid"),
            ({"text": "x" * 65_537}, "invalid"),
            ({"id_str": "x" * 257, "id": None}, "invalid"),
            ({"id_str": None, "id": None}, "invalid"),
            ({"id_str": "a\0b"}, "invalid"),
            ({"retweeted_status": {"text": "x"}}, "invalid"),
        ],
    )
    def test_a_broken_tweet_is_one_dead_line(self, tmp_path: Path, change: dict[str, Any], reason: str) -> None:
        reading = read(tmp_path, lines(tweet(1), tweet(2, **change), tweet(3)))
        assert (reading.ids, reading.faults) == (["1", "3"], [(2, reason)])


class TestTweetsOfVersion2:
    PAGE: ClassVar[dict[str, Any]] = {
        "data": [
            tweet2(1, attachments={"media_keys": ["m1"]}),
            tweet2(2, text="RT @x: cu", referenced_tweets=[{"type": "retweeted", "id": "9"}]),
            tweet2(3, referenced_tweets=[{"type": "quoted", "id": "9"}]),
        ],
        "includes": {
            "users": [{"id": "77", "username": "Ana_B", "name": "Ana"}],
            "tweets": [
                {
                    "id": "9",
                    "text": "whole #One",
                    "entities": {"hashtags": [{"tag": "One"}], "cashtags": [{"tag": "T"}]},
                }
            ],
            "media": [{"media_key": "m1", "type": "photo", "url": "https://a.example/p.jpg", "alt_text": "p"}],
        },
        "meta": {"result_count": 3},
    }

    def check(self, reading: Reading) -> None:
        first, repost, quote = reading.posts
        assert (first.id, first.author, first.text, first.time) == ("1", "Ana_B", "hello #World & co", NOON)
        assert (first.tags, first.author_name, first.media) == (
            ["#World"],
            "Ana",
            [Media("https://a.example/p.jpg", "image", "p")],
        )
        assert (repost.repost_of, repost.text, repost.tags) == ("9", "whole #One", ["#One", "$T"])
        assert quote.repost_of is None
        assert not reading.dead

    def test_a_page_a_line(self, tmp_path: Path) -> None:
        self.check(read(tmp_path, line(self.PAGE)))

    def test_a_page_over_many_lines(self, tmp_path: Path) -> None:
        self.check(read(tmp_path, json.dumps(self.PAGE, indent=2).encode()))

    def test_twarc_pages_and_flattened_lines(self, tmp_path: Path) -> None:
        self.check(read(tmp_path, line({**self.PAGE, "__twarc": {"version": "2"}}), format="twarc"))
        flat = tweet2(
            2,
            text="RT @x: cu",
            author={"id": "77", "username": "Ana_B"},
            __twarc={"version": "2"},
            referenced_tweets=[{"type": "retweeted", "id": "9", "text": "whole"}],
        )
        for name in ("auto", "twarc", "tweet-v2"):
            [found] = read(tmp_path, line(flat), format=name).posts
            assert (found.author, found.text, found.repost_of) == ("Ana_B", "whole", "9")

    def test_twarc_of_the_first_generation(self, tmp_path: Path) -> None:
        assert read(tmp_path, lines(tweet(1), tweet(2)), format="twarc").ids == ["1", "2"]

    def test_a_stream_line_holds_one_tweet(self, tmp_path: Path) -> None:
        [found] = read(tmp_path, line({"data": tweet2(4), "includes": self.PAGE["includes"]})).posts
        assert (found.id, found.author) == ("4", "Ana_B")

    def test_one_bad_tweet_of_a_page_is_dead_alone(self, tmp_path: Path) -> None:
        page = {**self.PAGE, "data": [tweet2(1), {"id": "2"}, tweet2(3)]}
        reading = read(tmp_path, line(page))
        assert (reading.ids, reading.faults) == (["1", "3"], [(1, "invalid")])
        assert json.loads(reading.dead[0].raw) == {"id": "2"}

    def test_an_empty_page_is_skipped(self, tmp_path: Path) -> None:
        reading = read(tmp_path, line({"meta": {"result_count": 0}}), format="tweet-v2")
        assert (reading.posts, reading.dead, reading.skipped) == ([], [], 1)


class TestTables:
    def test_obvious_columns_are_recognised_and_the_delimiter_found(self, tmp_path: Path) -> None:
        for mark in ",;\t|":
            rows = [
                ["id", "created_at", "username", "tweet", "lang"],
                ["7", "2014-05-01 12:00:00", "@ana", '"say ""hi"" #a\nnext"', "fr"],
            ]
            content = "\ufeff" + "".join(mark.join(row) + "\r\n" for row in rows)
            [found] = read(tmp_path, content.encode(), "posts.csv").posts
            assert (found.id, found.author, found.text, found.time) == ("7", "ana", 'say "hi" #a\nnext', NOON)
            assert (found.lang, found.source) == ("fr", "twitter")

    def test_columns_can_be_named_and_rows_without_id_get_one(self, tmp_path: Path) -> None:
        content = b"who,quand,quoi\nana,1398945600,un\nbob,1398945600500,deux\n"
        reading = read(tmp_path, content, "p.csv", given=Given({"text": "quoi", "author": "who", "time": "quand"}))
        assert [each.text for each in reading.posts] == ["un", "deux"]
        assert [each.time for each in reading.posts] == [NOON, NOON + 500]
        other = read(tmp_path, content, "q.csv", given=Given({"text": "quoi", "author": "who", "time": "quand"}))
        assert reading.ids == other.ids
        assert len(set(reading.ids)) == 2

    def test_a_cell_may_hold_a_whole_page(self, tmp_path: Path) -> None:
        page = "x" * 200_000
        content = f"id,created_at,user,text,page\n1,2014-05-01 12:00:00,ana,so #lyon,{page}\n"
        assert read(tmp_path, content.encode(), name="pages.csv").ids == ["1"]

    def test_a_broken_row_costs_only_itself(self, tmp_path: Path) -> None:
        content = (
            b'id,time,author,text\n1,1398945600,a,x\n2,1398945600,a,"open\n3,1398945600,a,x\n4,soon,a,x\n5,1398945600,a\n'
            b'6,1398945600,,x\n7,1398945600,a,\xff\n8,1398945600,a,5" wide\n9,1398945600,a,"two\nlines"\n'
        )
        reading = read(tmp_path, content, "p.csv")
        assert reading.ids == ["1", "3", "8", "9"]
        assert reading.faults == [(3, "invalid"), (5, "time"), (6, "invalid"), (7, "invalid"), (8, "not-utf8")]

    def test_a_quote_that_never_ends_does_not_swallow_the_table(self, tmp_path: Path) -> None:
        content = b'id,time,author,text\n0,1398945600,a,"open\n' + b"".join(
            b"%d,1398945600,a,x\n" % n for n in range(1, 40_000)
        )
        reading = read(tmp_path, content, "p.csv")
        assert (len(reading.posts), reading.faults) == (39_999, [(2, "invalid")])

    def test_missing_columns_are_named(self, tmp_path: Path) -> None:
        with pytest.raises(ArchiveError, match="no column for time and author: it has text, b"):
            read(tmp_path, b"text,b\n1,2\n", "p.csv", format="csv")
        with pytest.raises(ArchiveError, match="no column 'quoi'"):
            read(tmp_path, b"text,time,author\n", "p.csv", given=Given({"text": "quoi"}))
        with pytest.raises(ArchiveError, match="'words' is no field"):
            read(tmp_path, b"text,time,author\n", "p.csv", given=Given({"words": "text"}))


class TestMarkup:
    @pytest.mark.parametrize(
        ("content", "text"),
        [
            ("plain & simple", "plain & simple"),
            ("<p>a</p><p>b<br>c</p>", "a\n\nb\nc"),
            (
                '<a href="https://a.example/x"><span class="invisible">https://</span>a.example<span>/x</span></a>',
                "https://a.example/x",
            ),
            ('<span class="h-card"><a href="https://b.example/@bob">@<span>bob</span></a></span> hi', "@bob hi"),
            ("1 < 2 &lt;b&gt; &amp;amp; <3", "1 < 2 <b> &amp; <3"),
            ("x<script>alert(1)</script><style>p{}</style><!-- n -->y", "xy"),
            ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
            ("&#" + "9" * 5_000 + "; &#xD800; &bogus;", "\ufffd \ufffd &bogus;"),
            ("<p", "<p"),
            ("", ""),
        ],
    )
    def test_reads_as_its_reader_sees_it(self, content: str, text: str) -> None:
        assert text_of(content) == text

    @pytest.mark.timeout(10)
    @pytest.mark.parametrize(
        "piece", ["<", "<a ", "<!--", "<script>", "&#", "&a", " ", "<p>", "<a href='", "\n \n", "</script "]
    )
    def test_takes_linear_time(self, piece: str) -> None:
        text_of(piece * 100_000 + "x")
        text_of("x\n" + piece * 100_000)


def test_standard_input_is_read_like_a_file() -> None:
    batches = list(read_archives(["-"], stdin=io.BytesIO(lines(tweet(1), tweet(2)))))
    assert [each.id for batch in batches for each in batch.posts] == ["1", "2"]
    assert {batch.file for batch in batches} == {"-"}
    assert batches[-1].bytes_total is None


def test_a_chat_too_large_to_be_held_is_public_or_not_all_the_same(tmp_path: Path) -> None:
    """Of an account's export: messages of chats above the limit of a page are read one by one."""
    long = "x" * 60_000

    def chat(number: int, kind: str, said: int) -> dict[str, Any]:
        messages = [
            {
                "id": n,
                "type": "message",
                "date_unixtime": f"{1_600_000_000 + n}",
                "date": "",
                "from_id": "user1",
                "text": f"#chat{number} {long}",
            }
            for n in range(said)
        ]
        return {"name": "n", "type": kind, "id": number, "messages": messages}

    chats = [chat(1, "public_channel", 1), chat(2, "private_group", 300), chat(3, "public_supergroup", 290)]
    export = {"about": "this", "chats": {"about": "these", "list": chats}}
    found = read(tmp_path, msgspec.json.encode(export), "result.json")
    assert not found.dead
    assert {post.id.partition("/")[0] for post in found.posts} == {"1", "3"}
    assert (len(found.posts), found.skipped) == (291, 300)
    alone = read(tmp_path, msgspec.json.encode(chat(4, "private_group", 300)), "alone.json")
    assert (len(alone.posts), alone.skipped) == (0, 300)


def test_lines_that_a_database_wrapped_are_read_far_behind_lines_that_nobody_did(tmp_path: Path) -> None:
    filler = [tweet(number, text="hello " * 1_000) for number in range(1, 40)]  # beyond what the first lines tell
    wrapped = tweet(99, created_at={"$date": "2014-05-01T12:00:00Z"})
    other = line(json.dumps(tweet(100)))
    found = read(tmp_path, lines(*filler, wrapped, other))
    assert {"99", "100"} < set(found.ids)
    assert (len(found.posts), found.dead) == (41, [])
