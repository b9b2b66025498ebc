"""The demo's channels: local servers that speak the protocols of networks, feeds, SMS and mail, and who reads them."""

from __future__ import annotations

import asyncio
import datetime as dt
import email.utils
import html
import queue
import tempfile
import threading
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import msgspec
from litestar import Litestar, MediaType, Request, Response, get
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry
from websockets.asyncio.server import ServerConnection, serve

from pipeline.cancelling import cancel_and_wait
from pipeline.cli.demo_letters import Letters
from pipeline.cli.demo_people import chance
from pipeline.sources.live.bluesky import COLLECTION, Bluesky
from pipeline.sources.live.delivery import Delivery
from pipeline.sources.live.feeds import Feed
from pipeline.sources.live.mastodon import Mastodon
from pipeline.sources.live.metrics import SourceMetrics
from pipeline.sources.live.model import Adapter
from pipeline.sources.live.runner import Runner
from pipeline.sources.live.store import Store
from pipeline.text import topic_key, topics_of
from pipeline.web.run import address_of, bound, server_of
from pipeline.web.streams import EventStream
from schemas import Post

DAY_S = 86_400.0
MOST_AGE_S = 7 * DAY_S  # the demo's evening is over
LETTERS = ("sms", "mail")
IN_FEED_ONE_IN = 12  # posts of the events on Twitter, which nobody may read for nothing: a newsroom passes these on
FEED_EVERY_S, FEED_KEPT = 0.5, 40
STOPS_WITHIN_S = 10.0
_encode = msgspec.json.encode


class Channels:
    """What people write about the events on Mastodon and Bluesky, by SMS and mail, and what a newsroom's feed tells,
    goes out to local servers and comes back by the adapters, deletions on networks too. `clock`: now, in ms of the
    demo's time."""

    def __init__(self, hashtags: Sequence[str], clock: Callable[[], int]) -> None:
        self._tags = [tag.lstrip("#") for tag in hashtags]
        self._clock = clock
        self._came: queue.SimpleQueue[Post] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._readers: dict[str, set[asyncio.Queue[bytes]]] = defaultdict(set)  # tag or "" (Bluesky) -> who listens
        self._entries: deque[Post] = deque(maxlen=FEED_KEPT)
        self._accounts: dict[str, Post] = {}  # address on Bluesky -> the post, by somebody whom the demo knows
        self._letters: Letters | None = None
        self._sent: dict[str, Post] = {}  # id that an SMS or mail comes back with -> the post

    def through(self, posts: Sequence[Post]) -> list[Post]:
        """Hands posts (times in ms) to their channels; returns those that have none, and what has come by channels
        since the last call. Until all channels are read every post has none."""
        rest = []
        for post in posts:
            loop = self._loop
            channel = self._channel_of(post) if loop is not None and self._are_read() else None
            if channel is None or loop is None:
                rest.append(post)
            else:
                loop.call_soon_threadsafe(channel, post)
        while not self._came.empty():
            rest.append(self._came.get())
        return rest

    def _are_read(self) -> bool:
        return all(self._readers.get(name) for name in ("", *self._tags))

    def _channel_of(self, post: Post) -> Callable[[Post], None] | None:
        if post.repost_of is not None or not self._tags_of(post):
            return None
        if post.source == "twitter" and chance(post.id) % IN_FEED_ONE_IN == 0:
            return self._publish
        if post.source in LETTERS:  # what was sent so cannot be taken back there
            return self._write if post.deleted is None else None
        return {"mastodon": self._toot, "bluesky": self._commit}.get(post.source or "")

    def _tags_of(self, post: Post) -> list[str]:
        told = {topic_key(spelling) for spelling in topics_of(post)}
        return [tag for tag in self._tags if f"#{tag}" in told]

    # --- the servers

    def _toot(self, post: Post) -> None:
        event, data = ("update", _encode(_status(post))) if post.deleted is None else ("delete", post.id.encode())
        for tag in self._tags_of(post):
            self._tell(tag, b"event: %s\ndata: %s\n\n" % (event.encode(), data))

    def _commit(self, post: Post) -> None:
        did, rkey = f"did:web:{post.author}", post.id.rpartition("/")[2]
        record = {"$type": COLLECTION, "text": post.text, "createdAt": _rfc3339(post), "langs": [post.lang or "en"]}
        commit = {"operation": "create" if post.deleted is None else "delete", "collection": COLLECTION, "rkey": rkey}
        self._accounts[f"at://{did}/{COLLECTION}/{rkey}"] = post
        told = commit | ({"record": record} if post.deleted is None else {})
        self._tell("", _encode({"did": did, "time_us": self._clock() * 1_000, "kind": "commit", "commit": told}))

    def _write(self, post: Post) -> None:
        if self._letters is not None:
            send = self._letters.text if post.source == "sms" else self._letters.deliver
            self._sent[send(post)] = post

    def _publish(self, post: Post) -> None:
        if post.deleted is None:  # what a feed has told it cannot take back
            self._entries.append(post)

    def _tell(self, name: str, data: bytes) -> None:
        for reader in self._readers[name]:
            reader.put_nowait(data)

    async def _listened(self, name: str) -> AsyncGenerator[bytes, None]:
        mine: asyncio.Queue[bytes] = asyncio.Queue()
        self._readers[name].add(mine)
        try:
            yield b":)\n\n"  # as Mastodon begins
            while True:
                yield await mine.get()
        finally:
            self._readers[name].discard(mine)

    async def _jetstream(self, connection: ServerConnection) -> None:
        async def tell() -> None:
            while True:
                await connection.send((await mine.get()).decode())

        mine: asyncio.Queue[bytes] = asyncio.Queue()
        self._readers[""].add(mine)
        telling = asyncio.create_task(tell())
        try:
            await connection.wait_closed()
        finally:
            self._readers[""].discard(mine)
            await cancel_and_wait(telling)

    def _app(self, letters: Letters) -> Litestar:
        @get("/api/v2/instance", sync_to_thread=False)
        def instance() -> dict[str, Any]:
            return {"domain": "toot.example", "version": "4.5.1"}

        @get("/api/v1/timelines/tag/{tag:str}", sync_to_thread=False)
        def timeline(tag: FromPath[str]) -> list[str]:
            del tag
            return []  # all that there is comes by the stream

        @get("/api/v1/streaming/hashtag")
        async def streaming(tag: Annotated[str, QueryParameter(max_length=100)]) -> EventStream:
            return EventStream(self._listened(tag))

        @get("/feed.xml", sync_to_thread=False)
        def feed(request: Request[Any, Any, Any]) -> Response[str]:
            version = f'"{self._entries[-1].id}"' if self._entries else '"none"'
            if request.headers.get("if-none-match") == version:
                return Response("", status_code=304)
            return Response(_rss(self._entries), media_type=MediaType.XML, headers={"etag": version})

        handlers: list[ControllerRouterHandler] = [instance, timeline, streaming, feed, letters.routes]
        return Litestar(handlers, openapi_config=None, logging_config=None)

    # --- those who read them

    def _adapters(self, server: str, jetstream: str, letters: Letters) -> list[Adapter]:
        age = MOST_AGE_S
        return [
            Mastodon("toot.example", server, self._tags, token="demo", transport="sse", max_age_s=age),  # noqa: S106
            Bluesky("bluesky", wanted=lambda _: True, hosts=(jetstream,), max_age_s=age, silence_s=DAY_S),
            Feed("newsroom", f"{server}/feed.xml", every_s=FEED_EVERY_S, max_age_s=age),
            letters.mailbox,
        ]

    def send(self, posts: Sequence[Post]) -> None:
        """What the adapters bring; Jetstream tells no names, and whose they are the demo knows."""
        for post in posts:
            if (known := self._accounts.get(post.id)) is not None:
                post = msgspec.structs.replace(
                    post, id=known.id, author=known.author, author_name=known.author_name, avatar=known.avatar
                )
            if (sent := self._sent.pop(post.id, None)) is not None:  # as the demo's moderators know their accounts
                post = msgspec.structs.replace(post, id=sent.id, author=sent.author)
            if post.source == "feed":
                post = msgspec.structs.replace(post, author=post.author.replace("127.0.0.1", "newsroom.example"))
            if post.deleted is not None:
                post = msgspec.structs.replace(post, deleted=self._clock())
            self._came.put(post)

    def found(self, posts: Collection[Post]) -> set[tuple[str | None, str]]:
        """Nothing: this sink keeps no log."""
        del posts
        return set()

    def close(self) -> None:
        """Nothing to give up."""

    async def run(self) -> None:
        """Serves and reads until `end`."""
        loop = asyncio.get_running_loop()
        held = bound("127.0.0.1", 0)
        address, metrics = address_of(held).rstrip("/"), SourceMetrics(CollectorRegistry())
        with tempfile.TemporaryDirectory(prefix="upswell-demo-") as folder:
            store = Store(Path(folder))
            letters = self._letters = Letters(Path(folder) / "letters", address, self, self._clock, MOST_AGE_S)
            server = server_of(self._app(letters))
            try:
                async with serve(self._jetstream, "127.0.0.1", 0, close_timeout=0.2) as jetstream:
                    port = next(iter(jetstream.sockets)).getsockname()[1]
                    adapters = self._adapters(address, f"ws://127.0.0.1:{port}", letters)
                    delivery = Delivery(store, metrics, now_ms=self._clock)
                    runner = Runner(adapters, store, delivery, metrics, lambda: self, lambda _: None)
                    serving, reading = asyncio.create_task(server.serve([held])), asyncio.create_task(runner.run())
                    await letters.start()
                    self._loop = loop
                    await self._stop.wait()
                    await letters.stop()
                    await cancel_and_wait(reading)
                    server.should_exit = True
                    await serving
            finally:
                store.close()
                held.close()

    def end(self) -> None:
        """Ends `run`, from any thread."""
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended
                self._loop.call_soon_threadsafe(self._stop.set)


@contextmanager
def channels(hashtags: Sequence[str], clock: Callable[[], int]) -> Iterator[Channels]:
    """Channels in a thread of their own, for as long as the block runs."""
    made = Channels(hashtags, clock)
    thread = threading.Thread(target=lambda: asyncio.run(made.run()), name="channels", daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.end()
        thread.join(STOPS_WITHIN_S)


def _status(post: Post) -> dict[str, Any]:
    pictures = [{"type": "image", "url": it.url, "description": it.description} for it in post.media or ()]
    return {
        "id": post.id,
        "uri": post.id,
        "created_at": _rfc3339(post),
        "account": {"acct": post.author, "display_name": post.author_name, "avatar": post.avatar},
        "content": f"<p>{html.escape(post.text)}</p>",
        "visibility": "public",
        "language": post.lang,
        "tags": [{"name": tag} for tag in post.tags or ()],
        "media_attachments": pictures,
        "reblog": None,
    }


def _rss(posts: Collection[Post]) -> str:
    items = "".join(
        f'<item><guid isPermaLink="false">{html.escape(post.id)}</guid><description>{html.escape(post.text)}'
        f"</description><pubDate>{email.utils.format_datetime(_moment(post))}</pubDate></item>"
        for post in posts
    )
    title = "La rédaction"
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{title}</title>{items}</channel></rss>'


def _rfc3339(post: Post) -> str:
    return _moment(post).isoformat(timespec="milliseconds")


def _moment(post: Post) -> dt.datetime:
    return dt.datetime.fromtimestamp(int(post.time) / 1_000, dt.UTC)
