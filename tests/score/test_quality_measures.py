"""Claims about the measures that judge the score: made-up series whose worth is known by hand."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest


def series(quality: ModuleType, windows: tuple[tuple[int, int], ...], rows: int = 1_000) -> object:
    return quality.Labelled("made-up", np.arange(rows) * 300_000, np.ones(rows), windows)


def test_a_detection_at_the_start_of_every_window_is_perfect(quality: ModuleType) -> None:
    score = np.zeros(1_000)
    score[[300, 600]] = 1.0
    assert quality.nab_score([series(quality, ((300, 399), (600, 699)))], [score], 1.0)[0] == pytest.approx(100.0)


def test_no_detection_is_worth_nothing(quality: ModuleType) -> None:
    assert quality.nab_score([series(quality, ((300, 399),))], [np.zeros(1_000)], 1.0)[0] == 0.0


def test_a_late_detection_earns_less_and_a_false_one_costs(quality: ModuleType) -> None:
    late, false = np.zeros(1_000), np.zeros(1_000)
    late[395] = 1.0
    false[[300, 800]] = 1.0
    labelled = [series(quality, ((300, 399),))]
    perfect = 100.0
    late_score = quality.nab_score(labelled, [late], 1.0)[0]
    assert 50.0 < late_score < 70.0
    # far after the window a false detection costs all of 0.11; two points lie between a window missed and one found
    assert quality.nab_score(labelled, [false], 1.0)[0] == pytest.approx(perfect - 100 * 0.11 / 2)


def test_detections_in_the_first_part_of_a_series_do_not_count(quality: ModuleType) -> None:
    score = np.zeros(1_000)
    score[[10, 149]] = 1.0
    assert quality.nab_score([series(quality, ((300, 399),))], [score], 1.0)[0] == 0.0
    score[150] = 1.0
    assert quality.nab_score([series(quality, ((300, 399),))], [score], 1.0)[0] < 0.0


def test_the_best_threshold_is_found_among_ties(quality: ModuleType) -> None:
    score = np.zeros(1_000)
    score[[300, 800]] = 2.0, 1.0
    score[[301, 302]] = 2.0
    assert quality.nab_score([series(quality, ((300, 399),))], [score]) == (pytest.approx(100.0), 2.0)


def test_recall_counts_trends_above_what_four_percent_of_the_others_exceed(quality: ModuleType) -> None:
    others = np.arange(100.0)  # 99, 98, 97 and 96 may alarm: the threshold lies at 95
    highest = np.concatenate([others, [95.0, 95.5, 200.0, 1.0]])
    assert quality.recall_at([False] * 100 + [True] * 4, highest) == 0.5
