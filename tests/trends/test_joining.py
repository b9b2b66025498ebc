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


def test_a_phrase_without_spaces_and_its_part_are_one_row() -> None:
    """Thirty people say 流星群, in texts of their own; twenty of these go on with の夜. Others speak of football."""
    keys = ["流星群", "流星群の夜", "ฟุตบอล", "ฟุตบอลโลก"]
    rows = by_weight([part(0, 0, 30), part(1, 5, 25), part(2, 40, 60), part(3, 40, 55)], keys.__getitem__, 30.0)
    assert sorted(keys[row.slot] for row in rows) == ["ฟุตบอล", "流星群"]
    assert all(row.joined == () for row in rows), "what is shown says it already"


def test_letters_that_happen_to_stand_in_other_words_are_a_row_of_their_own() -> None:
    """Kyoto is written within the prefecture of Tokyo; hardly anybody speaks of both."""
    keys = ["東京都", "京都"]
    rows = by_weight([part(0, 0, 30), part(1, 25, 50)], keys.__getitem__, 200.0)
    assert [keys[row.slot] for row in rows] == ["東京都", "京都"]


def test_a_row_of_japanese_tells_no_part_of_what_it_tells() -> None:
    keys = ["#fair", "流星群", "流星群の夜"]
    said = [(300, 100), (40, 20), (35, 18)]
    rows = by_weight([standing(slot, *people) for slot, people in enumerate(said)], keys.__getitem__, 1_000.0)
    assert [[keys[slot] for slot in row.joined] for row in rows] == [["流星群の夜"]]


def part(slot: int, first: int, last: int) -> Standing:
    """A topic of the people from `first` to `last`, who say of each topic another text."""
    people, texts = HASHES[first:last], HASHES[first:last] + np.uint64(1_000 * (slot + 1))
    here = Support(len(people), len(people), authors=people, texts=texts)
    return Standing(slot, (here, here), weight=float(len(people)), trending=True)
