"""What the demo's people add to their posts: pictures and faces, drawn here, and second thoughts; and whom one trusts.

Pictures have addresses like any other and come through the cache that every server has; only what answers there is not
the network but this module, which knows no other addresses.
"""

from __future__ import annotations

import asyncio
import heapq
import io
import random
import zlib
from collections.abc import Iterable, Iterator

import msgspec

from pipeline.moderation.state import account_ref
from pipeline.sources.senders import Senders
from pipeline.web.pictures import PictureError
from schemas import Post
from schemas.events import Event
from schemas.moderation import Decision
from schemas.posts import Media

ADDRESS = "https://pictures.upswell.example/"  # a name that no resolver knows
WIDTH, HEIGHT, FACE = 640, 400, 96
ONE_IN = 5  # posts of an event, not repeated, that have a picture
WITHDRAWN_ONE_IN = 40  # of them that are withdrawn
TRUSTED_OF_THREE = 2
THOUGHTS_MS = 7 * 60_000  # after so long
_UNSEEN = {"sms": Senders(b"").phone, "mail": Senders(b"").mail}  # for what they show alone
_SKIES = ("#f4a261 #264653", "#a8dadc #1d3557", "#ffc8dd #5a189a", "#caf0f8 #0077b6", "#ffe8a3 #bc4749")
_WORDS = {"fr": "Une foule devant une scène, au crépuscule", "en": "A crowd in front of a stage, at dusk"}


def added(post: Post, tags: Iterable[str]) -> Post:
    """The post with its author's face, and with a picture where it has one of the tags and is one of the few; of who
    writes by SMS or mail as little as the sources tell."""
    number = chance(post.id)
    media = None
    if post.repost_of is None and number % ONE_IN == 0 and any(tag in post.text.lower() for tag in tags):
        described = _WORDS.get(post.lang or "", _WORDS["en"])
        media = [Media(f"{ADDRESS}scene/{number % 97}.png", description=described)]
    face = f"{ADDRESS}face/{chance(post.author) % 499}.png" if chance(post.author) % 3 else None
    if (name := _UNSEEN.get(post.source or "")) is not None:
        return msgspec.structs.replace(post, author_name=name(post.author)[1], media=media)
    return msgspec.structs.replace(post, avatar=face, media=media)


class SecondThoughts:
    """Withdraws a few of the posts that have a picture, THOUGHTS_MS after they were written."""

    def __init__(self) -> None:
        self._due: list[tuple[int, str, Post]] = []

    def after(self, posts: Iterable[Post]) -> Iterator[Post]:
        """The posts, and between them the retractions that are due; times in ms."""
        for post in posts:
            now = int(post.time)
            while self._due and self._due[0][0] <= now:
                at, _, said = heapq.heappop(self._due)
                yield msgspec.structs.replace(said, deleted=at)
            yield post
            if post.media and chance(post.id) % (ONE_IN * WITHDRAWN_ONE_IN) == 0:
                heapq.heappush(self._due, (now + THOUGHTS_MS, post.id, post))


def trusted(posts: Iterable[Post], event: Event) -> Iterator[Decision]:
    """A moderator knows TRUSTED_OF_THREE in three of those who post about the event: only the others' posts wait."""
    for post in {it.author: it for it in posts if any(tag in it.text.lower() for tag in event.hashtags)}.values():
        account = account_ref(post.source, post.author)
        if chance(post.author) % 3 < TRUSTED_OF_THREE:
            yield Decision(f"demo-{account}"[:64], event.name, "trust", account, "trusted", "demo", int(post.time))


async def drawn(address: str) -> bytes:
    """The PNG at one of our addresses. Raises PictureError for all others: the demo asks nobody for anything."""
    kind, _, number = address.removeprefix(ADDRESS).removesuffix(".png").partition("/")
    if not address.startswith(ADDRESS) or kind not in ("scene", "face") or not number.isdigit():
        raise PictureError("the demo draws its own pictures and fetches none")
    return await asyncio.to_thread(_scene if kind == "scene" else _face, int(number))


def _scene(number: int) -> bytes:
    from PIL import Image, ImageDraw

    seed = random.Random(number)
    above, below = seed.choice(_SKIES).split()
    picture = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    sky = Image.composite(Image.new("RGB", picture.size, below), Image.new("RGB", picture.size, above), picture)
    draw = ImageDraw.Draw(sky, "RGBA")
    sun, light = seed.randrange(80, WIDTH - 80), seed.randrange(60, 160)
    draw.ellipse((sun - 40, light - 40, sun + 40, light + 40), fill="#fff3b0")
    for lamp in range(seed.randrange(3, 6)):
        at = WIDTH * (lamp + 1) // 6
        draw.polygon(((at, 0), (at + seed.randrange(-160, 160), HEIGHT), (at + 170, HEIGHT)), fill="#ffffff22")
    for row in range(4):
        for place in range(-20, WIDTH, 46 - 4 * row):
            x, y = place + seed.randrange(18), HEIGHT - 120 + 34 * row + seed.randrange(14)
            shade = f"#{20 - 4 * row:02x}{22 - 4 * row:02x}{44 - 8 * row:02x}"
            draw.ellipse((x, y, x + 26, y + 28), fill=shade)
            draw.rounded_rectangle((x - 10, y + 26, x + 36, HEIGHT + 80), 16, fill=shade)
    return _png(sky)


def _face(number: int) -> bytes:
    from PIL import Image, ImageDraw

    seed = random.Random(number)
    hue, skin = seed.randrange(360), seed.choice(("#8d5524", "#c68642", "#e0ac69", "#f1c27d", "#ffdbac"))
    picture = Image.new("RGB", (FACE, FACE), f"hsl({hue}, 55%, 70%)")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((12, 66, 84, 150), fill=f"hsl({(hue + 150) % 360}, 45%, 40%)")
    draw.ellipse((24, 12, 72, 66), fill=seed.choice(("#2b1b12", "#5b3a21", "#a0522d", "#d9b382", "#777777")))
    draw.ellipse((29, 22, 67, 74), fill=skin)
    return _png(picture)


def _png(picture: object) -> bytes:
    made = io.BytesIO()
    picture.save(made, "PNG")  # type: ignore[attr-defined]
    return made.getvalue()


def chance(text: str) -> int:
    """A number that is the same for the same text."""
    return zlib.crc32(text.encode())
