"""The demo's world: an ordinary day, then an evening with two conferences, a breaking story and a bot ring."""

from __future__ import annotations

import numpy as np

from pipeline.sources.simulator.scenario import (
    DAY_MS,
    DEFAULT_START_MS,
    HOUR_MS,
    MINUTE_MS,
    Burst,
    Faults,
    Flood,
    Happening,
    Phase,
    Ring,
    Scenario,
    Shape,
    Talk,
    Voice,
    rest_of,
)
from schemas.alerts import Rule
from schemas.events import Event

EVENING_MS = 150 * MINUTE_MS
_RATE, _PEOPLE, _TOPICS = 2.0, 12_000, 3_000
_FAULTS_OF_A_DAY = {"duplicates": 200, "late": 60, "displaced": 300, "corrupt": 20, "future": 2}


def demo_events() -> tuple[Event, Event]:
    """The two conferences of the demo's evening: to the first one's wall people in the room write, what the second one
    shows, somebody looks through first."""
    return (
        Event(
            name="capcomnet",
            title="Cap’Com Net, le rendez-vous de la communication publique",
            hashtags=("#capcomnet",),
            time_zone="Europe/Paris",
            posting=True,
        ),
        Event(
            name="paris20",
            title="Paris 20, la ville de demain",
            hashtags=("#paris20",),
            moderation="manual",
            time_zone="Europe/Paris",
        ),
    )


def demo_rules() -> tuple[Rule, ...]:
    """Alerts of the demo's evening: a conference draws a crowd, a story breaks, the choirs come to their finale. Talks
    stay below, and the ring raises none. The names, which alerts tell, are words of all the page's languages."""
    return (
        Rule("capcomnet", on="event:capcomnet", kind="volume", window="5m", people=100, severity="info"),
        Rule("flash", kind="surge", score=120.0, severity="critical"),
    )


def demo_scenario(seed: int, start_ms: int = DEFAULT_START_MS, past_ms: int = DAY_MS) -> tuple[Scenario, Scenario]:
    """A day that gives every topic a past, or only its last `past_ms`, and the evening that follows it at once.

    The evening begins at the latest 16:00 UTC (six o'clock in Paris) up to `start_ms`, the day 24 whole hours before.
    In the evening's first half hour the conferences open (at once and after 4 min), the breaking story comes (after 20
    to 23 min) and the ring (4 min later). The seed chooses which story, and the moments. Play both with this seed, so
    that people and topics are the same.
    """
    start_ms -= (start_ms - DEFAULT_START_MS) % DAY_MS
    rng = np.random.Generator(np.random.PCG64([seed, 9]))
    story_ms = int((20 + 3 * rng.random()) * MINUTE_MS)
    story = _story(int(rng.random() * len(_STORIES)), story_ms)
    history = Scenario(
        name="demo history",
        start_ms=start_ms - past_ms,
        duration_ms=past_ms,
        rate=_RATE,
        people=_PEOPLE,
        topics=_TOPICS,
        bursts=tuple(rest_of(_ordinary_day(), DAY_MS - past_ms)),
        faults=Faults(**{name: round(number * past_ms / DAY_MS) for name, number in _FAULTS_OF_A_DAY.items()}),
    )
    evening = Scenario(
        name="demo evening",
        start_ms=start_ms,
        duration_ms=EVENING_MS,
        rate=_RATE,
        people=_PEOPLE,
        topics=_TOPICS,
        bursts=(story, *_later()),
        happenings=conferences(0),
        faults=Faults(duplicates=40, late=20, displaced=100, corrupt=20, future=3),
        floods=(Flood("groupe_inconnu", "fr", "NotreAlbum", 34 * MINUTE_MS, 25 * MINUTE_MS, posts=150),),
        rings=(
            Ring(
                "bonplan",
                "fr",
                ("MontreOfferte",),
                "Une montre offerte aux mille premiers, il suffit de partager ce message !",
                story_ms + 4 * MINUTE_MS,
                12 * MINUTE_MS,
                accounts=180,
                texts="lexicon",
            ),
        ),
    )
    return history, evening


def conferences(after_ms: int, scale: float = 1.0, people: int = _PEOPLE) -> tuple[Happening, Happening]:
    """The two conferences, the second 4 minutes after the first; `scale` shortens every part of them."""

    def span(minutes: float) -> int:
        return int(minutes * MINUTE_MS * scale)

    def phase(name: str, minutes: float, pace: float, subjects: str, *talks: Talk) -> Phase:
        return Phase(name, span(minutes), pace, tuple(subjects.split("|")), talks)

    def talk(name: str, tag: str, after: float, minutes: float, listeners: int, subjects: str) -> Talk:
        return Talk(name, tag, tuple(subjects.split("|")), span(after), span(minutes), listeners)

    capcomnet = Happening(
        "capcomnet",
        "fr",
        ("CapComNet", "capcomnet", "CapcomNet"),
        after_ms,
        min(320, people // 5),
        (
            phase("opening", 6, 14, "l'accueil café|la grande salle|l'ouverture|le mot du maire|le badge à mon nom"),
            phase(
                "keynote",
                16,
                18,
                "la conférence d'ouverture|l'oratrice|la première diapo|l'exemple de Brest",
                talk(
                    "Parler clair",
                    "ParlerClair",
                    1,
                    14,
                    75,
                    "le langage clair|la phrase courte|la lettre réécrite|le formulaire simplifié",
                ),
            ),
            phase(
                "debate",
                14,
                16,
                "le débat|la question du fond de salle|la réponse de la maire|l'animateur",
                talk(
                    "L'IA au guichet",
                    "IAauGuichet",
                    1,
                    12,
                    60,
                    "l'assistant du guichet|la démonstration|la relecture humaine|le courrier automatique",
                ),
            ),
            phase(
                "break",
                12,
                6,
                "le café|le buffet|la file du vestiaire|la terrasse",
                talk("Le café", "CaféTiède", 2, 8, 25, "le café tiède|la machine à café|le thermos de secours"),
            ),
            phase(
                "workshops",
                30,
                14,
                "l'atelier vidéo|l'atelier réseaux|le mur de post-it|la salle 3",
                talk(
                    "Vidéo verticale",
                    "VidéoVerticale",
                    1,
                    14,
                    50,
                    "la vidéo verticale|le sous-titrage|le plan fixe|le tournage au téléphone",
                ),
                talk(
                    "Crise et rumeurs",
                    "AnswerTheRumour",
                    14,
                    15,
                    55,
                    "la cellule de crise|la rumeur du pont|le démenti en dix minutes|le compte parodique",
                ),
            ),
            phase(
                "close",
                20,
                16,
                "la clôture|le mot de la fin|la photo de groupe|le train du retour",
                talk(
                    "Grand Prix",
                    "GrandPrixCapCom",
                    2,
                    15,
                    85,
                    "le grand prix|la campagne primée|la petite commune lauréate|le discours très court",
                ),
            ),
        ),
    )
    paris20 = Happening(
        "paris20",
        "fr",
        ("Paris20", "paris20"),
        after_ms + span(4),
        min(260, people // 5),
        (
            phase("opening", 5, 12, "la halle Pajol|l'accueil|la visite du quartier|le plan de la soirée"),
            phase(
                "keynote",
                13,
                14,
                "la maquette|l'urbaniste invitée|la carte des rues|le film d'introduction",
                talk(
                    "La ville du quart d'heure",
                    "VilleDuQuartDHeure",
                    1,
                    11,
                    60,
                    "la ville du quart d'heure|le trajet de l'école|le commerce d'en bas|la rue sans voitures",
                ),
            ),
            phase("break", 6, 5, "la pause|le stand des abeilles|le jus de pomme|la photo sur le toit"),
            phase(
                "debate",
                28,
                14,
                "le débat|la tribune|le micro baladeur|l'élue du quartier",
                talk(
                    "Toits verts",
                    "ToitsVerts",
                    1,
                    13,
                    65,
                    "le toit vert|la prairie du huitième étage|l'arrosage|le bail du toit",
                ),
                talk(
                    "Nager dans la Seine",
                    "NagerDansLaSeine",
                    13,
                    14,
                    70,
                    "la baignade en Seine|le maillot de la conférencière|la qualité de l'eau|le ponton",
                ),
            ),
            phase("close", 15, 10, "la conclusion|le verre de l'amitié|la prochaine édition|la liste des idées"),
        ),
    )
    return capcomnet, paris20


_STORIES = (
    (
        "whale in the Seine",
        "BaleineDansLaSeine",
        "la baleine|l'écluse|le remorqueur|la biologiste au micro|la foule sur le quai|le béluga de Vernon",
        "WhaleInTheSeine",
        "the whale in the Seine|the lock keeper|the crowd on the bridge|the marine biologist|the rescue boat",
    ),
    (
        "northern lights over Paris",
        "AuroreBoréale",
        "l'aurore boréale|le ciel rose|la lumière verte au nord|l'astronome de garde|la photo depuis le balcon",
        "ParisAurora",
        "the aurora over Paris|the pink sky|the green light|the astronomer on duty|that balcony picture",
    ),
    (
        "lost painting found",
        "TableauRetrouvé",
        "le tableau retrouvé|le grenier de Dijon|la signature|la conservatrice|la commissaire-priseuse|la restauration",
        "LostPaintingFound",
        "the lost painting|the attic in Dijon|the signature|the curator|the restorer",
    ),
)


def _story(which: int, after_ms: int) -> Burst:
    name, french_tag, french, english_tag, english = _STORIES[which]
    return Burst(
        name=name,
        voices=(
            Voice("fr", (french_tag, french_tag.lower()), tuple(french.split("|")), 0.75),
            Voice("en", (english_tag, english_tag.lower()), tuple(english.split("|")), 0.25),
        ),
        after_ms=after_ms,
        duration_ms=70 * MINUTE_MS,
        people=420,
        shape="spike",
        reposts=0.4,
        kind="story",
    )


def _burst(
    name: str, lang: str, tags: str, subjects: str, hours: tuple[float, float], people: int, shape: Shape = "step"
) -> Burst:
    start, length = (int(part * HOUR_MS) for part in hours)
    voice = Voice(lang, tuple(tags.split("|")), tuple(subjects.split("|")))
    return Burst(name, (voice,), start, length, people, shape)


def _later() -> tuple[Burst, ...]:
    """What keeps the rest of the evening lively; hours from its start, and for how long."""
    return (
        _burst(
            "choir final",
            "fr",
            "FinaleDesChorales|finaledeschorales",
            "la finale des chorales|le chœur d'enfants|la cheffe de chœur|le rappel du public",
            (0.8, 1.2),
            180,
            shape="ramp",
        ),
        _burst(
            "power cut",
            "fr",
            "PanneDeCourant|pannedecourant",
            "la panne de courant|le quartier dans le noir|la bougie|l'ascenseur",
            (1.25, 0.7),
            110,
            shape="spike",
        ),
        _burst(
            "quiz night",
            "en",
            "QuizNight|quiznight",
            "the quiz night|question seven|our team name|the tie-break",
            (1.0, 1.3),
            60,
        ),
    )


def _ordinary_day() -> tuple[Burst, ...]:
    """The day before: what days bring, and the conferences announced; hours from six in the evening in Paris."""
    return (
        _burst(
            "the evening before's match",
            "fr",
            "CoupeDeFrance|coupedefrance",
            "le match|le gardien|la prolongation|le but de la tête",
            (2.5, 2.0),
            220,
            shape="ramp",
        ),
        _burst(
            "storm warning",
            "fr",
            "VigilanceOrange|vigilanceorange",
            "la vigilance orange|le vent|la grêle|le barnum envolé",
            (5.0, 3.0),
            90,
        ),
        _burst(
            "morning traffic",
            "fr",
            "BouchonsA7|bouchonsa7",
            "le bouchon|la sortie 12|le tunnel|la déviation",
            (13.2, 2.0),
            120,
            shape="spike",
        ),
        _burst(
            "new film",
            "en",
            "TrailerDay|trailerday",
            "the trailer|the soundtrack|that last scene|the cast",
            (16.0, 3.0),
            90,
            shape="spike",
        ),
        _burst(
            "recipe",
            "fr",
            "TarteAuCitron|tarteaucitron",
            "la tarte au citron|la meringue|la pâte sablée|le four",
            (17.5, 2.5),
            60,
        ),
        _burst(
            "capcomnet announced",
            "fr",
            "CapComNet|capcomnet",
            "le programme|le train de Bordeaux|le badge|la valise",
            (14.0, 9.9),
            70,
        ),
        _burst(
            "paris20 announced",
            "fr",
            "Paris20|paris20",
            "le programme|l'invitation|le plan d'accès|la halle Pajol",
            (15.0, 8.9),
            50,
        ),
    )
