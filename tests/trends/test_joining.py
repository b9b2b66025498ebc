"""Which of the words that stand in a row are told, and in which order."""

from __future__ import annotations

import numpy as np

from pipeline.trends.joining import MOST_ALSO, by_weight
from pipeline.trends.people import Support
from pipeline.trends.standing import Standing

HASHES = np.arange(1, 301, dtype=np.uint64)


def standing(slot: int, people: int, of_late: int) -> Standing:
    """A topic of the first so many people, who say all of it in one post each."""
    here = Support(people, people, authors=HASHES[:people], texts=HASHES[:people])
    return Standing(slot, (Support(of_late, of_late), here), weight=float(people), trending=True)


def test_a_row_tells_what_most_people_said_of_late_before_what_weighs_more() -> None:
    """Twelve words of 60 to 49 people, two of whom said each lately; a story of 25 people, all of them just now."""
    keys = ["#fair", *(f"talk{letter}" for letter in "abcdefghijkl"), "coffee"]
    said = [(300, 100), *((60 - n, 2) for n in range(12)), (25, 25)]
    rows = by_weight([standing(slot, *people) for slot, people in enumerate(said)], keys.__getitem__, 1_000.0)
    assert [keys[row.slot] for row in rows] == ["#fair"]
    assert len(rows[0].joined) == MOST_ALSO
    assert [keys[slot] for slot in rows[0].joined[:3]] == ["coffee", "talka", "talkb"]
