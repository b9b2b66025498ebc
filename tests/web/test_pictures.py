"""Pictures of posts: only what a page was given is fetched, from public addresses alone, and it is drawn anew."""

from __future__ import annotations

import asyncio
import base64
import io
import zlib
from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
from PIL import Image

from pipeline.moderation.state import content_of
from pipeline.web.pictures import MOST_BYTES, SIDE, PictureError, Pictures, fetched, redrawn
from pipeline.web.wall.entries import Entry
from schemas import Post
from schemas.posts import Media
from tests.web.photos import picture

URL = "https://pictures.example/sea.jpg"


def parts(path: str) -> tuple[str, str]:
    _, media, signature, told = path.split("/")
    assert media == "media"
    return signature, told


def test_only_paths_of_ours_are_answered_and_each_address_is_fetched_once() -> None:
    asked: list[str] = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        await asyncio.sleep(0.01)
        if "gone" in url:
            raise PictureError("answered 410")
        return picture()

    async def look() -> None:
        pictures = Pictures(fetch)
        signature, told = parts(pictures.link(URL))
        found = await asyncio.gather(*(pictures.of(signature, told) for _ in range(5)))
        assert found[0][:4] == b"RIFF"
        assert found == [await pictures.of(signature, told)] * 5
        gone = parts(pictures.link(URL + "?gone"))
        for _ in range(2):
            with pytest.raises(PictureError):
                await pictures.of(*gone)
        other = base64.urlsafe_b64encode(b"https://pictures.example/other.jpg").rstrip(b"=").decode()
        for forged in ((signature, other), ("0" * 32, told), parts(Pictures(fetch).link(URL)), ("é", told)):
            with pytest.raises(PictureError, match="not ours"):
                await pictures.of(*forged)

    asyncio.run(look())
    assert asked == [URL, URL + "?gone"]


@pytest.mark.parametrize(
    "url", [None, "", "http://a.example/x", "file:///etc/passwd", "data:image/png;base64,", "//a.example/"]
)
def test_what_is_no_https_address_has_no_path(url: str | None) -> None:
    assert Pictures().link(url) == ""


class Body(httpx.AsyncByteStream):
    """What comes over the network, in pieces."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for at in range(0, len(self._data), 65_536):
            yield self._data[at : at + 65_536]


def get(
    url: str, hosts: dict[str, Sequence[str]], answers: dict[str, httpx.Response]
) -> tuple[bytes, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answers[request.headers["host"]]

    async def resolve(host: str) -> Sequence[str]:
        return hosts.get(host, [])

    return asyncio.run(fetched(url, resolve, httpx.MockTransport(answer))), seen


def test_the_address_that_was_looked_at_is_the_one_that_is_asked() -> None:
    moved = httpx.Response(302, headers={"location": "https://b.example/x.png"})
    data, seen = get(
        "https://a.example/x",
        {"a.example": ["93.184.216.34"], "b.example": ["2606:4700::1111"]},
        {"a.example": moved, "b.example": httpx.Response(200, stream=Body(b"bytes"))},
    )
    assert data == b"bytes"
    assert [(it.url.host, it.headers["host"], it.extensions["sni_hostname"]) for it in seen] == [
        ("93.184.216.34", "a.example", "a.example"),
        ("2606:4700::1111", "b.example", "b.example"),
    ]


PRIVATE = """127.0.0.1 10.0.0.1 192.168.1.1 172.16.0.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255
::1 fe80::1%eth0 fd00::1 ff02::1 ::ffff:127.0.0.1 64:ff9b::7f00:1 2002:7f00:1:: 2001:0:53aa:64c::1"""


@pytest.mark.parametrize("address", PRIVATE.split())
def test_no_address_that_is_not_public_is_asked_not_by_a_redirect_and_not_beside_a_public_one(address: str) -> None:
    for hosts, start in (
        ({"a.example": [address]}, "https://a.example/"),
        ({"a.example": ["93.184.216.34", address]}, "https://a.example/"),
        ({"b.example": ["93.184.216.34"], "a.example": [address]}, "https://b.example/"),
    ):
        moved = {"b.example": httpx.Response(301, headers={"location": "https://a.example/secret"})}
        with pytest.raises(PictureError, match="no public address"):
            get(start, hosts, moved)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (httpx.Response(302, headers={"location": "http://a.example/"}), "no HTTPS address"),
        (httpx.Response(302, headers={"location": "https://a.example:22/"}), "no HTTPS address"),
        (httpx.Response(302, headers={"location": "file:///etc/passwd"}), "no HTTPS address"),
        (httpx.Response(302, headers={"location": "https://a.example/"}), "too many redirects"),
        (httpx.Response(302), "answered 302"),
        (httpx.Response(404), "answered 404"),
        (httpx.Response(200, stream=Body(b"x" * (MOST_BYTES + 1))), "too large"),
    ],
)
def test_what_leads_elsewhere_or_is_too_large_is_let_be(answer: httpx.Response, why: str) -> None:
    with pytest.raises(PictureError, match=why):
        get("https://a.example/", {"a.example": ["93.184.216.34"]}, {"a.example": answer})


@pytest.mark.parametrize(
    ("kind", "mode"), [("JPEG", "RGB"), ("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("GIF", "P"), ("WEBP", "RGB")]
)
def test_pictures_are_drawn_anew_no_larger_than_they_are_shown(kind: str, mode: str) -> None:
    with Image.open(io.BytesIO(redrawn(picture(kind, (3_000, 1_000), mode)))) as shown:
        assert shown.format == "WEBP"
        assert max(shown.size) == SIDE


def test_nothing_that_came_with_a_picture_is_left() -> None:
    told = Image.Exif()
    told[0x010E] = "taken at home"
    told[0x0112] = 6  # on its side
    data = redrawn(picture("JPEG", (400, 200), exif=told) + b"<script>alert(1)</script>")
    assert b"home" not in data
    assert b"script" not in data
    with Image.open(io.BytesIO(data)) as shown:
        assert shown.size == (200, 400), "it stands upright"
        assert not shown.getexif()


def bomb() -> bytes:
    """A PNG that says that it has 3,600 million pixels."""
    head = b"IHDR" + (60_000).to_bytes(4) * 2 + b"\x08\x02\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + (13).to_bytes(4) + head + zlib.crc32(head).to_bytes(4) + picture("PNG")[33:]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html>GIF89a",
        b"GIF89a<script>",
        picture()[:200],
        picture("PNG")[:60] + b"\0" * 200,
        picture("BMP"),
        picture("TIFF"),
        bomb(),
    ],
)
def test_what_is_no_picture_of_the_four_formats_is_refused(data: bytes) -> None:
    with pytest.raises(PictureError):
        redrawn(data)


def test_a_post_has_its_avatar_and_at_most_four_pictures_with_their_words() -> None:
    media = [Media(f"https://a.example/{n}", description=f"sea {n}\x07") for n in range(6)]
    media[1] = Media("https://a.example/film", "video")
    post = Post("1", "ann", "at sea", 1, avatar="https://a.example/ann", media=media)
    shown = Entry(post, 1).shown(lambda url: f"/media/{url}")
    assert shown.avatar == "/media/https://a.example/ann"
    assert [it.path[-1] for it in shown.pictures] == ["0", "2", "3", "4"]
    assert shown.pictures[0].alt == "sea 0\ufffd"
    assert Entry(post, 1).shown().pictures == []


def test_an_approval_is_of_the_pictures_too() -> None:
    post = Post("1", "ann", "at sea", 1)
    other = [Post("1", "ann", "at sea", 1, media=[Media(f"https://a.example/{n}")]) for n in range(2)]
    assert len({content_of(it) for it in (post, *other)}) == 3
