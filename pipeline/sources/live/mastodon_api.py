"""What servers with the Mastodon API answer, as posts and facts."""

from __future__ import annotations

import httpx
import msgspec

from pipeline.sources.archives.formats import mastodon as statuses
from pipeline.sources.archives.formats.base import Hidden, Word
from pipeline.sources.lenient import read_json
from pipeline.sources.live.model import Cursor, Fact, Item, SourceError, Withdrawal
from pipeline.sources.live.web import get_json
from schemas import PostError

LIMIT = 40  # statuses of a page
AT_ONCE = 5  # hashtags of one request: one, and four in any[]
REWIND_MS = 120_000  # an id tells when its status was written; one that came late has an id of before
_SNOWFLAKE_DIGITS = 17
_PUBLIC = ("public", "unlisted")


class Message(msgspec.Struct):
    """A frame of a stream."""

    event: str = ""
    payload: str | int | None = None
    error: str = ""
    status: int = 0


class _Account(msgspec.Struct):
    acct: Word


class _Boosted(msgspec.Struct):
    uri: str = ""


class _Status(msgspec.Struct):
    id: Word | int
    account: _Account
    uri: str = ""
    visibility: str = "public"
    reblog: _Boosted | None = None


class _Named(msgspec.Struct):
    """A status of which no more is known than that it is one: it may be wrong otherwise."""

    id: str | int


class _Access(msgspec.Struct):
    local: str = "public"
    remote: str = "public"


class _Feeds(msgspec.Struct):
    hashtag_feeds: _Access = msgspec.field(default_factory=_Access)


class _Urls(msgspec.Struct):
    streaming: str = ""
    streaming_api: str = ""


class _Configuration(msgspec.Struct):
    urls: _Urls = msgspec.field(default_factory=_Urls)
    timelines_access: _Feeds = msgspec.field(default_factory=_Feeds)


class _Instance(msgspec.Struct):
    domain: str = ""
    uri: str = ""  # v1
    version: str = ""
    urls: _Urls = msgspec.field(default_factory=_Urls)  # v1
    configuration: _Configuration = msgspec.field(default_factory=_Configuration)


_status = msgspec.json.Decoder(_Status)
_named = msgspec.json.Decoder(_Named)
_page = msgspec.json.Decoder(list[msgspec.Raw])


class Instance(msgspec.Struct, frozen=True):
    """What matters of a server; `local` and `remote`: who may read hashtags (public, authenticated, disabled)."""

    domain: str
    version: str
    streaming: str
    local: str
    remote: str

    def complaint(self, has_token: bool) -> Fact | None:
        """Why nothing can come from here; None where something can."""
        access = {self.local, self.remote}
        if access == {"disabled"}:
            return Fact("off")
        if not has_token and "public" not in access:
            return Fact("users_only")
        return None

    def restrictions(self, has_token: bool) -> list[Fact]:
        """What is left out here."""
        if complaint := self.complaint(has_token):
            return [complaint]
        return [
            Fact("hidden", {"local": local, "token": access != "disabled"})
            for local, access in ((True, self.local), (False, self.remote))
            if access == "disabled" or (access == "authenticated" and not has_token)
        ]


async def instance_of(client: httpx.AsyncClient, url: str) -> Instance:
    """Asks a server about itself. Raises SourceError, httpx.HTTPError."""
    host = httpx.URL(url).netloc.decode()
    try:
        body = await get_json(client, f"{url}/api/v2/instance")
    except SourceError as fault:
        if not str(fault).endswith((" 404", " 400")):
            raise
        body = await get_json(client, f"{url}/api/v1/instance")
    try:
        told = msgspec.json.decode(body, type=_Instance)
    except msgspec.DecodeError:
        raise SourceError(Fact("fault.no_api", {"host": host})) from None
    access = told.configuration.timelines_access.hashtag_feeds
    streaming = told.configuration.urls.streaming or told.urls.streaming_api or url
    return Instance(
        told.domain or told.uri.removeprefix("https://") or host,
        told.version or "an unnamed version",
        streaming.rstrip("/"),
        access.local,
        access.remote,
    )


def timeline_of(body: bytes, domain: str) -> list[tuple[str, bytes]]:
    """(id, status) of a page, oldest first; before them what has no id, with "" as such. Raises SourceError where that
    is all that there is."""
    try:
        page = sorted(((_id_of(raw), bytes(raw)) for raw in read_json(_page, body)), key=lambda entry: _order(entry[0]))
    except PostError:
        page = [("", body)]
    if page and not page[-1][0]:
        raise SourceError(Fact("fault.timeline", {"host": domain}))
    return page


def hidden_from_owner(public: list[tuple[str, bytes]], owners: list[tuple[str, bytes]]) -> Fact:
    """How many statuses of a page that anybody is shown are missing in the same page as the token's owner is shown it;
    what is older than the owner's page may be further back there."""
    shown = {one for one, _ in owners}
    begin = _order(owners[0][0]) if len(owners) >= LIMIT else (0, "")
    asked = [one for one, _ in public if _order(one) >= begin]
    hidden = sum(one not in shown for one in asked)
    return Fact("hides", {"n": hidden, "of": len(asked)}) if hidden else Fact("whole")


def _id_of(raw: msgspec.Raw) -> str:
    try:
        return str(read_json(_named, bytes(raw)).id)
    except PostError:
        return ""


def item_of(domain: str, event: str, raw: bytes, now_ms: int, cursor: Cursor | None = None) -> Item:
    """What an event of a server says; events that are not known are a sign of life."""
    if event == "delete":
        id = raw.decode(errors="replace").strip()  # noqa: A001 - the field's name
        return Item(Withdrawal(now_ms), cursor, f"{domain} {id}")
    if event not in ("update", "status.update"):
        return Item(None, cursor)
    try:
        post = statuses.parse(raw)
        status = read_json(_status, raw)
    except PostError as error:
        return Item(error, cursor)
    if isinstance(post, Hidden) or status.visibility not in _PUBLIC:
        return Item(None, cursor)
    post.id = (status.uri or f"{domain}/{status.id}")[:256]  # the same on every server; an id is one server's own
    if "@" not in post.author:
        post.author = f"{post.author}@{domain}"
    if status.reblog is not None:
        post.repost_of = status.reblog.uri[:256] or post.repost_of
    return Item(post, cursor, f"{domain} {status.id}", event == "status.update")


def later(at: str | None, id: str) -> str:  # noqa: A002 - the field's name
    """The later of two ids of one server."""
    return id if at is None or _order(id) > _order(at) else at


def rewound(id: str) -> str:  # noqa: A002 - the field's name
    """An id of REWIND_MS before, where ids tell the time; else the same.

    >>> rewound("115600000000000000")
    '115599992135680000'
    """
    if id.isascii() and id.isdigit() and len(id) >= _SNOWFLAKE_DIGITS:
        return str(int(id) - (REWIND_MS << 16))
    return id


def _order(id: str) -> tuple[int, str]:  # noqa: A002 - the field's name
    return len(id), id
