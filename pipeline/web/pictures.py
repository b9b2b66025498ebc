"""Pictures of posts, as pages may show them: fetched by the server, made anew, and only those that a page was given.

A page gets paths that this server has signed, so nobody can have it fetch what they like. What an address leads to is
hostile: it is fetched by HTTPS from a public address alone, within limits of size and time, and what is shown is drawn
anew from its pixels by Pillow.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import io
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
from litestar import Response, Router, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from pipeline.public_addresses import Resolve, public_address, resolved
from schemas.posts import ROOM_PICTURE

SIDE = 1_280  # pixels of the longer side, at most
MOST_BYTES = 8 << 20  # of a picture as it is fetched
MOST_PIXELS = 25_000_000
WITHIN_S = 10.0
REDIRECTS = 3
KEPT_BYTES = 64 << 20  # of pictures as they are shown
MISSED = 4_000  # addresses that led to no picture, and are not asked again for a while
AT_ONCE = 4
FORMATS = ("JPEG", "PNG", "GIF", "WEBP")

Fetch = Callable[[str], Awaitable[bytes]]
Kept = Callable[[str], bytes]  # raises PictureError


class PictureError(Exception):
    """There is no picture to show: why, in a few words."""


class Pictures:
    """Signs paths, and brings what they stand for. Belongs to one event loop; `link` may be called from anywhere."""

    def __init__(self, fetch: Fetch | None = None, kept: Kept | None = None) -> None:
        """`fetch`: how bytes of an address are had, by HTTPS unless told; `kept` has those that this server keeps,
        drawn already."""
        self._key = secrets.token_bytes(32)
        self._fetch, self._own = fetch or fetched, kept
        self._kept: OrderedDict[str, bytes] = OrderedDict()  # by address; b"": no picture
        self._bytes = 0
        self._coming: dict[str, asyncio.Task[bytes]] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._drawing = asyncio.Semaphore(1)

    def link(self, url: str | None) -> str:
        """The path under which a page may load the picture of this address; empty where there is none."""
        wanted = "https://" if self._own is None else ("https://", ROOM_PICTURE)
        if not url or not url.startswith(wanted) or len(url) > 2_048:
            return ""
        told = base64.urlsafe_b64encode(url.encode("utf-8", "replace")).rstrip(b"=").decode()
        return f"/media/{self._signature(told)}/{told}"

    async def of(self, signature: str, told: str) -> bytes:
        """The picture behind a path of ours, as WebP. Raises PictureError."""
        if not secrets.compare_digest(signature.encode(), self._signature(told).encode()):
            raise PictureError("not ours")
        try:
            url = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4)).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise PictureError("not ours") from None
        if self._own is not None and url.startswith(ROOM_PICTURE):
            return await asyncio.to_thread(self._own, url)
        found = self._kept.get(url)
        if found is None:
            task = self._coming.get(url)
            if task is None:
                task = self._coming[url] = asyncio.create_task(self._brought(url))
                task.add_done_callback(lambda _: self._coming.pop(url, None))
            found = await asyncio.shield(task)
        else:
            self._kept.move_to_end(url)
        if not found:
            raise PictureError("no picture")
        return found

    async def _brought(self, url: str) -> bytes:
        drawn = b""
        with suppress(PictureError):
            async with self._turns:
                data = await self._fetch(url)
            async with self._drawing:  # one at a time: its pixels may take 100 MB
                drawn = await asyncio.to_thread(redrawn, data)
        self._kept[url] = drawn
        self._bytes += len(drawn)
        while self._bytes > KEPT_BYTES or len(self._kept) > MISSED:
            self._bytes -= len(self._kept.popitem(last=False)[1])
        return drawn

    def _signature(self, told: str) -> str:
        return hashlib.blake2b(told.encode(), key=self._key, digest_size=16).hexdigest()


def redrawn(data: bytes) -> bytes:
    """The first frame of a picture in one of FORMATS, upright, at most SIDE pixels long, as WebP: nothing that came
    with it (place, camera, comments) is left. Raises PictureError."""
    from PIL import Image, ImageOps

    Image.MAX_IMAGE_PIXELS = None  # it would only warn; the limit is ours, below
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as found:
            if found.width * found.height > MOST_PIXELS:
                raise PictureError("too many pixels")
            found.draft("RGB", (SIDE, SIDE))  # a JPEG is read no larger than it is needed
            shown = ImageOps.exif_transpose(found)
            shown.thumbnail((SIDE, SIDE))
            drawn = io.BytesIO()
            shown.convert("RGBA" if shown.has_transparency_data else "RGB").save(drawn, "WEBP", quality=80, method=2)
    except PictureError:
        raise
    except Exception as error:  # whatever a decoder says of bytes that somebody made up
        raise PictureError(f"not a picture: {type(error).__name__}") from None
    return drawn.getvalue()


async def fetched(
    url: str,
    resolve: Resolve | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    *,
    accept: str = "image/*",
) -> bytes:
    """What an address leads to, by HTTPS on its usual port, from public addresses alone, redirects included. The
    address that was looked at is the one that is connected to. Raises PictureError."""
    limits: dict[str, Any] = {"timeout": WITHIN_S, "trust_env": False, "follow_redirects": False}
    try:
        async with asyncio.timeout(WITHIN_S), httpx.AsyncClient(transport=transport, **limits) as client:
            for _ in range(REDIRECTS + 1):
                at = httpx.URL(url)
                if at.scheme != "https" or at.port not in (None, 443) or not at.host:
                    raise PictureError("no HTTPS address")
                if (host := await public_address(at.host, resolve or resolved)) is None:
                    raise PictureError("no public address")
                request = client.build_request(
                    "GET",
                    at.copy_with(host=host, userinfo=b""),
                    headers={
                        "Host": at.netloc.decode().rpartition("@")[2],
                        "Accept": accept,
                        "Accept-Encoding": "identity",
                        "User-Agent": "upswell",
                    },
                    extensions={"sni_hostname": at.host},
                )
                answer = await client.send(request, stream=True)
                try:
                    if answer.has_redirect_location:
                        url = str(at.join(answer.headers["location"]))
                        continue
                    if answer.status_code != 200:
                        raise PictureError(f"answered {answer.status_code}")
                    return await _read(answer)
                finally:
                    await answer.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, OSError, UnicodeError, ValueError) as error:
        raise PictureError(f"not fetched: {type(error).__name__}") from None
    raise PictureError("too many redirects")


async def _read(answer: httpx.Response) -> bytes:
    data = bytearray()
    async for piece in answer.aiter_raw():
        data += piece
        if len(data) > MOST_BYTES:
            raise PictureError("too large")
    return bytes(data)


def picture_routes(pictures: Pictures) -> Router:
    """Where pages load pictures from."""

    @get("/media/{signature:str}/{told:str}", include_in_schema=False)
    async def media(signature: FromPath[str], told: FromPath[str]) -> Response[bytes]:
        """A picture of a post, as this server has drawn it anew."""
        try:
            shown = await pictures.of(signature, told)
        except PictureError as error:
            raise NotFoundException(str(error)) from None
        return Response(shown, media_type="image/webp", headers={"cache-control": "private, max-age=86400"})

    return Router("/", route_handlers=[media])
