"""The picture of a shared link: what is drawn, and that no topic costs much or shows boxes instead of letters."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from pipeline.web.preview import BARS_HEIGHT, HEIGHT, MARGIN, WIDTH, drawn


def rows_drawn(title: str, spark: tuple[float, ...]) -> tuple[int, int]:
    """How many rows of pixels of the title's place and of the bars' place show something."""
    with Image.open(io.BytesIO(drawn(title, spark))) as picture:
        grey = picture.convert("L").point(lambda it: 255 if it > 40 else 0)
        found = [
            grey.crop((0, top, WIDTH, bottom)).getbbox()
            for top, bottom in ((120, 275), (HEIGHT - MARGIN - BARS_HEIGHT - 10, HEIGHT))
        ]
    title_rows, bar_rows = (it[3] - it[1] if it else 0 for it in found)
    return title_rows, bar_rows


@pytest.mark.parametrize(
    ("title", "is_drawn"),
    [
        ("#Lyon", True),
        ("#" + "a" * 300, True),
        ("#ÉcoleÀNîmes", True),
        ("#Łódź", True),
        ("#Киев", True),
        ("#Αθήνα", True),
        ("“le cœur de l’été”", True),
        ("#東京", False),
        ("#한국", False),
        ("#हिन्दी", True),
        ("#مصر", True),
        ("#مصر_हिन्दी", False),  # no family has both
    ],
)
def test_a_title_is_drawn_whole_or_cut_and_left_out_where_its_letters_are_not_known(title: str, is_drawn: bool) -> None:
    assert (rows_drawn(title, (1.0, 5.0))[0] > 20) is is_drawn


def test_the_highest_bar_is_of_most_people_and_nobody_is_a_line() -> None:
    assert rows_drawn("#a", (0.0, 900.0, 3.0))[1] > BARS_HEIGHT
    assert 0 < rows_drawn("#a", (0.0, 0.0))[1] < 10
    assert rows_drawn("#a", ())[1] == 0
