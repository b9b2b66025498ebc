"""Ready-made scenarios: a quiet stream, a mixed one, a hostile one."""

from __future__ import annotations

import msgspec
import numpy as np

from pipeline.sources.simulator.demo import conferences
from pipeline.sources.simulator.scenario import (
    DEFAULT_LANGUAGES,
    DEFAULT_START_MS,
    HOUR_MS,
    MINUTE_MS,
    Burst,
    Faults,
    Flood,
    Ring,
    Scenario,
    Shape,
    Voice,
)
from pipeline.sources.simulator.topics import Topics

_SHAPES: tuple[Shape, ...] = ("step", "ramp", "spike")
_MINUTES = (20, 60, 180)
_RING_TEXT = "A watch for the first thousand who pass this message on, no questions asked!"
_NEW = (
    ("fr", "PontSuspendu", "la passerelle neuve|le pont suspendu|la vue d'en haut|l'inauguration"),
    ("fr", "GrandeLessive", "la grande lessive|l'exposition dans la rue|le fil à linge géant|la cour d'école"),
    ("en", "LostPenguin", "the penguin on the pier|the aquarium|the keeper with the bucket|the little visitor"),
    ("fr", "CourseDesGarçonsDeCafé", "la course|le garçon en tête|le verre renversé|l'arrivée place Stanislas"),
    ("es", "NocheEnBlanco", "la noche en blanco|el museo abierto|la música en la plaza|la cola del palacio"),
    ("fr", "ÉclipsePartielle", "l'éclipse|la lunette du club d'astronomie|le ciel de midi|la lumière bizarre"),
    ("de", "Riesenkürbis", "der Riesenkürbis|die Waage|der Rekord|der stolze Gärtner"),
    ("en", "MarathonOfMaps", "the mapping marathon|the paper atlas|the map room|the missing island"),
    ("ja", "流星群の夜", "流れ星が|夜空が|山の天文台が|願いごとが"),
    ("fr", "FinaleDesChorales", "la finale des chorales|le chœur d'enfants|la cheffe de chœur|le rappel du public"),
    ("ar", "ليلة_المتاحف", "ليلة المتاحف|المعرض الكبير|الحديقة المضاءة|الدليل الصغير"),
    ("en", "TinyOrchestra", "the tiny orchestra|the toy piano|the encore|the conductor aged nine"),
)


def quiet_scenario(
    start_ms: int = DEFAULT_START_MS,
    duration_ms: int = HOUR_MS,
    rate: float = 20.0,
    people: int = 20_000,
    topics: int = 5_000,
    seed: int = 0,  # noqa: ARG001, as the others are called
) -> Scenario:
    """Everyday posts and nothing else: whatever is called a trend here is a false alarm."""
    return Scenario(name="quiet", start_ms=start_ms, duration_ms=duration_ms, rate=rate, people=people, topics=topics)


def mixed_scenario(
    start_ms: int = DEFAULT_START_MS,
    duration_ms: int = HOUR_MS,
    rate: float = 20.0,
    people: int = 20_000,
    topics: int = 5_000,
    seed: int = 0,
) -> Scenario:
    """Everything at once: bursts of all shapes, half of them on new topics, a story, two events, floods, rings, faults.

    About three bursts an hour, at least three; what is planted shrinks with a duration below some hours and with a
    small population. The seed chooses times, sizes and topics.
    """
    rng = np.random.Generator(np.random.PCG64([seed, 8]))
    quiet = quiet_scenario(start_ms, duration_ms, rate, people, topics)
    hours = duration_ms / HOUR_MS
    largest = max(5, min(320, people // 200))

    def span(minutes: float) -> tuple[int, int]:
        length = int(min(minutes * MINUTE_MS, duration_ms / 4))
        return int((0.1 + 0.85 * rng.random()) * (duration_ms - length)), length

    everyday = Topics(topics, DEFAULT_LANGUAGES, quiet.zipf)
    bursts = []
    for place in range(max(3, round(3 * hours))):
        after_ms, length = span(_MINUTES[int(rng.random() * 3)])
        lang, tag, subjects = _NEW[place // 2 % len(_NEW)]
        if place % 2:  # every other one on an everyday topic, of the most used in turn with middling ones
            rank = int(rng.random() * 10) if place % 4 == 1 else 50 + int(rng.random() * 100)
            spoken = everyday.languages.index(lang)
            tag = everyday.tag(spoken, min(rank, int(everyday.sizes[spoken]) - 1), 0)
        elif place // 2 >= len(_NEW):
            tag += str(place // 2 // len(_NEW) + 1)
        bursts.append(
            Burst(
                name=f"burst {place + 1}",
                voices=(Voice(lang, (tag, tag.lower()), tuple(subjects.split("|"))),),
                after_ms=after_ms,
                duration_ms=length,
                people=max(4, int(10 * (largest / 10) ** rng.random())),
                shape=_SHAPES[place % 3],
                reposts=0.2 + 0.4 * float(rng.random()),
            )
        )
    floods, rings = [], []
    for place in range(max(1, round(hours / 3))):
        after_ms, length = span(40)
        floods.append(Flood(f"loud{place + 1}", "fr", f"MonAlbum{place + 1}", after_ms, length, posts=120))
        after_ms, length = span(15)
        rings.append(
            Ring(f"promo{place + 1}x", "en", (f"LuckyDraw{place + 1}",), _RING_TEXT, after_ms, length, accounts=200)
        )
    expected = rate * duration_ms / 1_000
    return msgspec.structs.replace(
        quiet,
        name="mixed",
        bursts=tuple(bursts),
        happenings=conferences(int(duration_ms * 0.3), scale=min(1.0, duration_ms / (4 * HOUR_MS)), people=people),
        floods=tuple(floods),
        rings=tuple(rings),
        faults=Faults(
            duplicates=round(expected * 0.002),
            late=round(expected * 0.001),
            displaced=round(expected * 0.004),
            corrupt=round(expected * 0.0005),
            future=round(expected * 0.0001),
        ),
    )


def hostile_scenario(
    start_ms: int = DEFAULT_START_MS,
    duration_ms: int = HOUR_MS,
    rate: float = 20.0,
    people: int = 20_000,
    topics: int = 5_000,
    seed: int = 0,
) -> Scenario:
    """The mixed stream as a broken producer would deliver it: every eighth line late, double, displaced or no post."""
    mixed = mixed_scenario(start_ms, duration_ms, rate, people, topics, seed)
    expected = rate * duration_ms / 1_000
    return msgspec.structs.replace(
        mixed,
        name="hostile",
        faults=Faults(
            duplicates=round(expected * 0.03),
            late=round(expected * 0.02),
            displaced=round(expected * 0.03),
            corrupt=round(expected * 0.05),
            oversized=3,
            future=round(expected * 0.001),
        ),
    )
