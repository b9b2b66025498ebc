"""Claims about the burst score of a series of counts."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slow_series import slow_scores

from pipeline.trends.series import MAX_STEPS, SeriesError, SeriesScores, SeriesSpec, score_series, step_of

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


def scored(values: list[float], step_ms: int = 300_000, warmup_ms: int = 0) -> SeriesScores:
    return score_series(np.arange(len(values)) * step_ms, np.array(values, float), warmup_ms)


@st.composite
def series_with_gaps(draw: st.DrawFn) -> tuple[list[int], list[float], int]:
    """Times and values of a few hundred rows with missing rows, absences, jitter and bursts, and a warm-up."""
    step_ms = draw(st.sampled_from([60_000, 120_000, 300_000, 420_000, 3_600_000, 86_400_000]))
    rows = draw(st.integers(1, 400))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    jumps = np.ones(rows, np.int64)
    for share, longest in ((0.05, 12), (0.01, 400), (0.005, 3_000)):
        where = rng.random(rows) < share * draw(st.integers(0, 1))
        jumps[where] = rng.integers(1, longest, where.sum())
    jitter_ms = rng.integers(-step_ms // 5, step_ms // 5 + 1, rows) * draw(st.integers(0, 1))
    times_ms = np.cumsum(jumps) * step_ms + jitter_ms
    values = rng.poisson(draw(st.sampled_from([0.2, 3.0, 80.0])), rows) * 1.0
    values[rng.random(rows) < 0.02] *= draw(st.sampled_from([1.0, 10.0, 300.0]))
    if draw(st.booleans()):
        values *= 0.375  # its sums are exact in any order, so that ties of the two windows are ties in both
    return times_ms.tolist(), values.tolist(), draw(st.sampled_from([0, 2 * HOUR_MS, DAY_MS]))


@settings(max_examples=60, deadline=None)
@given(series_with_gaps())
def test_every_number_is_that_of_the_slow_restatement(drawn: tuple[list[int], list[float], int]) -> None:
    times_ms, values, warmup_ms = drawn
    got = score_series(np.array(times_ms), np.array(values), warmup_ms)
    want = np.array(slow_scores(times_ms, values, warmup_ms))
    for column, name in enumerate(("expected", "spread", "score", "news")):
        np.testing.assert_allclose(getattr(got, name), want[:, column], rtol=1e-7, atol=1e-7, err_msg=name)


@settings(max_examples=30, deadline=None)
@given(series_with_gaps(), st.integers(0, 399))
def test_what_is_said_of_a_row_depends_on_no_later_value(
    drawn: tuple[list[int], list[float], int], changed_row: int
) -> None:
    times_ms, values, warmup_ms = drawn
    later = [value if row < changed_row else 1_000.0 for row, value in enumerate(values)]
    before = score_series(np.array(times_ms), np.array(values), warmup_ms)
    after = score_series(np.array(times_ms), np.array(later), warmup_ms)
    for name in ("expected", "spread", "score", "news"):
        np.testing.assert_array_equal(getattr(before, name)[:changed_row], getattr(after, name)[:changed_row])


def test_a_burst_stands_out_from_its_own_past_and_is_news_once() -> None:
    #   10 10 10 ... 10 | 200 200 200 | 10 10 ... 10 | 100 100 100 | 10
    #   a day of past     a burst       two hours      half of it
    values = [10.0] * 288 + [200.0] * 3 + [10.0] * 24 + [100.0] * 3 + [10.0] * 12
    got = scored(values, warmup_ms=DAY_MS)
    assert got.score[:288].max() == 0
    assert got.news[288:291].min() > 5
    assert got.score[315:318].max() > 5, "the second burst is a burst too"
    assert got.news[291:].max() == 0, "but it does not beat the record of the first"


def test_a_record_fades_so_that_the_same_burst_is_news_again_some_days_later() -> None:
    burst = [200.0] * 3
    quiet = [10.0] * 288
    got = scored(quiet + burst + quiet * 3 + burst, warmup_ms=DAY_MS)
    assert got.news[-3:].max() > 5


def test_expected_and_spread_are_per_step_and_explain_the_score() -> None:
    values = [10.0] * 288 + [200.0]
    got = scored(values, warmup_ms=DAY_MS)
    mean_of_short_window = (10 + 10 + 200) / 3
    assert got.expected[-1] == pytest.approx(10.0, rel=0.01)
    assert got.score[-1] == pytest.approx((mean_of_short_window - got.expected[-1]) / got.spread[-1])


def test_without_a_baseline_there_is_no_score() -> None:
    got = scored([0.0] * 12 + [500.0] * 12, warmup_ms=0)
    assert got.score.max() == 0, "the first bucket waits while the second one is open"
    assert scored([0.0] * 24 + [500.0], warmup_ms=0).score[-1] > 5


def test_fewer_than_five_in_the_long_window_are_no_burst() -> None:
    assert scored([0.0] * 36 + [4.0]).score.max() == 0
    assert scored([0.0] * 36 + [5.0]).score.max() > 0


def test_missing_rows_are_quiet_steps() -> None:
    step_ms = 5 * MINUTE_MS
    values = np.array([8.0, 3.0, 0.0, 0.0, 6.0, 9.0] * 100)
    times_ms = np.arange(len(values)) * step_ms
    filled = score_series(times_ms, values, 0)
    kept = values > 0
    sparse = score_series(times_ms[kept], values[kept], 0)
    np.testing.assert_allclose(sparse.score, filled.score[kept])
    np.testing.assert_allclose(sparse.expected, filled.expected[kept])


def test_an_absence_of_days_does_not_teach_that_nobody_talks() -> None:
    values = np.full(600, 50.0)
    times_ms = np.arange(600) * 300_000
    times_ms[300:] += 10 * DAY_MS
    got = score_series(times_ms, values, DAY_MS)
    assert got.news.max() < 1
    assert got.expected[-1] == pytest.approx(50.0, rel=0.05)


def test_rows_that_jitter_around_their_step_score_like_even_ones() -> None:
    rng = np.random.default_rng(5)
    values = rng.poisson(20, 600) * 1.0
    times_ms = np.arange(600) * 300_000
    even, uneven = (score_series(times, values, 0) for times in (times_ms, times_ms + rng.integers(-900, 900, 600)))
    np.testing.assert_allclose(even.score, uneven.score)


@pytest.mark.parametrize(
    ("step_ms", "windows"),
    [
        (1_000, (900, 3600)),
        (2 * MINUTE_MS, (8, 30)),
        (5 * MINUTE_MS, (3, 12)),
        (15 * MINUTE_MS, (1, 4)),
        (HOUR_MS, (1, 4)),
        (DAY_MS, (1, 4)),
    ],
)
def test_windows_follow_from_the_step(step_ms: int, windows: tuple[int, int]) -> None:
    assert SeriesSpec.of_step(float(step_ms)).windows == windows


def test_a_single_row_and_none_have_no_score() -> None:
    assert scored([7.0]).score.tolist() == [0.0]
    assert scored([]).news.tolist() == []


@pytest.mark.parametrize("times_ms", [[0, 0], [0, 60_000, 30_000]])
def test_times_that_do_not_ascend_are_refused(times_ms: list[int]) -> None:
    with pytest.raises(SeriesError, match="ascend"):
        step_of(np.array(times_ms))


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf"), 1e13])
def test_values_that_are_no_counts_are_refused(value: float) -> None:
    with pytest.raises(SeriesError, match="values"):
        scored([1.0, value])


def test_rows_too_far_apart_for_their_step_are_refused_instead_of_filling_the_memory() -> None:
    pairs = np.arange(200) * 80_000_000
    times_ms = np.sort(np.concatenate([pairs, pairs + 1, pairs + 2]))
    assert step_of(times_ms) == 1
    with pytest.raises(SeriesError, match=f"at most {MAX_STEPS}"):
        score_series(times_ms, np.ones(len(times_ms)), 0)


def test_news_reaches_its_figure_on_the_labelled_twitter_volumes(data_dir: Path, quality: ModuleType) -> None:
    files = quality.load_nab(data_dir / "nab")
    assert len(files) == 5
    news, _ = quality.nab_score(files, quality.run_nab(files, quality.ours("news")))
    counts, _ = quality.nab_score(files, quality.run_nab(files, quality.plain_counts(5)))
    assert news >= 77.5
    assert counts < 22


def test_news_reaches_its_recall_at_four_percent_false_alarms(data_dir: Path, quality: ModuleType) -> None:
    bursts = quality.load_gnip(data_dir / "gnip" / "dev.jsonl.gz")
    assert len(bursts) == 483
    assert quality.run_gnip(bursts, quality.ours("news")) >= 0.954
    assert quality.run_gnip(bursts, quality.mastodon(15)) < 0.92
