"""A feed that is asked, and the same feed kept as a file, are the same posts: id, time, author, text, tags."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from pipeline.sources.archives.read import read_archives
from pipeline.sources.live.feed_entries import entries_of
from schemas import Post

FETCHED = "https://hub.example/fetched/here"  # feeds are named by their home, not by where they were fetched
DATE = "<pubDate>Mon, 04 May 2026 10:00:00 +0200</pubDate>"


def rss(items: str, around: str = "<title>News</title><link>https://news.example/</link>", spaces: str = "") -> str:
    return f'<?xml version="1.0"?><rss version="2.0" {spaces}><channel>{around}{items}</channel></rss>'


def item(inner: str, date: str = DATE) -> str:
    return f"<item>{inner}{date}</item>"


def atom(entries: str, around: str = '<title>Blog</title><link href="https://blog.example/"/>') -> str:
    return f'<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom">{around}{entries}</feed>'


def entry(inner: str, date: str = "<updated>2026-05-04T08:00:00Z</updated>") -> str:
    return f"<entry>{inner}{date}</entry>"


def json_feed(*items: dict[str, object], **around: object) -> str:
    told = {"version": "https://jsonfeed.org/version/1.1", "title": "J", "home_page_url": "https://j.example/"}
    return json.dumps(told | around | {"items": items})


DC = 'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/"'
LONG = "word #harbour " * 3_000
AT = {"id": "https://j.example/1", "date_published": "2026-05-04T10:00:00+02:00"}
FEEDS = {
    "rss": rss(item("<guid>https://news.example/1</guid><title>Hi</title><description>All #harbour</description>")),
    "rss with numbers as ids": rss(item("<guid isPermaLink='false'>17</guid><title>Hi</title>")),
    "rss without ids": rss(item("<link>https://news.example/1</link><title>Hi</title>")),
    "rss with neither id nor link": rss(item("<title>Hi</title><description>text</description>")),
    "rss that repeats its title": rss(
        item("<guid>a:1</guid><title>Hi all</title><description>Hi all, well</description>")
    ),
    "rss with markup": rss(
        item("<guid>a:1</guid><title>A &amp;amp; B</title><description>&lt;p&gt;x&lt;br&gt;y&lt;/p&gt;</description>")
    ),
    "rss with categories": rss(
        item("<guid>a:1</guid><title>Hi</title><category>Open Source</category><category>#été</category><category/>")
    ),
    "rss with whole texts": rss(
        item(
            "<guid>a:1</guid><description>short</description><content:encoded>&lt;p&gt;all&lt;/p&gt;</content:encoded>"
        ),
        spaces=DC,
    ),
    "rss with creators": rss(item("<guid>a:1</guid><title>Hi</title><dc:creator>Ana  B</dc:creator>"), spaces=DC),
    "rss with authors as mails": rss(item("<guid>a:1</guid><title>Hi</title><author>a@news.example (Ana)</author>")),
    "rss with dublin core's dates": rss(
        item("<guid>a:1</guid><title>Hi</title>", "<dc:date>2026-05-04T10:00:00+02:00</dc:date>"), spaces=DC
    ),
    "rss with zones in letters": rss(item("<guid>a:1</guid><title>Hi</title>", DATE.replace("+0200", "EDT"))),
    "rss without seconds": rss(item("<guid>a:1</guid><title>Hi</title>", DATE.replace(":00 +0200", " GMT"))),
    "rss with years of two digits": rss(item("<guid>a:1</guid><title>Hi</title>", DATE.replace("2026", "26"))),
    "rss with dates as databases write them": rss(
        item("<guid>a:1</guid><title>Hi</title>", "<pubDate>2026-05-04 10:00:00</pubDate>")
    ),
    "rss with dates in french": rss(
        item("<guid>a:1</guid><title>Hi</title>", "<pubDate>lun., 04 mai 2026 10:00:00 +0200</pubDate>")
    ),
    "rss with dates in greek": rss(
        item("<guid>a:1</guid><title>Hi</title>", "<pubDate>Δευ, 04 Μαϊ 2026 10:00:00 EST</pubDate>")
    ),
    "rss with a long text": rss(item(f"<guid>a:1</guid><title>Hi</title><description>{LONG}</description>")),
    "rss with a long id": rss(item(f"<guid>https://news.example/{'x' * 400}</guid><title>Hi</title>")),
    "rss with a picture": rss(
        item('<guid>a:1</guid><title>Hi</title><enclosure url="https://news.example/p.jpg" type="image/jpeg"/>')
    ),
    "rss without a home": rss(
        item("<guid>a:1</guid><title>Hi</title>"),
        '<title>N</title><atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" href="https://n.example/f"/>',
    ),
    "rss in french": rss(
        item("<guid>a:1</guid><title>Hi</title>"),
        "<title>N</title><link>https://n.example</link><language>fr</language>",
    ),
    "rss whose entries say nothing": rss(item("<guid>a:1</guid>") + item("<guid>a:2</guid><title>Hi</title>")),
    "rss of wordpress": rss(
        item("<guid>a:1</guid><title>No</title><wp:status>draft</wp:status>")
        + item("<guid>a:2</guid><title>Hi</title><wp:status>publish</wp:status>"),
        spaces='xmlns:wp="http://wordpress.org/export/1.2/"',
    ),
    "rdf": """<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/"
        xmlns:dc="http://purl.org/dc/elements/1.1/"><channel rdf:about="https://r.example/"><title>R</title>
        <link>https://r.example/</link></channel><item rdf:about="https://r.example/1"><title>Hi</title>
        <link>https://r.example/1</link><dc:date>2026-05-04T08:00Z</dc:date><dc:subject>harbour</dc:subject></item>
        </rdf:RDF>""",
    "atom": atom(entry('<id>tag:b,2026:1</id><title>Hi</title><content type="html">&lt;b&gt;x&lt;/b&gt;</content>')),
    "atom with published and updated": atom(
        entry("<id>a:1</id><title>Hi</title><published>2026-05-01T10:00:00Z</published>")
    ),
    "atom with xhtml": atom(
        entry(
            '<id>a:1</id><content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><p>x</p><p>y</p></div></content>'
        )
    ),
    "atom with authors": atom(
        entry("<id>a:1</id><title>Hi</title><author><name>Ana</name><email>a@b.example</email></author>")
        + entry('<id>a:2</id><title>Ho</title><category term="harbour" label="The harbour"/>')
    ),
    "atom with microseconds": atom(
        entry("<id>a:1</id><title>Hi</title>", "<updated>2026-05-04T10:00:00.123456+02:00</updated>")
    ),
    "json": json_feed(AT | {"content_text": "Hi #harbour", "tags": ["harbour", "Open Source"]}),
    "json with markup": json_feed(
        AT | {"title": "Hi", "content_html": "<p>x</p><p>y</p>", "image": "https://j.example/i"}
    ),
    "json with numbers as ids": json_feed(AT | {"id": 7, "content_text": "Hi"}, AT | {"id": 8.0, "content_text": "Ho"}),
    "json without ids": json_feed(
        {"url": "https://j.example/2", "summary": "Hi", "date_modified": "2026-05-04T10:00:00Z"}
    ),
    "json with authors": json_feed(
        AT | {"content_text": "Hi", "authors": [{"name": "Ana", "avatar": "https://j.example/a.png"}]},
        AT | {"id": "2", "content_text": "Ho", "author": {"name": "Ben"}, "language": "fr"},
        authors=[{"url": "https://j.example/all"}],
    ),
    "json with dates of other programs": json_feed(
        AT | {"content_text": "Hi", "date_published": "2026-05-04 10:00:00"}
    ),
}


def said(posts: list[Post]) -> list[Post]:
    return sorted(posts, key=lambda post: (int(post.time), post.id))


@pytest.mark.parametrize("name", FEEDS)
def test_a_feed_is_the_same_posts_as_the_file_it_is_kept_in(name: str, tmp_path: Path) -> None:
    kind, _, _ = name.partition(" ")
    file = tmp_path / f"kept.{'json' if kind == 'json' else 'xml'}"
    file.write_text(FEEDS[name])
    live = entries_of(FEEDS[name].encode(), "application/json" if kind == "json" else "text/xml", FETCHED, now_ms=1)
    kept = list(read_archives([str(file)], stdin=io.BytesIO()))
    assert [dead.detail for batch in kept for dead in batch.dead] == []
    assert live.posts
    assert not live.faults
    assert said(live.posts) == said([post for batch in kept for post in batch.posts])
    assert min(int(post.time) for post in live.posts) > 1_700_000_000_000, "a date was not read"
