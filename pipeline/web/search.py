"""Search over what is listed now, what was listed in the past, the posts of late, and those that only the log holds."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

import msgspec
from litestar import Response, Router, get
from litestar.exceptions import HTTPException
from litestar.params import QueryParameter

from pipeline.kafka.connection import KafkaUseError
from pipeline.text import fold_text
from pipeline.web.answers import fault, json
from pipeline.web.api import FAULTS, ScopeName, Web
from pipeline.web.wall.recent import Example, FoundPosts, PastPosts

MAX_TOPICS, MAX_POSTS = 8, 5
MAX_OF_TOPIC = 20  # newest posts of a topic
MAX_PAST = 20  # posts that only the log holds
AGAIN_S = 10  # after which to ask again for them, where somebody else's are looked for
SAME_S, MOST_ASKED = 2.0, 200  # how long an answer holds for others who ask the same, and of how many topics
# from folded words, scope and number: the newest posts with all of them
Find = Callable[[str, str, int], Awaitable[FoundPosts]]
# from a topic's key, scope and number: its newest posts
PostsOf = Callable[[str, str, int], Coroutine[Any, Any, list[Example]]]
# as Find, of all that is kept: seconds of work (None: no more is kept than Find looks at)
FindPast = Callable[[str, str, int], Awaitable[PastPosts | None]]


class FoundTopic(msgspec.Struct):
    """A topic that fits. `now`: it stands in a current list of the scope; `at`: the last list that had it, ms."""

    topic: str
    display: str
    now: bool
    at: int


class Found(msgspec.Struct):
    """What fits: topics, the one meant first; posts, the newest first. All posts since `posts_since` (ms) were looked
    at (null: there is none, or none was looked for), and older ones as far as walls hold them."""

    topics: list[FoundTopic]
    posts: list[Example]
    posts_since: int | None
    more: bool = False  # older ones are kept, which /api/v1/search/past looks through


class Past(msgspec.Struct):
    """The posts that fit of all that are kept, the newest first. All since `posts_since` (ms) were looked at (null:
    none was), and that is all that is kept where `whole`."""

    posts: list[Example]
    posts_since: int | None
    whole: bool


async def nothing(_words: str, _scope: str, _limit: int) -> FoundPosts:
    """The `Find` of a server that knows no posts."""
    return FoundPosts([], None)


async def none_of(_topic: str, _scope: str, _limit: int) -> list[Example]:
    """The `PostsOf` of a server that knows no posts."""
    return []


def search_routes(
    web: Web, find: Find = nothing, posts_of: PostsOf = none_of, find_past: FindPast | None = None
) -> Router:
    """`find` looks for posts, `posts_of` for those of a topic, once for all who ask within SAME_S, or until one that
    was told is withdrawn; `find_past`, for those that only the log holds, for one who asks after the other and half of
    the time at most."""
    looking, rested_s = asyncio.Lock(), 0.0
    asked: OrderedDict[tuple[str, str], tuple[float, int, asyncio.Task[list[Example]]]] = OrderedDict()

    async def newest(key: str, scope: str) -> list[Example]:
        found = await posts_of(key, scope, MAX_OF_TOPIC)
        named = [post for place in web.row_of(key) if place.scope == scope for post in place.trend.examples]
        known = {post.id for post in found}
        more = [post for post in web.examples(list(dict.fromkeys(named)), scope) if post.id not in known]
        return [*found, *more][:MAX_OF_TOPIC]

    @get("/api/v1/search/posts", responses={400: FAULTS[400]})
    async def posts(
        key: Annotated[str, QueryParameter(name="topic", max_length=1_000)], named: ScopeName = "all"
    ) -> Response[list[Example]]:
        """The newest posts of late of a topic (its key with its sigil), as they may be seen in a scope, and behind them
        those that its lists name."""
        if not web.feed.shows.may_show(key, key, named):
            return json(b"[]")  # type: ignore[return-value]
        now_s = time.monotonic()
        due_s, gone, found = asked.pop((key, named), (0.0, 0, None))
        if found is None or now_s >= due_s or gone != web.feed.gone:
            due_s, gone, found = now_s + SAME_S, web.feed.gone, asyncio.create_task(newest(key, named))
        asked[key, named] = due_s, gone, found
        if len(asked) > MOST_ASKED:
            asked.popitem(last=False)
        return json(msgspec.json.encode(await asyncio.shield(found)))  # type: ignore[return-value]

    @get("/api/v1/search", responses={400: FAULTS[400]})
    async def search(
        q: Annotated[str, QueryParameter(min_length=1, max_length=200, description="part of a topic, or words")],
        named: ScopeName = "all",
    ) -> Response[Found]:
        """Topics of current and past lists of a scope whose key holds `q`, whatever its case and accents, and the posts
        of late that hold all its words; `posts_since` says how far back posts were looked at."""
        words = fold_text(q).strip()
        part = words.replace(" ", "").lstrip("#$＃")
        topics = _listed(web, named, part) if part else {}
        if part and web.history is not None:
            for topic, at in await asyncio.to_thread(web.history.topics, part, named, MAX_TOPICS + len(topics)):
                if topic not in topics and web.feed.shows.may_show(topic, topic, named):
                    topics[topic] = FoundTopic(topic, topic, False, at)
        ordered = sorted(topics.values(), key=lambda it: (_bare(it.topic) != part, not it.now, -it.at, it.topic))
        posts, since = await (find if words else nothing)(words, named, MAX_POSTS)
        found = Found(ordered[:MAX_TOPICS], posts, since, find_past is not None and bool(words))
        return json(msgspec.json.encode(found))  # type: ignore[return-value]

    @get("/api/v1/search/past", responses={400: FAULTS[400], 503: fault("others are looking, or Kafka is away")})
    async def past(
        q: Annotated[str, QueryParameter(min_length=1, max_length=200, description="words")], named: ScopeName = "all"
    ) -> Response[Past]:
        """The newest posts that hold all the words of `q` of all that the log holds, as far back as could be looked in
        some seconds."""
        nonlocal rested_s
        if looking.locked() or time.monotonic() < rested_s:
            again = {"Retry-After": str(AGAIN_S)}
            raise HTTPException(status_code=503, detail="others are looking; ask again", headers=again)
        async with looking:
            began_s = time.monotonic()
            try:
                found = await find_past(fold_text(q).strip(), named, MAX_PAST) if find_past else None
            except KafkaUseError as error:
                raise HTTPException(status_code=503, detail=str(error)) from None
            rested_s = 2 * time.monotonic() - began_s
        told = Past(*(found or PastPosts([], None, False)))
        return json(msgspec.json.encode(told))  # type: ignore[return-value]

    return Router("/", route_handlers=[search, past, posts])


def _listed(web: Web, scope: str, part: str) -> dict[str, FoundTopic]:
    return {
        row.topic: FoundTopic(row.topic, row.display, True, change.list.at)
        for change in web.feed.all()
        if change.list.scope == scope
        for row in change.list.trends
        if part in _bare(row.topic)
    }


def _bare(topic: str) -> str:
    """A topic's key without its sign, or the spaces between words."""
    return topic.lstrip("#$").replace(" ", "")
