"""The planted parts of a stream: bursts, stories, events with their talks, floods and rings, as posts with labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, TypeVar

import numpy as np

from pipeline.sources.simulator.keys import topic_key
from pipeline.sources.simulator.labels import Label, PhaseLabel
from pipeline.sources.simulator.population import (
    MASTODON,
    PLANTED_SERIALS,
    REPOSTING,
    RSS,
    SOURCES,
    Person,
    Population,
    post_id,
)
from pipeline.sources.simulator.scenario import MINUTE_MS, Burst, Flood, Happening, Ring, Scenario, Shape, Voice
from pipeline.sources.simulator.words import LANGUAGES
from schemas import Post

T = TypeVar("T")
Kind = Literal["burst", "event", "ring", "flood", "story"]
_SPREAD_SERIALS = (1 << 22) - PLANTED_SERIALS


class PlantedPost(NamedTuple):
    """One planted post: `keys` are its topics, `person` the author's number in the population, if any."""

    time_ms: int
    post: Post
    keys: tuple[str, ...]
    person: int | None


class _Draft(NamedTuple):
    time_ms: int
    person: Person
    tags: tuple[str, ...]
    text: str  # without tags


def plant(scenario: Scenario, population: Population, seed: int) -> tuple[list[PlantedPost], list[Label]]:
    """Everything planted in a scenario: its posts in order of time, its labels in order of their start.

    Raises ValueError where the population is too small for it.
    """
    sown = _Sown(scenario.start_ms)
    for place, burst in enumerate(scenario.bursts):
        sown.burst(burst, population, _rng(seed, 2, place))
    for place, happening in enumerate(scenario.happenings):
        sown.happening(happening, population, _rng(seed, 3, place))
    for place, flood in enumerate(scenario.floods):
        sown.flood(flood, _rng(seed, 4, place))
    for place, ring in enumerate(scenario.rings):
        sown.ring(ring, _rng(seed, 5, place))
    return (
        sorted(sown.posts, key=lambda planted: planted.time_ms),
        sorted(sown.labels, key=lambda label: (label.start, label.name)),
    )


class _Sown:
    def __init__(self, start_ms: int) -> None:
        self.start_ms = start_ms
        self.posts: list[PlantedPost] = []
        self.labels: list[Label] = []

    def burst(self, burst: Burst, population: Population, rng: np.random.Generator) -> None:
        start_ms = self.start_ms + burst.after_ms
        total = sum(voice.share for voice in burst.voices)
        left, drafts = burst.people, []
        for voice in burst.voices:
            # the last voice takes what rounding left, so that the number of people is exact
            count = left if voice is burst.voices[-1] else min(left, round(burst.people * voice.share / total))
            left -= count
            people = [population.person(number) for number in population.some(rng, voice.lang, count)]
            again = [people[int(place)] for place in rng.integers(0, max(count, 1), round(count * burst.again))]
            drafts += self._own_words(rng, voice, [*people, *again], start_ms, burst.duration_ms, burst.shape)
        posts = self._publish(rng, drafts, burst.reposts)
        self._label(burst.kind, burst.name, burst.voices[0].lang, posts, shape=burst.shape)

    def happening(self, happening: Happening, population: Population, rng: np.random.Generator) -> None:
        numbers = population.some(rng, happening.lang, happening.audience)
        room = [population.person(number) for number in numbers]
        start_ms, drafts, talks, bounds = self.start_ms + happening.after_ms, [], [], []
        for phase in happening.phases:
            count = int(rng.poisson(phase.posts_per_minute * phase.duration_ms / MINUTE_MS))
            busiest_first = (rng.random(count) ** 1.8 * len(room)).astype(int)
            voice = Voice(happening.lang, happening.tags, phase.subjects)
            drafts += self._own_words(
                rng, voice, [room[place] for place in busiest_first], start_ms, phase.duration_ms, "step"
            )
            for talk in phase.talks:
                voice = Voice(happening.lang, happening.tags, talk.subjects)
                listeners = [room[int(place)] for place in np.argsort(rng.random(len(room)))[: talk.people]]
                drafts += self._own_words(
                    rng, voice, listeners, start_ms + talk.after_ms, talk.duration_ms, "spike", talk.tag
                )
                talks.append(talk)
            bounds.append((phase.name, start_ms, start_ms + phase.duration_ms))
            start_ms += phase.duration_ms
        posts = self._publish(rng, drafts, reposts=0.25)
        phases = [
            PhaseLabel(name, start, end, sum(start <= planted.time_ms < end for planted in posts))
            for name, start, end in bounds
        ]
        event_key = topic_key(happening.tags[0])
        self._label("event", happening.name, happening.lang, posts, topics=[event_key], phases=phases)
        for talk in talks:
            key = topic_key(talk.tag)
            about = [planted for planted in posts if key in planted.keys]
            self._label("burst", talk.name, happening.lang, about, topics=[key], shape="spike", event=happening.name)

    def flood(self, flood: Flood, rng: np.random.Generator) -> None:
        loud = Person(f"{flood.name}_{int(rng.integers(100, 999))}", flood.name.title(), SOURCES[0], flood.lang)
        voice = Voice(flood.lang, (flood.tag,), LANGUAGES[flood.lang].subjects)
        drafts = self._own_words(
            rng, voice, [loud] * flood.posts, self.start_ms + flood.after_ms, flood.duration_ms, "step"
        )
        self._label("flood", flood.name, flood.lang, self._publish(rng, drafts, reposts=0.0))

    def ring(self, ring: Ring, rng: np.random.Generator) -> None:
        numbers = np.argsort(rng.random(90_000), kind="stable")[: ring.accounts] + 10_000
        accounts = [
            Person(f"{ring.name}{int(number)}", f"{ring.name.title()} {int(number)}", SOURCES[0], ring.lang)
            for number in numbers
        ]
        times = _moments(rng, self.start_ms + ring.after_ms, ring.duration_ms, ring.accounts, "spike")
        one = ring.texts == "one"
        texts = [ring.text if one else _drawn(rng, ring.lang) for _ in accounts]
        drafts = [
            _Draft(time_ms, account, ring.tags, text)
            for time_ms, account, text in zip(times, accounts, texts, strict=True)
        ]
        published = self._publish(rng, drafts, reposts=1.0 if one else 0.0, one_original=one)
        self._label("ring", ring.name, ring.lang, published)

    def _own_words(
        self,
        rng: np.random.Generator,
        voice: Voice,
        people: Sequence[Person],
        start_ms: int,
        duration_ms: int,
        shape: Shape,
        *more_tags: str,
    ) -> list[_Draft]:
        words = LANGUAGES[voice.lang]
        drafts = []
        for time_ms, person in zip(_moments(rng, start_ms, duration_ms, len(people), shape), people, strict=True):
            # the first spelling as often as all others together
            tag = voice.tags[0] if rng.random() < 0.5 else _one(rng, voice.tags)
            parts = (words.openings, voice.subjects, words.verbs, words.endings)
            text = "".join(_one(rng, part) for part in parts)
            drafts.append(_Draft(time_ms, person, (tag, *more_tags), text))
        return drafts

    def _publish(
        self, rng: np.random.Generator, drafts: Iterable[_Draft], reposts: float, one_original: bool = False
    ) -> list[PlantedPost]:
        """Ids and, for a share of the drafts whose network knows it, the repost of an earlier one in their place."""
        originals: dict[tuple[str, str, tuple[str, ...]], list[PlantedPost]] = {}
        published: list[PlantedPost] = []
        for draft in sorted(drafts, key=lambda draft: draft.time_ms):
            time_ms, person = draft.time_ms, draft.person
            source = SOURCES.index(person.source)
            # among those of the same talk: a talk keeps its size, whoever reposts whom
            like = originals.setdefault((person.source, person.lang, draft.tags[1:]), [])
            candidates = like[:1] if one_original else like[-40:]
            serial = PLANTED_SERIALS + (len(self.posts) + len(published)) % _SPREAD_SERIALS
            number = post_id(source, time_ms, serial)
            if source < REPOSTING and candidates and rng.random() < reposts:
                original = _one(rng, candidates)
                keys = original.keys
                text, tags, repost_of = original.post.text, original.post.tags, original.post.id
            else:
                keys = tuple(dict.fromkeys(topic_key(tag) for tag in draft.tags))
                text, tags, repost_of = *_written(draft.text, draft.tags, source), None
            post = Post(
                id=number,
                author=person.author,
                author_name=person.author_name,
                source=person.source,
                lang=person.lang,
                text=text,
                time=time_ms,
                repost_of=repost_of,
                tags=tags,
            )
            published.append(PlantedPost(time_ms, post, keys, person.number))
            if repost_of is None:
                like.append(published[-1])
        self.posts += published
        return published

    def _label(
        self,
        kind: Kind,
        name: str,
        lang: str,
        posts: Sequence[PlantedPost],
        topics: list[str] | None = None,
        shape: str | None = None,
        event: str | None = None,
        phases: list[PhaseLabel] | None = None,
    ) -> None:
        if not posts:
            return
        self.labels.append(
            Label(
                kind=kind,
                name=name,
                topics=topics or sorted({key for planted in posts for key in planted.keys}),
                start=posts[0].time_ms,
                end=posts[-1].time_ms + 1,
                people=len({planted.post.author for planted in posts}),
                posts=len(posts),
                reposts=sum(planted.post.repost_of is not None for planted in posts),
                lang=lang,
                shape=shape,
                event=event,
                phases=phases,
            )
        )


def _drawn(rng: np.random.Generator, lang: str) -> str:
    """4 to 8 words by lot, lower case, without a sentence."""
    words = LANGUAGES[lang]
    lexicon = sorted(
        {
            word.strip(".,:;!?¿¡…")
            for part in (words.subjects, words.endings)
            for one in part
            for word in one.lower().split()
        }
    )
    return " ".join(_one(rng, lexicon) for _ in range(4 + int(rng.random() * 5)))


def _written(text: str, tags: Sequence[str], source: int) -> tuple[str, list[str] | None]:
    """The text with its tags where a network puts them, and those that the network declares beside it."""
    if source == RSS:  # feeds name their subjects in fields of their own
        return text, list(tags)
    hashed = " ".join([text, *("#" + tag for tag in tags)])
    return hashed, [tag.lower() for tag in tags] if source == MASTODON else None


def _moments(rng: np.random.Generator, start_ms: int, duration_ms: int, count: int, shape: Shape) -> list[int]:
    uniform = np.sort(rng.random(count))
    if shape == "ramp":
        uniform = np.sqrt(uniform)
    elif shape == "spike":  # falls to a hundredth: e ** -4.6
        uniform = -np.log1p(-uniform * 0.99) / 4.6052
    return [start_ms + min(int(place), duration_ms - 1) for place in uniform * duration_ms]


def _one(rng: np.random.Generator, items: Sequence[T]) -> T:
    return items[int(rng.random() * len(items))]


def _rng(seed: int, *stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.PCG64([seed, *stream]))
