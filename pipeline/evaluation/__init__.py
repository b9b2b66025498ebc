"""How good a list of trends is on a stream whose bursts are known: upswell beside simpler methods, judged alike."""

from pipeline.evaluation.judging import (
    SHOULD_NOT,
    SHOULD_TREND,
    SIZES,
    Found,
    Planted,
    beside_labels,
    churn,
    listed_hours_a_day,
    repeats,
    starts_a_day,
    verdict,
)
from pipeline.evaluation.lives import Lives, lives_above, lives_of_upswell, lowest_threshold
from pipeline.evaluation.methods import Series, baselines, counted, mastodon, past, plain, poisson, z_score
from pipeline.evaluation.observing import Observation, Span

__all__ = [
    "SHOULD_NOT",
    "SHOULD_TREND",
    "SIZES",
    "Found",
    "Lives",
    "Observation",
    "Planted",
    "Series",
    "Span",
    "baselines",
    "beside_labels",
    "churn",
    "counted",
    "listed_hours_a_day",
    "lives_above",
    "lives_of_upswell",
    "lowest_threshold",
    "mastodon",
    "past",
    "plain",
    "poisson",
    "repeats",
    "starts_a_day",
    "verdict",
    "z_score",
]
