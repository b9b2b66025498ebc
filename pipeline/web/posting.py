"""`POST /api/v1/posts`: posts by HTTP, one or many, answered once Kafka has them."""

from __future__ import annotations

from codecs import BOM_UTF8
from dataclasses import dataclass, field
from typing import Any

import msgspec
from litestar import Request, Router, post
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema

from pipeline.kafka.connection import KafkaUseError
from pipeline.sources.gateway import BusyError, Gateway, Taken, too_large
from pipeline.sources.lenient import whole_characters
from pipeline.sources.stamping import stamp
from pipeline.web.allowed import require_poster
from pipeline.web.answers import fault
from pipeline.web.bodies import body_of, content_type, later
from pipeline.web.tokens import Gate
from schemas import Post, PostError
from schemas.posts import decode_posts, decoded

MOST_BYTES = 8_000_000
MOST_POSTS = 5_000
FAULTS_TOLD = 10
LINES = ("application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines")
KINDS = ("application/json", *LINES)
NO_KAFKA = "this server takes no posts: it runs without Kafka (`upswell serve` or `upswell up`, and not --from redis)"


_body: msgspec.json.Decoder[list[msgspec.Raw] | dict[str, msgspec.Raw]] = msgspec.json.Decoder(
    list[msgspec.Raw] | dict[str, msgspec.Raw]
)
FAULTS = {
    400: fault("no JSON"),
    401: fault("no token"),
    403: fault("the token may not post"),
    413: fault("more bytes or posts than are taken at once"),
    415: fault("neither JSON nor lines of JSON, or compressed"),
    422: fault("one of them is no post: none is taken"),
    429: fault("more waits for Kafka than there is room for: later, as Retry-After says"),
    503: fault("Kafka does not take them: again, as Retry-After says"),
}


@dataclass
class _Operation(Operation):
    """What OpenAPI tells of the body, which is read by hand."""

    def __post_init__(self) -> None:
        one = Schema(title="Post", description="as docs/schemas/posts.json has it; `time` may be left out")
        content = dict.fromkeys(KINDS, OpenAPIMediaType(schema=one))
        self.request_body = RequestBody(content=content, required=True)


class Accepted(msgspec.Struct):
    """All of the posts are in Kafka: so many are new, so many were there before."""

    accepted: int
    duplicates: int


@dataclass
class PostDesk:
    """Who may post, and where posts go (None: nowhere, since there is no Kafka)."""

    gate: Gate = field(default_factory=lambda: Gate(()))
    gateway: Gateway | None = None

    async def take(self, asker: str, posts: list[Post], also: tuple[bytes, ...] = ()) -> Taken:
        """Returns when they are in Kafka. Raises HTTPException: 429 or 503, with Retry-After."""
        if self.gateway is None:
            raise HTTPException(status_code=503, detail=NO_KAFKA)
        try:
            return await self.gateway.take(asker, posts, also)
        except BusyError:
            raise later(429, "more posts wait for Kafka than there is room for", 1) from None
        except KafkaUseError as error:
            raise later(503, str(error)) from None


def post_routes(desk: PostDesk) -> Router:
    """The route below /api/v1."""

    @post("/api/v1/posts", status_code=200, responses=FAULTS, operation_class=_Operation, tags=["posts"])
    async def posts(request: Request[Any, Any, Any]) -> Accepted:
        """Takes a post, an array of posts, or a post a line; answers when all of them are in Kafka. A post that is sent
        again (the same `id` and `source`) is there once."""
        token = await require_poster(desk.gate, request)
        kind = content_type(request)
        if kind not in KINDS:
            raise HTTPException(status_code=415, detail=f"send one of {', '.join(KINDS)}")
        if desk.gateway is None:
            raise HTTPException(status_code=503, detail=NO_KAFKA)
        records = _records(await body_of(request, MOST_BYTES), lines=kind in LINES)
        taken = await desk.take(token.name, _posts(records, desk.gateway.now_ms()))
        return Accepted(*taken)

    return Router("/", route_handlers=[posts])


def _records(body: bytes, *, lines: bool) -> list[bytes]:
    """The posts of a body, each as it was written. Raises HTTPException: 400, 413."""
    if lines:
        records = [line for line in body.removeprefix(BOM_UTF8).split(b"\n") if line and not line.isspace()]
    else:
        try:
            told = decoded(_body, body)
        except PostError:
            body = whole_characters(body)
            try:
                told = decoded(_body, body)
            except PostError as error:
                raise HTTPException(status_code=400, detail=f"no JSON object or array: {error.detail}") from None
        records = [bytes(one) for one in told] if isinstance(told, list) else [body]
    if len(records) > MOST_POSTS:
        raise HTTPException(status_code=413, detail=f"{len(records):,} posts; at most {MOST_POSTS:,} at once")
    return records


def _posts(records: list[bytes], now_ms: int) -> list[Post]:
    """Raises HTTPException (422) with the place of each fault."""
    posts: list[Post] = []
    faults: list[dict[str, str]] = []
    for number, (record, found) in enumerate(zip(records, decode_posts(records) if records else (), strict=True)):
        if isinstance(found, PostError):
            whole = whole_characters(record)
            stamped = stamp(whole, now_ms)
            found = stamped[1] if stamped else decode_posts([whole])[0]
        if isinstance(found, PostError):
            faults.append({"key": f"post {number}", "message": str(found)})
        elif too_large(found):
            faults.append({"key": f"post {number}", "message": "too-large: more than Kafka takes"})
        else:
            posts.append(found)
    if faults:
        detail = f"{len(faults):,} of {len(records):,} are no posts; none was taken"
        raise HTTPException(status_code=422, detail=detail, extra=faults[:FAULTS_TOLD])
    return posts
