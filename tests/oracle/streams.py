"""Small adversarial streams: few authors, texts and topics, everything that can go wrong, as plain tuples in log order.

`small()` is a Hypothesis strategy of a few posts over some hours; `days()` of several bursts with hours or days of
quiet between them; `seeded(seed)` is a bigger stream. Their lateness is MAX_OUT_OF_ORDERNESS_MS, their panes PANE_MS,
unless the caller chooses; a stream made with `late=False` has no late post for that lateness or a larger one, whatever
the number of partitions.
"""

from __future__ import annotations

import random

from hypothesis import strategies as st

from .counting import HOUR_MS
from .posts import Retracted, Said
from .windows import MINUTE_MS

PANE_MS = 10_000
MAX_OUT_OF_ORDERNESS_MS = 5_000
START_MS = 1_392_638_400_000  # 2014-02-17 12:00 UTC
EVENTS = ("fair", "race")

AUTHORS = tuple(f"author{i}" for i in range(12))
SOURCES = (None, "twitter", "Twitter", "https://mastodon.example/@me", "sms", "Le Fil", "fil.example")
LANGS = (None, "fr", "fr-CA", "en", "und", "qq")
WORDS = ("", "look at this", "Look at THIS!", "on y va", "on y va https://a.example/1", "something else", "encore")
SAYINGS = ("Rain in Paris. Rain", "rain in paris", "l'été - top 14 @me", "paris 2.0 (l’été à Lyon)", "on y va à Lyon")
ORIGINALS = (None, None, None, "o1", "o2")
TOPICS = (
    ("#paris", ("#paris", "#Paris", "#PARIS")),
    ("#presidentielle", ("#présidentielle", "#Presidentielle")),
    ("#fb", ("#FB", "#fb")),
    ("#rain", ("#rain",)),
    ("#ete", ("#été", "#ETE")),
    ("#日本", ("#日本",)),
)
SPELLINGS = tuple((written, key) for key, ways in TOPICS for written in ways)


def account_of(author: str, number: int = 0) -> tuple[bool, str | None]:
    """(bot, server) of an author's account, as their post of this number says. The same person may say nothing, or
    something else."""
    who = sum(author.encode())
    if who % 4 == 0 or number % 5 == 4:
        return False, None
    server = ("One.Example", "https://one.example/@me", "two.example", "three.example")[who % 7 % 4]
    return who % 5 == 0, "moved.example" if number % 11 == 10 else server


def in_log_order(posts: list[tuple[Said, int]]) -> list[Said]:
    """Posts as they arrive, each its delay (ms) after its own time."""
    return [said for said, _ in sorted(posts, key=lambda pair: pair[0].time + pair[1])]


def with_words(record: Said | Retracted, words: str) -> Said | Retracted:
    """The same where the words of such posts are topics."""
    if isinstance(record, Retracted):
        return record._replace(said=record.said._replace(words=words))
    return record._replace(words=words)


@st.composite
def small(draw: st.DrawFn, *, late: bool = True, most: int = 60) -> list[Said]:
    """A few dozen posts in bursts within four hours; some out of order, twice, and (with `late`) late."""
    bursts = draw(st.lists(st.integers(0, 4 * 60 - 1), min_size=1, max_size=4))
    chosen = draw(st.lists(_post(late), min_size=1, max_size=most))
    return _arranged(chosen, [START_MS + minute * MINUTE_MS for minute in bursts])


@st.composite
def days(draw: st.DrawFn, *, most: int = 40) -> list[Said]:
    """Bursts with quiet between them that lasts from an hour to three days."""
    gaps = draw(st.lists(st.sampled_from((1, 2, 5, 23, 24, 25, 26, 49, 72)), min_size=1, max_size=3))
    hours = [0]
    for gap in gaps:
        hours.append(hours[-1] + gap)
    shift = draw(st.integers(0, 59))
    chosen = draw(st.lists(_post(late=False), min_size=2, max_size=most))
    return _arranged(chosen, [START_MS + hour * HOUR_MS + shift * MINUTE_MS for hour in hours])


@st.composite
def withdrawing(draw: st.DrawFn, posts: st.SearchStrategy[list[Said]]) -> list[Said | Retracted]:
    """A stream of which some is withdrawn: before it comes, at once, later, much later, twice, without its text, all of
    an author; and what nobody has posted, or nobody has counted."""
    log = draw(posts)
    rng = draw(st.randoms(use_true_random=False))
    return retracting(log, rng, draw(st.sampled_from((0.1, 0.4, 0.9))))


def retracting(log: list[Said], rng: random.Random, share: float) -> list[Said | Retracted]:
    """The stream with retractions of a share of its posts, as they arrive."""
    arrived: list[tuple[float, int, Said | Retracted]] = []
    now = 0
    for number, said in enumerate(log):
        now = max(now, said.time)
        arrived.append((now, number, said))
        if rng.random() >= share:
            continue
        kind = rng.random()
        after = rng.choice((0, 0, 3_000, 20_000, 70_000, 10 * MINUTE_MS, 50 * MINUTE_MS, 5 * HOUR_MS, 26 * HOUR_MS))
        told = Retracted(said, said.time + after)
        if kind < 0.15:
            told = told._replace(knows_text=False)
        elif kind < 0.2:
            told = told._replace(knows_post=False)
        elif kind < 0.3:
            told = told._replace(said=said._replace(id=f"never {number}"))
        elif kind < 0.35:
            told = told._replace(said=said._replace(events=(), lang=None))
        elif kind < 0.4:
            told = told._replace(said=said._replace(source="sms"))
        late = rng.choice((0, 0, 0, 0, 4_000, 40_000, 20 * MINUTE_MS))
        early = 2_000 if rng.random() < 0.1 and after < 3_000 else 0
        arrived.append((max(now, told.at) + late - early, number, told))
        if rng.random() < 0.2:
            arrived.append((max(now, told.at) + late + rng.choice((0, 5_000, 90_000)), number, told))
    return [record for _, _, record in sorted(arrived, key=lambda one: one[:2])]


@st.composite
def _post(draw: st.DrawFn, late: bool) -> tuple[int, int, int, Said, str]:
    """(which burst, ms after it, delay, the post without id and time, what happens to it)."""
    after = draw(st.one_of(st.integers(0, 30).map(lambda n: n * PANE_MS), st.integers(0, 8 * MINUTE_MS)))
    fates = ["plain", "plain", "plain", "twice", "again later"]
    delay = draw(st.sampled_from((0, 0, MAX_OUT_OF_ORDERNESS_MS // 2, MAX_OUT_OF_ORDERNESS_MS)))
    if late:
        delay = draw(st.sampled_from((delay, delay, delay, 40_000, 20 * MINUTE_MS)))
    said = Said(
        id="",
        author=draw(st.sampled_from(AUTHORS)),
        text=draw(st.sampled_from(WORDS + SAYINGS)),
        time=0,
        source=draw(st.sampled_from(SOURCES)),
        lang=draw(st.sampled_from(LANGS)),
        repost_of=draw(st.sampled_from(ORIGINALS)),
        spellings=tuple(draw(st.lists(st.sampled_from(SPELLINGS), max_size=3))),
        events=draw(st.sampled_from(((), (), EVENTS[:1], EVENTS))),
    )
    return draw(st.integers(0, 3)), after, delay, said, draw(st.sampled_from(fates))


def _arranged(chosen: list[tuple[int, int, int, Said, str]], bursts: list[int]) -> list[Said]:
    posts: list[tuple[Said, int]] = []
    for number, (burst, after, delay, said, fate) in enumerate(chosen):
        bot, server = account_of(said.author, number)
        time = bursts[burst % len(bursts)] + after
        post = said._replace(id=f"p{number}", time=time, bot=bot, server=server)
        posts.append((post, delay))
        if fate == "twice":  # in the same pane, a little later, within the lateness
            end = post.time // PANE_MS * PANE_MS + PANE_MS - 1
            posts.append((post._replace(time=min(post.time + 3, end)), delay))
        elif fate == "again later":  # the same id in another pane is another post
            posts.append((post._replace(time=post.time + PANE_MS), delay))
    return in_log_order(posts)


def seeded(
    seed: int,
    *,
    posts: int = 2_000,
    hours: float = 5,
    topics: int = 30,
    authors: int = 200,
    late: float = 0.0,
) -> list[Said]:
    """A bigger stream: Zipf topics, three bursts of many people, one ring with one text, out of order within the
    lateness, a few posts twice; `late` is a share of the posts."""
    rng = random.Random(seed)
    length = int(hours * HOUR_MS)
    names = [f"t{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(topics)]
    weights = [1 / (rank + 1) for rank in range(topics)]
    bursts = [(rng.randrange(length), rng.choice(names)) for _ in range(3)]
    ring_at, ring = rng.randrange(length), rng.choice(names)
    made: list[tuple[Said, int]] = []
    for number in range(posts):
        fate = rng.random()
        repost = f"o{rng.randrange(20)}" if rng.random() < 0.3 else None
        words = " ".join(rng.choice(("rain", "goal", "vote", "train", "lune", "été")) for _ in range(3))
        chosen = rng.choices(names, weights, k=rng.choice((1, 1, 2)))
        time = START_MS + rng.randrange(length)
        if fate < 0.3:
            when, topic = rng.choice(bursts)
            time, chosen = START_MS + min(when + rng.randrange(20 * MINUTE_MS), length - 1), [topic]
        elif fate < 0.4:
            time, chosen = START_MS + min(ring_at + rng.randrange(10 * MINUTE_MS), length - 1), [ring]
            words, repost = "buy this now", None
        author = f"author{rng.randrange(authors)}"
        bot, server = (True, "ring.example") if words == "buy this now" else account_of(author, number)
        said = Said(
            id=f"p{number}",
            author=author,
            text=words,
            time=time,
            source=rng.choice(SOURCES),
            lang=rng.choice(LANGS),
            repost_of=repost,
            spellings=tuple((rng.choice((f"#{name}", f"#{name.title()}")), f"#{name}") for name in chosen),
            events=EVENTS[:1] if rng.random() < 0.1 else (),
            bot=bot,
            server=server,
        )
        delay = rng.randrange(MAX_OUT_OF_ORDERNESS_MS + 1)
        if rng.random() < late:
            delay = MAX_OUT_OF_ORDERNESS_MS + rng.randrange(HOUR_MS)
        made.append((said, delay))
        if rng.random() < 0.02:
            made.append((said, rng.randrange(MAX_OUT_OF_ORDERNESS_MS + 1)))
    return in_log_order(made)


def talking(seed: int, *, posts: int = 500, hours: int = 5) -> list[Said]:
    """Posts without tags, most of an event. In the last hour three times as many as before, half of them of one thing,
    which a few tag."""
    rng = random.Random(seed)
    made: list[tuple[Said, int]] = []
    for number in range(posts):
        late = rng.random() < 3 / (hours + 2)
        time = START_MS + (rng.randrange(HOUR_MS) + (hours - 1) * HOUR_MS if late else rng.randrange(hours * HOUR_MS))
        chatter = " ".join(rng.choice(("rain", "goal", "le vote", "train", "l'été", "and")) for _ in range(3))
        news = rng.choice(("Harbour Festival", "the harbour festival", "Harbour, festival", "harbour - festival 2"))
        tags = (("#HarbourFestival", "#harbourfestival"),) if late and rng.random() < 0.15 else ()
        said = Said(
            id=f"p{number}",
            author=f"author{rng.randrange(300)}",
            text=f"{chatter} {news}" if late and rng.random() < 0.5 else chatter,
            time=time,
            source=rng.choice(SOURCES),
            lang=rng.choice(LANGS),
            repost_of=f"o{rng.randrange(20)}" if rng.random() < 0.2 else None,
            spellings=tags,
            events=EVENTS[:1] if rng.random() < 0.7 else (),
        )
        made.append((said, rng.randrange(MAX_OUT_OF_ORDERNESS_MS + 1)))
    return in_log_order(made)
