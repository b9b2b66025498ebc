"""Score, life, order, rows and which lists are issued."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import Any

from xxhash import xxh64_intdigest as xxh64

from .baseline import Baseline, Expected, Pair
from .counting import Counted, count
from .likeness import Samples
from .origins import Hours, flags_of, origins_of
from .people import ALL_WORDS, HASHES, Mention, Sample, authors_left, estimated_number, is_tag, left, sample, shown
from .posts import Mark, Retracted, Said, scopes_of
from .score import Life, Score, minimum_of, on
from .windows import MINUTE_MS, SPECS, Mentions, Spec, bucket_of, in_scope, steps
from .words import is_told, letters

OFF = 2.5
ROWS = 20
TAGS = WORDS = 200  # that trend and are looked at
ALSO = 10  # words that are told of in a row
FALLBACK = 2  # support from which a topic is shown rather than nothing
SPARK = 20

List = dict[str, Any]


def lists(
    log: Iterable[Said | Mark | Retracted],
    partitions: int,
    pane_ms: int,
    max_out_of_orderness_ms: int,
    windows: Iterable[str] = ("5m", "1h", "24h"),
    scopes: Iterable[str] | None = None,
) -> list[List]:
    """Every issued list of the windows and scopes (all that occur), by `at`, window and scope."""
    counted = count(log, partitions, pane_ms, max_out_of_orderness_ms)
    if scopes is None:
        scopes = {scope for said in counted.posts for scope in scopes_of(said)}
    found = [
        each for name in windows for scope in sorted(scopes) for each in issued(every_list(SPECS[name], scope, counted))
    ]
    return sorted(found, key=lambda one: (one["at"], one["window_s"], one["scope"]))


def issued(every: Iterable[List]) -> list[List]:
    """The lists of one scope and window that differ from the last one issued."""
    found: list[List] = []
    for each in every:
        before = signature(found[-1]) if found else []
        if signature(each) != before:
            found.append(each)
    return found


def signature(each: List) -> list[Any]:
    """What makes a list a new one. Empty lists are all the same, and as good as none before the first."""
    if not each["trends"] and not each["posts"]:
        return []
    fields = ("topic", "trending", "posts", "authors", "flags")
    rows = (tuple(row[field] for field in fields) for row in each["trends"])
    return [each["flag"], each["posts"], each["authors"], *rows]


def every_list(spec: Spec, scope: str, counted: Counted) -> list[List]:
    """The list of every observed step, issued or not."""
    return Maker(spec, scope, counted).run()


class Maker:
    """The lists of one scope and window, step after step."""

    def __init__(self, spec: Spec, scope: str, counted: Counted) -> None:
        self.spec, self.scope, self.minimum = spec, scope, minimum_of(scope)
        self.steps = steps(spec, counted)
        self.everything, hourly = in_scope(counted.minutes, scope), in_scope(counted.hours, scope)
        gone = counted.gone[spec.name == "24h"]
        self.everyone = [
            (said, gone.get(number, HASHES))
            for number, said in enumerate(counted.posts)
            if scope in scopes_of(said) and scope.startswith("event:")
        ]
        self.mentions: Mentions = hourly if spec.name == "24h" else self.everything
        self.baseline = Baseline(spec, self.minimum, self.mentions, hourly)
        self.lives: dict[str, Life] = {}
        self.record: dict[str, tuple[float, int]] = {}  # topic -> (score, when)
        self.shown: dict[str, tuple[float, int]] = {}
        self.at = 0
        self.hours = Hours(counted)
        self.said: dict[str, list[Mention]] = {}  # of the long window
        self.samples = Samples()
        self.supports: dict[tuple[int, int], dict[str, float]] = {}

    def run(self) -> list[List]:
        return [self.step(at) for at in self.steps]

    def step(self, at: int) -> List:
        self.at = at
        for topic in self.baseline.begin(at, set(self.lives)):
            self.record.pop(topic, None)
            self.shown.pop(topic, None)
        long = self.spec.windows[1]
        self.said = self.mentions.within(at - long, at)
        self.samples = Samples({topic: sample(said, at) for topic, said in self.said.items()})
        flag = self.baseline.flag()
        active = self.active_topics()
        scores: dict[str, Score] = {}
        thresholds = {True: on(self.scope, active), False: on(self.scope, self.active_words()) - 0.05}
        for topic in sorted((self.said.keys() | self.lives.keys()) - {ALL_WORDS}):
            if not is_tag(topic) and flag != "counting" and not self.past_tells_of_words():
                self.lives.pop(topic, None)
                continue
            n = self.support(topic, 0, at), self.support(topic, 1, at)
            scores[topic] = self.counting_score(topic, n) if flag == "counting" else self.score(topic, n)
            self.live_on(scores[topic], flag, thresholds[is_tag(topic)])
        rows = self.counting_rows(scores, on(self.scope, active)) if flag == "counting" else self.ranked_rows(scores)
        for rank, row in enumerate(rows, 1):
            row["rank"] = rank
        return {
            "scope": self.scope,
            "window": self.spec.name,
            "window_s": long // 1_000,
            "at": at,
            "flag": flag,
            "past": len(self.baseline.evidence),
            "active": active,
            "trends": rows,
            **self.totals(at - long, at),
        }

    def totals(self, start: int, end: int) -> dict[str, int]:
        """Posts and people of an event's scope, with topics or without."""
        said = [(one, gone) for one, gone in self.everyone if start <= one.time < end]
        there = {one.author for one, gone in said if gone >= end}
        posts = sum(1 for _, gone in said if gone >= end)
        return {"posts": posts, "authors": shown(authors_left({one.author for one, _ in said}, there), posts)}

    def active_topics(self) -> float:
        """How many topics have posts in the long window, before the hourly records let any go."""
        return estimated_number(
            xxh64(topic.encode())
            for topic in self.everything.within(self.at - self.spec.windows[1], self.at)
            if is_tag(topic)
        )

    def active_words(self) -> int:
        """How many words and phrases have posts left in the long window."""
        words = (said for topic, said in self.said.items() if topic != ALL_WORDS and not is_tag(topic))
        return sum(1 for said in words if left(said, self.at))

    @staticmethod
    def counting_score(topic: str, n: Pair) -> Score:
        """Without a past there is no S; R is that of a topic never heard before."""
        weight = n[1] * math.log(n[1] + 1) if n[1] >= OFF else 0.0
        return Score(topic, 0.0, weight, 1, n, 0.0, 1.0)

    def score(self, topic: str, n: Pair) -> Score:
        expected = self.expected(topic)
        z = [(n[w] - expected.e[w]) / math.sqrt(expected.v[w]) for w in (0, 1)]
        window = 0 if z[0] >= z[1] else 1
        score = max(z[window], 0.0) if n[1] >= self.minimum else 0.0
        e = expected.e[window]
        weight = (n[window] - e) * math.log((n[window] + 1) / (e + 1)) if score >= OFF else 0.0
        return Score(topic, score, weight, window, n, e, expected.v[window])

    def expected(self, topic: str) -> Expected:
        """What the past lets one expect. Of words their usual share: where g times as many as usual write others, all
        that the past tells is g times as much; a word it has not heard may have been said once in all of it."""
        expected, m = self.baseline.expected(topic), len(self.baseline.evidence)
        if is_tag(topic) or m == 0:
            return expected
        past = (1 - self.baseline.decay**m) / (1 - self.baseline.decay)
        usual = self.baseline.expected(ALL_WORDS)
        grown_e, grown_v = [0.0, 0.0], [0.0, 0.0]
        for w, window in enumerate(self.spec.windows):
            once = window / (past * self.spec.bucket)
            others = self.support(ALL_WORDS, w, self.at) - self.support(topic, w, self.at)
            certain = others - 2 * math.sqrt(max(others, 0))  # more than that is no chance
            g = max(1.0, certain / max(usual.e[w] - expected.e[w], once))
            e, more = expected.e[w], expected.v[w] - expected.e[w] - 1
            grown_e[w] = g * e
            grown_v[w] = g * e + g**2 * more + 1 + (g**2 - 1) * once**2
        return Expected((grown_e[0], grown_e[1]), (grown_v[0], grown_v[1]))

    def past_tells_of_words(self) -> bool:
        """It has heard a quarter as many write words as do now."""
        return self.support(ALL_WORDS, 1, self.at) <= 4.000000004 * self.baseline.sums(ALL_WORDS)[0][1]

    def live_on(self, now: Score, flag: str, threshold: float) -> None:
        """The topic's held weight, record and life after this step."""
        topic, at = now.topic, self.at
        if flag == "counting":
            return
        self.shown[topic] = max(now.weight, self.faded(self.shown, topic, self.spec.shown_half_life)), at
        record = self.faded(self.record, topic, self.spec.record_half_life)
        if flag == "":
            self.record[topic] = max(record, now.score), at
        life = self.lives.get(topic)
        if life is None:
            if now.score >= threshold and now.score > record:
                self.lives[topic] = Life(at, None, (now.score, at))
            return
        low = None if now.score >= OFF else life.low if life.low is not None else at
        peak = (now.score, at) if now.score > life.peak[0] else life.peak
        if low is not None and at - low >= self.spec.ends_after:
            del self.lives[topic]
        else:
            self.lives[topic] = Life(life.since, low, peak)

    def faded(self, held: dict[str, tuple[float, int]], topic: str, half_life: float) -> float:
        value, when = held.get(topic, (0.0, self.at))
        return value * 0.5 ** ((self.at - when) / half_life)

    def counting_rows(self, scores: dict[str, Score], threshold: float) -> list[List]:
        by_support = sorted((s for s in scores.values() if is_tag(s.topic)), key=lambda s: (-s.n[1], s.topic))
        listed = [s for s in by_support if s.n[1] >= self.minimum] or [s for s in by_support if s.n[1] >= FALLBACK]
        return [self.row(s, s.n[1] >= threshold, []) for s in listed[:ROWS]]

    def ranked_rows(self, scores: dict[str, Score]) -> list[List]:
        living = sorted((s for s in scores.values() if self.trends(s)), key=lambda s: (-self.weight(s), s.topic))
        leaders: list[tuple[Score, list[str]]] = []
        for each in [s for s in living if is_tag(s.topic)][:TAGS]:
            for leader, joined in leaders:
                if self.began_together(leader.topic, each.topic) and self.samples.same_people(leader.topic, each.topic):
                    joined.append(each.topic)
                    break
            else:
                leaders.append((each, []))
        shown = self.with_words(leaders[:ROWS], [s for s in living if not is_tag(s.topic)][:WORDS])
        shown.sort(key=lambda row: (-self.weight(row[0]), row[0].topic))
        rows = [self.row(s, True, joined) for s, joined in shown[:ROWS]]
        idle = (s for s in scores.values() if is_tag(s.topic) and not self.trends(s))
        others = sorted(idle, key=lambda s: (-s.n[1], s.topic))
        fill = [s for s in others if s.n[1] >= self.minimum]
        if not rows and not fill:
            fill = [s for s in others if s.n[1] >= FALLBACK]
        return rows + [self.row(s, False, []) for s in fill[: ROWS - len(rows)]]

    def with_words(self, tags: list[tuple[Score, list[str]]], words: list[Score]) -> list[tuple[Score, list[str]]]:
        """The rows of tags and of words. Words join a row of the same letters, else one that they are words of or that
        is words of them, else one of the same posts. Of words that stand together the longest is shown that nearly as
        many people say."""
        groups = [[leader] for leader, _ in tags]
        for each in words:
            same_letters = [one for one in groups if letters(one[0].topic) == letters(each.topic)]
            same_posts = [one for one in groups if self.samples.same_posts(one[0].topic, each.topic)]
            parts = [one for one in groups if self.samples.is_part(one[0].topic, each.topic)]
            for found in (same_letters or parts or same_posts)[:1]:
                found.append(each)
            if not (same_letters or parts or same_posts) and len(groups) < len(tags) + ROWS:
                groups.append([each])
        those = zip(groups, tags, strict=False)
        rows = [(group[0], [*joined, *self.also(group[0], group)]) for group, (_, joined) in those]
        for group in groups[len(tags) :]:
            longest = self.longest(group)
            rows.append((longest, self.also(longest, group)))
        return rows

    def longest(self, group: list[Score]) -> Score:
        many = [one for one in group if self.samples[one.topic].people >= 0.8 * self.samples[group[0].topic].people]
        return max(many, key=lambda one: len(one.topic))

    def also(self, row: Score, group: list[Score]) -> list[str]:
        """The other topics of a row, what is said most in the short window before others, but for parts of what is told
        already, and what that is a part of."""
        told = [row.topic]
        group = sorted(group, key=lambda s: -s.n[0])
        for each in group:
            if not any(is_told(each.topic, known) for known in told):
                open_parts = [o for o in group if not any(is_told(o.topic, known) for known in told)]
                told.append(self.longest([each, *(o for o in open_parts if is_told(each.topic, o.topic))]).topic)
        return told[1 : 1 + ALSO]

    def began_together(self, one: str, other: str) -> bool:
        return abs(self.lives[one].since - self.lives[other].since) <= 15 * MINUTE_MS

    def trends(self, s: Score) -> bool:
        """It has a life, and enough people in its window."""
        return s.topic in self.lives and s.n[1] >= self.minimum

    def weight(self, s: Score) -> float:
        """R as it is held, but for what the people in the window cannot weigh."""
        held = self.shown.get(s.topic, (s.weight, 0))[0]
        return max(s.weight, min(held, s.n[1] * math.log(s.n[1] + 1)))

    def row(self, s: Score, trending: bool, joined: list[str]) -> List:
        all_said, people = self.said.get(s.topic, []), self.samples[s.topic]
        said = left(all_said, self.at)
        withdrawn = [mention for mention in all_said if mention.gone < self.at]
        origins = origins_of(all_said, people, self.hours, bucket_of(self.spec, self.at))
        spellings = self.spellings(s.topic)
        life = self.lives.get(s.topic) if trending else None
        return {
            "topic": s.topic,
            "trending": trending,
            "display": spellings[0] if spellings else s.topic,
            "variants": spellings[1:],
            "posts": len(said),
            "authors": shown(people.people, len(said)),
            "support": s.n[s.window],
            "expected": s.e,
            "spread": math.sqrt(s.v),
            "score": s.score,
            "weight": self.weight(s),
            "score_window_s": self.spec.windows[s.window] // 1_000,
            "state": self.state(s, life),
            "since": life.since if life else None,
            "peak": {"score": life.peak[0], "at": life.peak[1]} if life else None,
            "flags": self.flags(said, people, flags_of(origins), joined),
            "origins": origins,
            "joined": joined,
            "also": [self.spellings(topic)[0] for topic in joined],
            "spark": [self.people(s.topic, self.at - back * self.spec.step) for back in reversed(range(SPARK))],
            "usual": self.usual(s.topic),
            "withdrawn": len(withdrawn),
            "withdrawn_by": len({mention.author for mention in withdrawn}),
        }

    def spellings(self, topic: str) -> list[str]:
        """As posts write it, most of them first."""
        used = Counter(mention.written for mention in left(self.said.get(topic, []), self.at))
        return sorted(used, key=lambda written: (-used[written], written))

    def people(self, topic: str, at: int) -> int:
        """Who spoke of it in the step that ends at `at`."""
        said = self.mentions.within(at - self.spec.step, at).get(topic, [])
        return round(estimated_number(mention.author for mention in said))

    def usual(self, topic: str) -> float:
        """What the baseline lets one expect of a step."""
        short = self.spec.windows[0]
        return self.expected(topic).e[0] * self.spec.step / short

    def support(self, topic: str, window: int, at: int) -> float:
        """n of any step: made from the posts of its window, remembered only because rows ask for it again."""
        if (window, at) not in self.supports:
            said = self.mentions.within(at - self.spec.windows[window], at)
            self.supports[window, at] = {topic: sample(those, at).support for topic, those in said.items()}
        return self.supports[window, at].get(topic, 0.0)

    def state(self, s: Score, life: Life | None) -> str:
        if life is not None and self.at - life.since < 30 * MINUTE_MS:
            return "new"
        now, before = s.n[s.window], self.support(s.topic, s.window, self.at - self.spec.earlier)
        if now >= 1.25 * before and now - before >= 2:
            return "rising"
        if now <= 0.8 * before and before - now >= 2:
            return "fading"
        return "steady"

    @staticmethod
    def flags(said: list[Mention], people: Sample, more: list[str], joined: list[str]) -> list[str]:
        found = []
        texts = Counter(people.texts.values())
        posts = Counter(mention.author for mention in said if mention.author in people.texts)
        if texts and max(texts.values()) > len(people.texts) / 2:
            found.append("one_post")
        if posts and max(posts.values()) > posts.total() / 2:
            found.append("one_author")
        found += more
        if any(map(is_tag, joined)):
            found.append("same_people")
        return found
