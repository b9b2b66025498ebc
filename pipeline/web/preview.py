"""The picture that a shared link shows elsewhere: a topic, and people who speak of it, step by step."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

import regex

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont

WIDTH, HEIGHT, MARGIN = 1_200, 630, 72
BARS_HEIGHT, GAP = 270, 8
SIZES = (120, 96, 76, 60)  # of the topic, the largest that has room
KEPT = 64  # pictures
BOLD = 650  # of the weights 100 to 900 that the font has
# Noto Sans in its families, which are installed with us: what each is for, and whether its letters join
_FAMILIES = (
    ("", regex.compile(r"[\p{Latin}\p{Greek}\p{Cyrillic}\p{Common}\p{Inherited}]*"), False),
    ("Arabic", regex.compile(r"[\p{Latin}\p{Arabic}\p{Common}\p{Inherited}]*"), True),
    ("Devanagari", regex.compile(r"[\p{Latin}\p{Devanagari}\p{Common}\p{Inherited}]*"), True),
)
_PAPER, _INK, _BAR, _QUIET = "#0f1318", "#eceff3", "#86c1ff", "#a3adba"


@lru_cache(maxsize=KEPT)
def drawn(title: str, spark: tuple[float, ...]) -> bytes:
    """A PNG of WIDTH x HEIGHT. `title`: safe to show; `spark`: people of each step, oldest first."""
    from PIL import Image, ImageDraw

    picture = Image.new("RGB", (WIDTH, HEIGHT), _PAPER)
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN, 48), "upswell", _QUIET, _font("", 40))
    family = _family(title)
    if family is not None:  # else the course stands alone
        size = next((it for it in SIZES if _fits(title, family, it)), SIZES[-1])
        while not _fits(title, family, size):
            title = title.removesuffix("…")[:-1] + "…"
        draw.text((MARGIN, 200), title, _INK, _font(family, size), anchor="lm")
    for left, right, top in _bars(spark):
        draw.rounded_rectangle((left, top, right, HEIGHT - MARGIN), 6, _BAR)
    made = io.BytesIO()
    picture.save(made, "PNG")
    return made.getvalue()


def _family(title: str) -> str | None:
    """The family that has all letters of the title and can join them; None where there is none."""
    from PIL import features

    for family, drawn_by_it, joins in _FAMILIES:
        if drawn_by_it.fullmatch(title) and all(_is_known(letter, family) for letter in title):
            return family if not joins or features.check("raqm") else None
    return None


@cache
def _font(family: str, size: int) -> FreeTypeFont:
    from PIL import ImageFont

    package = import_module(f"fontpkg_noto_sans{family and '_'}{family.lower()}")
    font = ImageFont.truetype(str(package.ROOT / "files" / f"NotoSans{family}[wdth,wght].ttf"), size)
    font.set_variation_by_axes([BOLD, 100])
    return font


def _fits(title: str, family: str, size: int) -> bool:
    return _font(family, size).getlength(title) <= WIDTH - 2 * MARGIN


@lru_cache(maxsize=1_000)
def _is_known(letter: str, family: str) -> bool:
    """Whether the font has it, and would not draw the box that stands for all others."""
    mask, unknown = (bytes(_font(family, SIZES[-1]).getmask(it)) for it in (letter, "\uffff"))
    return mask != unknown


def _bars(spark: Sequence[float]) -> list[tuple[float, float, float]]:
    """(left, right, top) of each step; what is nobody has a line."""
    most, step = max([*spark, 1.0]), (WIDTH - 2 * MARGIN + GAP) / max(len(spark), 1)
    return [
        (MARGIN + n * step, MARGIN + (n + 1) * step - GAP, HEIGHT - MARGIN - 4 - BARS_HEIGHT * people / most)
        for n, people in enumerate(spark)
    ]
