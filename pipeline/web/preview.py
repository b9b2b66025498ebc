"""The picture that a shared link shows elsewhere: a topic, and people who speak of it, step by step."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import lru_cache

WIDTH, HEIGHT, MARGIN = 1_200, 630, 72
BARS_HEIGHT, GAP = 270, 8
SIZES = (120, 96, 76, 60)  # of the topic, the largest that has room
KEPT = 64  # pictures
_PAPER, _INK, _BAR, _QUIET = "#0f1318", "#eceff3", "#86c1ff", "#a3adba"


@lru_cache(maxsize=KEPT)
def drawn(title: str, spark: tuple[float, ...]) -> bytes:
    """A PNG of WIDTH x HEIGHT. `title`: safe to show; `spark`: people of each step, oldest first."""
    from PIL import Image, ImageDraw, ImageFont

    picture = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN, 48), "upswell", _QUIET, ImageFont.load_default(40))
    if title.isascii():  # the font that Pillow brings has no other letters: the course stands alone then
        size = next((it for it in SIZES if _fits(title, it)), SIZES[-1])
        while not _fits(title, size):
            title = title.removesuffix("…")[:-1] + "…"
        draw.text((MARGIN, 200), title, _INK, ImageFont.load_default(size), anchor="lm")
    for left, right, top in _bars(spark):
        draw.rounded_rectangle((left, top, right, HEIGHT - MARGIN), 6, _BAR)
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def _fits(title: str, size: int) -> bool:
    from PIL import ImageFont

    return bool(ImageFont.load_default(size).getlength(title) <= WIDTH - 2 * MARGIN)


def _bars(spark: Sequence[float]) -> list[tuple[float, float, float]]:
    """(left, right, top) of each step; what is nobody has a line."""
    most, step = max([*spark, 1.0]), (WIDTH - 2 * MARGIN + GAP) / max(len(spark), 1)
    return [
        (MARGIN + n * step, MARGIN + (n + 1) * step - GAP, HEIGHT - MARGIN - 4 - BARS_HEIGHT * people / most)
        for n, people in enumerate(spark)
    ]
