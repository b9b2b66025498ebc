"""What clients of Mastodon ask a server for: what it is, and which tags, posts and links trend.

The shapes are those of https://docs.joinmastodon.org/entities/. Nothing is fetched: a link is told as people wrote it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from html import escape
from importlib.metadata import version
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

import msgspec
from litestar import Router, get
from litestar.params import QueryParameter

from pipeline.text import dialect_of, extract
from pipeline.web.answers import rfc3339
from pipeline.web.api import FAULTS, Limit, Web
from pipeline.web.history import DAY_MS
from pipeline.web.wall.recent import Example
from pipeline.wording import languages
from schemas import Trend, TrendList

TAG_DAYS = 7  # of a tag's history, as Mastodon's clients draw them
_LIKE = "4.3.0"  # the release of Mastodon whose shapes these are: clients look which a server can do


class Day(msgspec.Struct):
    """A day of a tag or a link, as Mastodon tells it: numbers are text, `day` is seconds since 1970."""

    day: str
    accounts: str
    uses: str


class Tag(msgspec.Struct):
    """Mastodon's Tag entity."""

    name: str
    url: str
    history: list[Day]


def mastodon_routes(web: Web) -> Router:
    """`instance`, `trends/tags`, `trends/statuses` and `trends/links`, where Mastodon's clients look for them."""
    domain = urlsplit(web.public_url).hostname or "localhost"

    def newest() -> TrendList | None:
        change = web.feed.current("all", "24h") or web.feed.current("all", "1h")
        return change.list if change else None

    def examples() -> list[Example]:
        found = newest()
        ids = [post for row in (found.trends if found else []) if row.trending for post in row.examples]
        return web.examples(list(dict.fromkeys(ids)), "all")

    @get("/api/v1/trends/tags", responses={400: FAULTS[400]})
    async def tags(
        limit: Limit = 10,
        offset: Annotated[int, QueryParameter(ge=0, le=1_000)] = 0,
    ) -> list[Tag]:
        """Trending hashtags as Mastodon's clients read them: the list `all` over 24 h, else over 1 h, and for the six
        days before what that list said at their ends."""
        found = newest()
        rows = [row for row in found.trends if row.topic.startswith("#")] if found else []
        base = f"{web.public_url.rstrip('/')}/"
        end_ms = max(found.at - 1, 0) if found else 0  # a list that ends at midnight tells of the day before
        rows = rows[offset : offset + limit]
        pasts = [[(0, 0)] * (TAG_DAYS - 1)] * len(rows)
        if web.history is not None:
            pasts = await asyncio.to_thread(web.history.days, [row.topic for row in rows], end_ms, TAG_DAYS - 1)
        return [_tag(row, end_ms, past, base) for row, past in zip(rows, pasts, strict=True)]

    @get("/api/v1/trends/statuses", responses={400: FAULTS[400]})
    async def statuses(limit: Limit = 20) -> list[dict[str, Any]]:
        """Example posts of what trends, as Mastodon's clients read statuses; the strongest topic's first."""
        return [_status(post) for post in examples()[:limit]]

    @get("/api/v1/trends/links", responses={400: FAULTS[400]})
    async def links(limit: Limit = 10) -> list[dict[str, Any]]:
        """The links in these posts, as Mastodon's clients read them: what most people link first."""
        people: dict[str, set[str]] = {}
        posts: dict[str, list[Example]] = {}
        for post in examples():
            for url in _links(post):
                people.setdefault(url, set()).add(f"{post.source}/{post.author}")
                posts.setdefault(url, []).append(post)
        order = sorted(posts, key=lambda url: -len(people[url]))  # else as their topics are
        return [_link(url, posts[url], len(people[url])) for url in order[:limit]]

    @get("/api/v1/instance")
    async def instance() -> dict[str, Any]:
        """What this server is, as clients of Mastodon up to 3 ask for it."""
        about = _about(domain)
        return about | {
            "uri": domain,
            "short_description": about["description"],
            "email": "",
            "urls": {},
            "stats": {"user_count": 0, "status_count": 0, "domain_count": 0},
            "thumbnail": None,
            "registrations": False,
            "approval_required": False,
            "invites_enabled": False,
            "contact_account": None,
        }

    @get("/api/v2/instance")
    async def instance_now() -> dict[str, Any]:
        """The same for later ones. Nobody has an account here."""
        return _about(domain) | {
            "domain": domain,
            "source_url": "",
            "usage": {"users": {"active_month": 0}},
            "thumbnail": {"url": ""},
            "icon": [],
            "registrations": {"enabled": False, "approval_required": False, "message": None},
            "api_versions": {"mastodon": 2},
            "contact": {"email": "", "account": None},
        }

    return Router("/", route_handlers=[tags, statuses, links, instance, instance_now])


def _about(domain: str) -> dict[str, Any]:
    return {
        "title": domain,
        "description": "What is trending, live (upswell).",
        "version": f"{_LIKE} (compatible; upswell {version('upswell')})",
        "languages": list(languages()),
        "configuration": {"urls": {}, "translation": {"enabled": False}},
        "rules": [],
    }


def _tag(row: Trend, end_ms: int, past: Sequence[tuple[int, int]], base: str) -> Tag:
    name = row.display.lstrip("#\uff03")
    today = end_ms // DAY_MS * 86_400
    days = [(row.posts, row.authors), *past]
    history = [Day(str(today - n * 86_400), str(people), str(posts)) for n, (posts, people) in enumerate(days)]
    return Tag(name, f"{base}?topic={quote(row.topic)}", history)


def _links(post: Example) -> Sequence[str]:
    """The web addresses in a post, each once."""
    found = (item.text for item in extract(post.text, dialect_of(post.source)).urls)
    whole = (url if "://" in url else f"https://{url}" for url in found)
    return list(dict.fromkeys(url for url in whole if url.lower().startswith(("http://", "https://"))))


def _link(url: str, posts: Sequence[Example], people: int) -> dict[str, Any]:
    """Mastodon's Trends::Link. Its day is that of the newest of the posts."""
    host = urlsplit(url).hostname or ""
    day = max(post.time for post in posts) // DAY_MS * 86_400
    return {
        "url": url,
        "title": host,
        "description": "",
        "type": "link",
        "author_name": "",
        "author_url": "",
        "authors": [],
        "provider_name": host,
        "provider_url": "",
        "html": "",
        "width": 0,
        "height": 0,
        "image": None,
        "embed_url": "",
        "blurhash": None,
        "language": None,
        "published_at": None,
        "history": [Day(str(day), str(people), str(len(posts)))],
    }


def _status(post: Example) -> dict[str, Any]:
    """Mastodon's Status entity, of what is known of a post; `content` is HTML there, so its text is escaped."""
    account = {
        "id": f"{post.source}/{post.author}",
        "username": post.author,
        "acct": f"{post.author}@{post.source}",
        "display_name": post.name,
        "url": post.url,
        "note": "",
        "avatar": "",
        "avatar_static": "",
        "header": "",
        "header_static": "",
        "locked": False,
        "bot": False,
        "group": False,
        "created_at": rfc3339(0),
        "followers_count": 0,
        "following_count": 0,
        "statuses_count": 0,
        "emojis": [],
        "fields": [],
    }
    return {
        "id": post.id,
        "uri": post.url,
        "url": post.url or None,
        "created_at": rfc3339(post.time),
        "account": account,
        "content": f"<p>{escape(post.text)}</p>",
        "visibility": "public",
        "sensitive": False,
        "spoiler_text": "",
        "media_attachments": [],
        "mentions": [],
        "tags": [],
        "emojis": [],
        "language": None,
        "reblogs_count": 0,
        "favourites_count": 0,
        "replies_count": 0,
        "in_reply_to_id": None,
        "in_reply_to_account_id": None,
        "reblog": None,
        "poll": None,
        "card": None,
        "edited_at": None,
    }
