"""How a topic's score comes about, term by term (docs/trending.md, People sample, Baseline, Score)."""

from __future__ import annotations

import math
from typing import Literal

import msgspec

from pipeline.trends.lists import ScopeList
from pipeline.trends.people import Support
from pipeline.trends.ranker import Ranker
from pipeline.trends.score import ONE_PERSON, PHI, PSI
from pipeline.trends.standing import against_past, without_past
from schemas import Window
from schemas.trends import Origins, Signs

Verdict = Literal["trending", "no_past", "few", "little_past", "suspect", "low", "below_record"]


class Terms(msgspec.Struct, frozen=True):
    """The terms of one window; `w`, `u`, `r`... as docs/trending.md names them."""

    window_s: int
    posts: int
    sampled: int  # m of people = m / theta
    theta: float
    people: float
    own: float  # u: texts that one sampled person holds
    shared: float  # r: texts that several hold
    support: float  # n
    level: float  # M
    misfit: float  # V
    expected: float  # e
    counting: float  # the variance's term of counting noise
    unsure: float  # of a level that is not known well
    strayed: float  # of what it strayed before
    variance: float  # v
    growth: float  # g: of words, how many times as many people as usual write others, at least
    unheard: float  # the variance's term of words that the past has not heard
    score: float  # S, below 0 too
    weight: float  # R where S >= 2.5


class Arithmetic(msgspec.Struct, frozen=True):
    """All that decides whether a topic trends, in one list at a moment (ms)."""

    scope: str
    window: Window
    at: int
    topic: str
    verdict: Verdict
    buckets: int  # m of the baseline
    decay: float  # d
    past: float  # B
    bucket_s: int
    terms: tuple[Terms, Terms]  # short and long window
    score: float  # S
    weight: float  # what orders it: R, held
    on: float
    least_people: int
    record: float
    since: int | None
    signs: Signs | None
    origins: Origins | None


def list_of(ranker: Ranker, scope: str, window: Window) -> ScopeList | None:
    """The list of that scope and window; None where no post ever belonged to the scope."""
    lists = (one for one in ranker.all_lists() if one.scope.name == scope and one.spec.window == window)
    return next(lists, None)


def spoken_of(of: ScopeList) -> list[str]:
    """The keys of the topics in the list's long window, most posts first."""
    windows = of.scope.windows
    slots = windows.live(of.long, 1).tolist()
    return [of.key(slot) for slot in sorted(slots, key=lambda slot: (-windows.sums[of.long, slot], of.key(slot)))]


def arithmetic(ranker: Ranker, of: ScopeList, key: str, at: int) -> Arithmetic | None:
    """How the score of a topic comes about in a list, after the step that ends at `at` (ms). None: nobody speaks of it
    in the long window."""
    windows, spec, past = of.scope.windows, of.spec, ranker.buckets[of.spec.window].past
    slot = next((slot for slot in windows.live(of.long, 1).tolist() if of.key(slot) == key), None)
    if slot is None:
        return None
    on = of.on_of(slot)
    expected = of.usual.expect([slot], past)
    e, v = (each[:, 0] for each in expected)
    level, misfit = of.baseline.sums(slot, past, ranker.timeline)
    support = of.reader.support(slot)
    volume = of.usual.volume_of(slot, past)
    terms = tuple(
        _terms(
            of, slot, which, support[which],
            (past.weight, float(level[which]), float(misfit[which]), float(e[which]), float(v[which])),
            (float(volume[0][which]), float(volume[1][which])) if volume else (1.0, 0.0),
        )
        for which in (0, 1)
    )  # fmt: skip
    counting = past.weight == 0
    standing = (
        without_past(slot, support, on, of.least_people)
        if counting
        else against_past([slot], [support], expected, of.least_people).standing(0)
    )
    life = of.life_of(slot)
    record = life.record * 0.5 ** ((at - life.at) / spec.record_half_life_ms) if life else 0.0
    if life is not None:
        standing.hold(life.shown_at(spec, at))
    standing.judged = None if counting else of.looked_at.get(slot) or of.judged(slot, of.reader.now)
    since = life.since if life else None
    verdict: Verdict = (
        "few" if standing.n < of.least_people
        else "no_past" if counting
        else "little_past" if volume and not of.usual.tells_of_words(past)
        else "suspect" if standing.suspect
        else "trending" if since is not None
        else "low" if standing.score < on
        else "below_record"
    )  # fmt: skip
    return Arithmetic(
        scope=of.scope.name,
        window=spec.window,
        at=at,
        topic=key,
        verdict=verdict,
        buckets=past.buckets,
        decay=spec.decay,
        past=past.weight,
        bucket_s=spec.bucket_ms // 1_000,
        terms=(terms[0], terms[1]),
        score=standing.score,
        weight=standing.weight,
        on=on,
        least_people=of.least_people,
        record=record,
        since=since,
        signs=standing.signs,
        origins=of.origins(of.reader.people_from(slot), at),
    )


def _terms(
    of: ScopeList,
    slot: int,
    which: int,
    support: Support,
    past: tuple[float, float, float, float, float],
    volume: tuple[float, float],
) -> Terms:
    growth, unseen = volume
    weight, level, misfit, e, v = past
    window_ms = of.spec.windows_ms[which]
    sampled = round(support.people * support.theta)
    own = round(support.own_words * sampled)
    known = weight > 0
    return Terms(
        window_s=window_ms // 1_000,
        posts=int(of.scope.windows.sums[(of.short, of.long)[which], slot]),
        sampled=sampled,
        theta=support.theta,
        people=support.people,
        own=own,
        shared=round((support.n - own / support.theta) / 2),
        support=support.n,
        level=level,
        misfit=misfit,
        expected=e,
        counting=e * (1 + growth * window_ms / of.spec.bucket_ms / weight) if known else 0.0,
        unsure=(PHI + PSI / (1 + weight)) * e * e,
        strayed=growth**2 * misfit / weight if known else 0.0,
        variance=v,
        growth=growth,
        unheard=(growth**2 - 1) * unseen**2,
        score=(support.n - e) / math.sqrt(v),
        weight=(support.n - e) * math.log((support.n + ONE_PERSON) / (e + ONE_PERSON)),
    )
