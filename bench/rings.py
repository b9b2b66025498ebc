"""How rings of accounts and organic crowds are told apart: the shares found suspect, by kind and size.

    python -m bench.rings [--seeds N] [--kinds KIND ...]

Each stream is three hours of people who talk of sixty tags; in the third hour rings or crowds come, one every two or
three minutes. Rings are of accounts that nobody had heard before, within 10 s to 10 min (docs/trending.md, Suspects).
In the kinds "in words" nobody writes a `#`, and words count (`words = "all"`).
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from pipeline.local import Local, Options
from pipeline.trends.alerting import Alerting
from schemas import Post, TrendList
from schemas.alerts import Rule
from schemas.definitions import Words

START_MS = 1_650_211_200_000
HOURS = 3
MINUTE_MS, HOUR_MS = 60_000, 3_600_000
SIZES = (30, 100, 300, 700, 1_400)
SPANS_S = (10, 60, 180, 600)
IN_WORDS = "in words"
REGULARS, TAGS, RATE = 4_000, 60, 1.0  # people, what they talk of, posts a second
LIFE_S = (28.0, 110.0)  # of a deleted post: the quarter that goes first, and where three quarters are gone
LEXICON = [f"{a}{b}{c}" for a in "bdfglmnprst" for b in "aeiou" for c in ("ra", "lo", "ti", "mun", "sel")]
RULES = (Rule("top"), Rule("loud", kind="surge", score=6.0))


@dataclass
class Case:
    """A ring or a crowd that is put into a stream."""

    kind: str
    people: int
    tag: str
    begins: int
    suspect: bool = False  # in a list
    in_time: bool = False  # before any alert
    listed: bool = False  # marked or not
    trended: bool = False  # in a list, as if nothing spoke against it, since it began
    alerted: bool = False  # since it began
    listed_after_ms: int = -1  # the end of the last list that holds it
    gone_ms: int = 1 << 62  # when its last post was withdrawn
    posts: list[Post] = field(default_factory=list)


def background(chance: random.Random, sign: str) -> Iterator[Post]:
    """What regulars say, few of them most of it; `sign` stands before what it is about, as in all that follows."""
    for n in range(int(HOURS * HOUR_MS / 1_000 * RATE)):
        time = START_MS + int(n * 1_000 / RATE)
        who, tag = int(REGULARS * chance.random() ** 2), int(TAGS * chance.random() ** 2)
        yield Post(f"b{n}", f"regular{who}", f"{_words(chance)} {sign}daily{tag}", time, source="twitter")


def sign_of(kind: str) -> str:
    """What stands before a word to make it a tag."""
    return "" if kind.endswith(IN_WORDS) else "#"


def _words(chance: random.Random) -> str:
    return " ".join(chance.choices(LEXICON, k=chance.randint(4, 8)))


def _texts(kind: str, people: int, chance: random.Random) -> Iterator[str]:
    if kind.startswith("few texts"):
        few = [_words(chance) for _ in range(max(people // 5, 2))]
        return (chance.choice(few) for _ in range(people))
    if kind.startswith("changed text"):
        base = _words(chance)
        return (f"{base} {chance.choice(LEXICON)} {chance.choice(LEXICON)}" for _ in range(people))
    return (_words(chance) for _ in range(people))


def ring(kind: str, people: int, span_s: int, tag: str, begins: int, chance: random.Random) -> Case:
    """Accounts nobody had heard before; of kinds `deleted` five of six posts go again, all within 13 s."""
    case = Case(kind, people, tag, begins)
    burst, sign = int(people * 0.9), sign_of(kind)
    for n, text in enumerate(_texts(kind, people, chance)):
        wait = span_s * (chance.random() if n < burst else 2 * chance.random())
        time, bot = begins + int(1_000 * wait), kind == "bots, old tag"
        case.posts.append(Post(f"{tag}{n}", f"{tag}-{n}", f"{text} {sign}{tag}", time, source="twitter", bot=bot))
    if kind.startswith("deleted"):
        last = max(int(post.time) for post in case.posts)
        case.gone_ms = last + 1_000 * (13 + chance.randint(int(LIFE_S[0]), int(LIFE_S[1])))
        for post in [post for post in case.posts if chance.random() < 0.83]:
            gone = case.gone_ms - chance.randint(0, 13_000)
            case.posts.append(Post(post.id, post.author, post.text, post.time, source="twitter", deleted=gone))
    return case


def crowd(kind: str, people: int, tag: str, begins: int, chance: random.Random) -> Case:
    """A goal, a quake: a third of the people are new; after a call-out on television, and where something spreads for
    ten minutes, half of them."""
    case, new = Case(kind, people, tag, begins), 1 / 2 if kind.startswith(("call-out", "spread")) else 1 / 3
    known, sign = chance.sample(range(REGULARS), REGULARS), sign_of(kind)
    for n in range(people):
        who = f"{tag}-{n}" if chance.random() < new or not known else f"regular{known.pop()}"
        sooner = 1 if kind == "spread" else 2
        time = begins + int(
            MINUTE_MS * chance.random() ** sooner * {"goal": 1, "spread": 10}.get(kind.split(",")[0], 3)
        )
        case.posts.append(Post(f"{tag}{n}", who, f"{_words(chance)} {sign}{tag}", time, source="twitter"))
        if chance.random() < 0.03:
            gone = time + chance.randint(20_000, 600_000)
            case.posts.append(Post(f"{tag}{n}", who, case.posts[-1].text, time, source="twitter", deleted=gone))
    return case


def judge(kind: str, cases: list[Case], chance: random.Random) -> set[str]:
    """Plays one stream, and notes of each case what became of it. Returns the other topics that were suspect."""
    wrong, sign = set[str](), sign_of(kind)
    posts = [*background(chance, sign), *(post for case in cases for post in case.posts)]
    posts.sort(key=lambda post: int(post.deleted if post.deleted is not None else post.time))
    by_tag, alerting = {f"{sign}{case.tag}": case for case in cases}, Alerting(RULES)

    def about(topic: str) -> Case | None:
        """Phrases speak of the words in them."""
        return next((by_tag[word] for word in topic.split() if word in by_tag), None)

    def take(one: TrendList) -> None:
        for row in one.trends:
            case = about(row.topic)
            if "suspect" in row.flags and case is None:
                wrong.add(row.topic)
            if case is not None and one.at > case.begins:
                case.listed = True
                case.suspect |= "suspect" in row.flags
                case.in_time |= case.suspect and not case.alerted
                case.trended |= row.trending
                case.listed_after_ms = max(case.listed_after_ms, one.at)
        for alert in alerting.take(one):
            if (case := about(alert.topic)) is not None and alert.fired > case.begins:
                case.alerted |= alert.status == "firing"

    words: Words = "off" if sign else "all"
    local = Local(Options(words=words), on_list=take, keeps=lambda scope, window: scope == "all" and window != "24h")
    local.feed(posts)
    local.finish()
    return wrong


def rings_of(kind: str, chance: random.Random) -> list[Case]:
    """One of each size and span, in any order; of kinds `old tag` on tags that people use every day."""
    shapes = [(people, span_s) for people in SIZES for span_s in SPANS_S]
    chance.shuffle(shapes)
    made = []
    for number, (people, span_s) in enumerate(shapes):
        tag = f"daily{number * 3}" if "old tag" in kind else f"ring{number}"
        begins = START_MS + 2 * HOUR_MS + 150_000 * number + chance.randrange(MINUTE_MS)
        made.append(ring(kind, people, span_s, tag, begins, chance))
    return made


def crowds_of(kind: str, chance: random.Random) -> list[Case]:
    sizes = [*(12, 20, 30, 45, 60, 80, 100, 120, 150, 180), *(200, 250, 300, 400, 500, 650, 800, 1_000, 1_500, 5_000)]
    chance.shuffle(sizes)
    begins = (START_MS + 2 * HOUR_MS + 160_000 * number + chance.randrange(MINUTE_MS) for number in range(len(sizes)))
    tags = (f"daily{3 * number}" if kind == "spread" else f"crowd{number}" for number in range(len(sizes)))
    return [crowd(kind, people, tag, next(begins), chance) for people, tag in zip(sizes, tags, strict=True)]


MADE: dict[str, Callable[[str, random.Random], list[Case]]] = {
    **dict.fromkeys(("lexicon", "old tag", "bots, old tag", "few texts", "changed text", "deleted"), rings_of),
    **dict.fromkeys(("few texts, old tag", "changed text, old tag"), rings_of),
    **dict.fromkeys((f"lexicon, {IN_WORDS}", f"old tag, {IN_WORDS}", f"deleted, {IN_WORDS}"), rings_of),
    **dict.fromkeys(("goal", "quake", "call-out", "spread"), crowds_of),
    **dict.fromkeys((f"goal, {IN_WORDS}", f"call-out, {IN_WORDS}"), crowds_of),
}


def main() -> None:
    """Prints a line for each kind and size."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", default=list(MADE))
    asked = parser.parse_args()
    shares_of = ("suspect", "in_time", "trended", "alerted")
    print(f"{'kind':22}{'people':>8}{'listed':>8}{''.join(f'{name:>9}' for name in shares_of)}{'left':>6}{'unseen':>8}")
    for kind in asked.kinds:
        groups: dict[int, list[Case]] = defaultdict(list)
        for seed in range(asked.seeds):
            chance = random.Random(f"{kind} {seed}")
            cases = MADE[kind](kind, chance)
            wrong = judge(kind, cases, chance)
            if wrong:
                print(f"suspect beside them: {', '.join(sorted(wrong))}")
            for case in cases:
                groups[case.people if MADE[kind] is rings_of else 200 * (case.people >= 200)].append(case)
        for people, cases in sorted(groups.items()):
            unseen = sum(not case.listed for case in cases)
            cases = [case for case in cases if case.listed]
            shares = [sum(getattr(case, name) for case in cases) / len(cases) for name in shares_of]
            left = sum(case.listed_after_ms > case.gone_ms + 2 * MINUTE_MS for case in cases)
            told = "".join(f"{share:9.1%}" for share in shares)
            size = people if MADE[kind] is rings_of else "200+" if people else "<200"
            print(f"{kind:22}{size:>8}{len(cases):>8}{told}{left:>6}{unseen:>8}", flush=True)


if __name__ == "__main__":
    main()
