"""The demo's channels: local servers that speak the protocols of networks, feeds, SMS and mail, and who reads them."""

from __future__ import annotations

import asyncio
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
from litestar import post as posting
from litestar.params import FromPath, QueryParameter
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry
from websockets.asyncio.server import ServerConnection, serve

from pipeline.cancelling import cancel_and_wait
from pipeline.cli.demo_forms import commit, message, note, rss, status, tweet
from pipeline.cli.demo_letters import Letters
from pipeline.cli.demo_people import chance
from pipeline.sources.live.bluesky import Bluesky
from pipeline.sources.live.delivery import Delivery
from pipeline.sources.live.feeds import Feed
from pipeline.sources.live.mastodon import Mastodon
from pipeline.sources.live.metrics import SourceMetrics
from pipeline.sources.live.model import Adapter
from pipeline.sources.live.nostr import Nostr
from pipeline.sources.live.runner import Runner
from pipeline.sources.live.store import Store
from pipeline.sources.live.x import X
from pipeline.text import topic_key, topics_of
from pipeline.web.run import address_of, bound, server_of
from pipeline.web.streams import EventStream
from schemas import Post

DAY_S = 86_400.0
MOST_AGE_S = 7 * DAY_S  # the demo's evening is over
LETTERS = ("sms", "mail")
UNTOLD = (*LETTERS, "twitter")  # what is deleted there their channels do not tell
IN_FEED_ONE_IN = 12  # posts of the events on X that a newsroom passes on
ON_NOSTR_ONE_IN = 4  # posts of the events on Mastodon whose authors write on Nostr instead
JETSTREAM, RELAY, STREAM = "jetstream:", "relay:", "stream:"  # who listens, beside tags: in none is a colon
KEEP_ALIVE_S = 15.0
FEED_EVERY_S, FEED_KEPT = 0.5, 40
STOPS_WITHIN_S = 10.0


class Channels:
    """What people write about the events on Mastodon, Bluesky, Nostr and X, by SMS and mail, and what a newsroom's feed
    tells, goes out to local servers and comes back by the adapters, and what they delete where networks tell it.
    `clock`: now, in ms of the demo's time."""

    def __init__(self, hashtags: Sequence[str], clock: Callable[[], int]) -> None:
        self._tags = [tag.lstrip("#") for tag in hashtags]
        self._clock = clock
        self._came: queue.SimpleQueue[Post] = queue.SimpleQueue()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop = asyncio.Event()
        self._readers: dict[str, set[asyncio.Queue[bytes]]] = defaultdict(set)  # tag or network -> who listens
        self._times: dict[str, int] = {}  # id of a post whose deletion no channel tells -> when it came, ms
        self._rules: list[dict[str, str]] = []  # of X's stream
        self._subscription = ""  # at the relay of Nostr
        self._entries: deque[Post] = deque(maxlen=FEED_KEPT)
        # address on Bluesky or Nostr -> the post, by somebody whom the demo knows
        self._accounts: dict[str, Post] = {}
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
                came_ms = self._times.get(post.id) if post.deleted is not None else None
                rest.append(post if came_ms is None else msgspec.structs.replace(post, time=came_ms))
            else:
                loop.call_soon_threadsafe(channel, post)
        while not self._came.empty():
            rest.append(self._came.get())
        return rest

    def _are_read(self) -> bool:
        return all(self._readers.get(name) for name in (JETSTREAM, RELAY, STREAM, *self._tags))

    def _channel_of(self, post: Post) -> Callable[[Post], None] | None:
        if post.repost_of is not None or not self._tags_of(post):
            return None
        if post.source == "twitter" and chance(post.id) % IN_FEED_ONE_IN == 0:
            return self._publish
        if post.source in UNTOLD and post.deleted is not None:
            return None
        if post.source == "twitter":
            return self._tweet
        if post.source == "mastodon" and chance(post.author) % ON_NOSTR_ONE_IN == 0:
            return self._note
        if post.source in LETTERS:
            return self._write
        return {"mastodon": self._toot, "bluesky": self._commit}.get(post.source or "")

    def _tags_of(self, post: Post) -> list[str]:
        told = {topic_key(spelling) for spelling in topics_of(post)}
        return [tag for tag in self._tags if f"#{tag}" in told]

    # --- the servers

    def _toot(self, post: Post) -> None:
        event, data = ("update", status(post)) if post.deleted is None else ("delete", post.id.encode())
        for tag in self._tags_of(post):
            self._tell(tag, b"event: %s\ndata: %s\n\n" % (event.encode(), data))

    def _commit(self, post: Post) -> None:
        address, frame = commit(post, self._clock())
        self._accounts[address] = post
        self._tell(JETSTREAM, frame)

    def _note(self, post: Post) -> None:
        said, told = note(post, self._tags_of(post), self._clock())
        self._accounts[said.id] = msgspec.structs.replace(post, id=said.id, author=said.pubkey)
        self._tell(RELAY, message(told, self._subscription))

    def _tweet(self, post: Post) -> None:
        for rule in self._rules:
            self._tell(STREAM, tweet(post, rule))

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

    async def _listened(self, name: str, beginning: bytes, keep_alive: bytes) -> AsyncGenerator[bytes, None]:
        mine: asyncio.Queue[bytes] = asyncio.Queue()
        self._readers[name].add(mine)
        try:
            yield beginning
            while True:
                try:
                    yield await asyncio.wait_for(mine.get(), KEEP_ALIVE_S)
                except TimeoutError:
                    yield keep_alive
        finally:
            self._readers[name].discard(mine)

    async def _socket(self, connection: ServerConnection) -> None:
        """Jetstream, or a relay of Nostr, which waits for what it is asked."""

        async def tell() -> None:
            while True:
                await connection.send((await mine.get()).decode())

        mine: asyncio.Queue[bytes] = asyncio.Queue()
        name = RELAY if connection.request is not None and connection.request.path == "/relay" else JETSTREAM
        if name == RELAY:
            _, self._subscription, *_ = msgspec.json.decode(await connection.recv())
            await connection.send(msgspec.json.encode(["EOSE", self._subscription]).decode())
        self._readers[name].add(mine)
        telling = asyncio.create_task(tell())
        try:
            await connection.wait_closed()
        finally:
            self._readers[name].discard(mine)
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
            return EventStream(self._listened(tag, b":)\n\n", b":thump\n"))

        @get("/2/tweets/search/stream/rules", sync_to_thread=False)
        def rules() -> dict[str, Any]:
            return {"data": self._rules}

        @posting("/2/tweets/search/stream/rules")
        async def add_rules(request: Request[Any, Any, Any]) -> dict[str, Any]:
            told = (await request.json())["add"]
            self._rules += [rule | {"id": str(n)} for n, rule in enumerate(told, len(self._rules))]
            return {"data": self._rules}

        @get("/2/tweets/search/stream")
        async def stream() -> Stream:
            return Stream(self._listened(STREAM, b"\r\n", b"\r\n"), media_type=MediaType.JSON)

        @get("/feed.xml", sync_to_thread=False)
        def feed(request: Request[Any, Any, Any]) -> Response[str]:
            version = f'"{self._entries[-1].id}"' if self._entries else '"none"'
            if request.headers.get("if-none-match") == version:
                return Response("", status_code=304)
            return Response(rss(self._entries), media_type=MediaType.XML, headers={"etag": version})

        handlers: list[ControllerRouterHandler] = [instance, timeline, streaming, rules, add_rules, stream, feed]
        handlers.append(letters.routes)
        return Litestar(handlers, openapi_config=None, logging_config=None)

    # --- those who read them

    def _adapters(self, server: str, sockets: str, letters: Letters) -> list[Adapter]:
        age, anything = MOST_AGE_S, " OR ".join(f"#{tag}" for tag in self._tags)
        return [
            Mastodon("toot.example", server, self._tags, token="demo", transport="sse", max_age_s=age),  # noqa: S106
            Bluesky("bluesky", wanted=lambda _: True, hosts=(sockets,), max_age_s=age, silence_s=DAY_S),
            Nostr("relay", f"{sockets}/relay", self._tags, max_age_s=age),
            X("x", "demo", [anything], api=server, max_age_s=age),
            Feed("newsroom", f"{server}/feed.xml", every_s=FEED_EVERY_S, max_age_s=age),
            letters.mailbox,
        ]

    def send(self, posts: Sequence[Post]) -> None:
        """What the adapters bring; Jetstream and relays tell no names, and whose they are the demo knows."""
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
            elif post.source in UNTOLD:
                self._times[post.id] = int(post.time)
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
                async with serve(self._socket, "127.0.0.1", 0, close_timeout=0.2) as sockets:
                    port = next(iter(sockets.sockets)).getsockname()[1]
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
