"""Scripts, styles and marks below /static: without what a browser has no use for, packed once, and not sent again."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import xxhash
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from pipeline.web.answers import not_modified
from pipeline.web.frame import STATIC
from pipeline.web.packing import ONCE

# indentation and comments. What follows a ` // ` in a script without a quotation mark is in no string, as none goes
# over a line, and no string of a style holds a comment (tests hold that)
_UNREAD = {
    ".js": re.compile(r"""^[ \t]*//.*\n|^[ \t]+|[ \t]+// [^"'`\n]*$""", re.MULTILINE),
    ".css": re.compile(r"^[ \t]+|[ \t]*/\*[^*]*\*/", re.MULTILINE),
}
POLICY = {"content-security-policy": "default-src 'self'"}
_ALONE = (
    "hub.js",
    "wave.svg",
)  # a worker, and what may be opened by itself; all else is bound by the page that names it
_FILES = {path.relative_to(STATIC).as_posix(): path for path in STATIC.rglob("*") if path.is_file()}


class Asset(NamedTuple):
    """A file as it is sent, plain and packed in each way."""

    body: bytes
    packed: Mapping[str, bytes]
    tag: str
    kind: str


def asset(name: str) -> Asset:
    """The file of that name below `static`, as it is now. Raises NotFoundException."""
    if name not in _FILES:
        raise NotFoundException
    path = _FILES[name]
    return _read(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=len(_FILES))
def _read(path: Path, _changed_ns: int) -> Asset:
    body = path.read_bytes()
    if path.suffix in _UNREAD and path.parent.name != "uplot":
        body = _UNREAD[path.suffix].sub("", body.decode()).encode()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    packed = {name: pack(body) for name, pack in ONCE.items()}
    return Asset(
        body,
        {name: it for name, it in packed.items() if len(it) < len(body)},
        f'"{xxhash.xxh3_64_hexdigest(body)}"',
        kind,
    )


def asset_route() -> HTTPRouteHandler:
    """The route of all of them."""

    @get("/static/{name:path}", include_in_schema=False, sync_to_thread=False)
    def static(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
        called = str(name).lstrip("/")
        found = asset(called)
        headers = {"etag": found.tag, "vary": "accept-encoding"} | (POLICY if called in _ALONE else {})
        if not_modified(request, found.tag):
            return Response(b"", status_code=304, headers=headers)
        taken = request.headers.get("accept-encoding", "")
        packed = next((name for name in found.packed if name in taken), "")
        if packed:
            headers["content-encoding"] = packed
        return Response(found.packed.get(packed, found.body), media_type=found.kind, headers=headers)

    return static
