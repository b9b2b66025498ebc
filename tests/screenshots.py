"""Pictures of the pages, as people see them, for docs/pictures: `make screenshots`.

`python -m tests.screenshots [--out FOLDER] [NAME ...]` takes some of them.
A server is filled with posts, lists and alerts that are made up here, and a browser opens each page."""

from __future__ import annotations

import argparse
import itertools
import math
import random
import time
from pathlib import Path

import msgspec
from playwright.sync_api import Browser, sync_playwright

from pipeline.cli.demo_people import ADDRESS, drawn
from schemas import Post, Trend, TrendList
from schemas.alerts import About, Alert, AlertWhy
from schemas.events import Event, Stage
from schemas.posts import Media
from tests.facts import WHY
from tests.sinks.lists import trend, trend_list
from tests.wall.server import ANN, Served

CHROMIUM = "/usr/bin/chromium"
FOLDER = Path(__file__).parents[1] / "docs" / "pictures"
EVENTS = (
    Event(
        "capcomnet",
        title="Cap’Com Net 2026",
        hashtags=("#CapComNet",),
        time_zone="Europe/Paris",
        stage=Stage(accent="#0b5cad"),
    ),
    Event(
        "bal",
        title="Le bal des territoires",
        hashtags=("#BalDesTerritoires",),
        moderation="manual",
        time_zone="Europe/Paris",
        stage=Stage(background="#1b1036", accent="#ffb84d", sponsor="With the friendly support of the city of Lyon"),
    ),
)
TEXTS = (
    "Good morning Lyon! The doors are open, the coffee is strong. #CapComNet",
    "“Nobody reads your newsletter because nobody asked for it.” First laugh of the day. #CapComNet",
    "Salle comble pour l’atelier accessibilité #CapComNet",
    "Three things that I take home from this morning: write for one person, show the numbers, answer within the hour. "
    "The slides are on the site of the conference. #CapComNet",
    "Merci aux interprètes en langue des signes, vous êtes incroyables #CapComNet",
    "Who has a charger for an old phone? Row 12, green pullover #CapComNet",
    "What the town of Rennes did with its budget: publish every invoice, with a sentence each. #CapComNet #opendata",
    "Déjeuner : la file est longue mais la tarte aux pralines en vaut la peine #CapComNet",
)
TALKS = {"#opendata": 6, "#accessibilité": 5, "#budget": 3, "#LSF": 2, "#praline": 1}  # and how often they are named
SESSIONS = ((104, 9, 5), (58, 7, 4), (16, 6, 7))  # minutes ago, how long, how much is written
SCENE = "A crowd in front of a stage"
PEOPLE = ("Ann Morel", "Bilal Haddad", "Chloé Petit", "Diego Ruiz", "Émilie Roux", "Farid B.", "Grete Lund", "Hugo Lam")
PAGES = {
    "trends": ("/", 1280, 800, "light"),
    "alerts": ("/alerts", 1280, 800, "light"),
    "trends-phone": ("/", 390, 844, "light"),
    "trends-dark": ("/?lang=fr", 1280, 800, "dark"),
    "topic": ("/?topic=%23lyon", 1280, 800, "light"),
    "lists-on-a-screen": ("/screen", 1920, 1080, "dark"),
    "board": ("/events/capcomnet", 1280, 800, "light"),
    "wall": ("/events/capcomnet/wall", 1280, 800, "light"),
    "stage": ("/screen/capcomnet", 1920, 1080, "light"),
    "stage-three": ("/screen/bal", 1920, 1080, "light"),
    "stage-trends": ("/screen/bal?slide=trends", 1920, 1080, "light"),
    "stage-numbers": ("/screen/capcomnet?slide=numbers", 1920, 1080, "dark"),
    "moderation": ("/moderate/bal", 1280, 800, "light"),
    "setup": ("/setup/event/capcomnet", 1280, 800, "light"),
}


def now() -> int:
    return time.time_ns() // 1_000_000


def row(rank: int, name: str, people: int, seed: random.Random, **fields: object) -> Trend:
    spark = [people * (0.15 + n / 20) * seed.uniform(0.6, 1.1) / 3 for n in range(20)]
    made = trend(rank, name.lower())
    told = {
        "display": name,
        "authors": people,
        "posts": round(people * 1.3),
        "spark": spark,
        "usual": people / 27,
    }
    why = msgspec.structs.replace(made.why, people=people, expected=people / 9, spread=people / 30)
    return msgspec.structs.replace(made, **told, since=now() - 1_500_000, why=why, **fields)


def some_list(scope: str, names: str, at: int) -> TrendList:
    most = 60 if scope.startswith("event:") else 900
    seed = random.Random(scope)
    made = trend_list(scope=scope, at=at)
    states = itertools.cycle(("new", "rising", "rising", "steady", "fading"))
    for rank, name in enumerate(names.split(), 1):
        examples = ["say"] if name == "#Lyon" else []
        made.trends.append(
            row(rank, name, most // rank + 7, seed, state=next(states), trending=rank < 7, examples=examples)
        )
    return msgspec.structs.replace(made, posts=48_210, authors=21_904)


def course(served: Served, minute: int) -> None:
    """How the first topic came to where it is, minute by minute."""
    seed = random.Random(3)
    for ago in range(90, 0, -1):
        made = trend_list(scope="all", at=minute - ago * 60_000)
        people = round(100 + 800 / (1 + math.exp((ago - 25) / 6)) * seed.uniform(0.9, 1.05))
        made.trends.append(row(1, "#Lyon", people, seed, state="rising"))
        served.history.add(made)
    served.history.flush()


def before(minute: int) -> list[Post]:
    """What was written about the conference in the last two hours: most of it while somebody spoke."""
    seed = random.Random(7)
    posts = []
    for n in range(900):
        ago, long, _ = seed.choices(SESSIONS, [much for *_, much in SESSIONS])[0]
        minutes = seed.gauss(ago, long) if n % 3 else seed.uniform(2, 125)
        (talk,) = seed.choices(list(TALKS), list(TALKS.values()))
        who = seed.randrange(260)
        posts.append(
            Post(
                f"o{n}",
                f"person{who}",
                f"{TEXTS[n % 8]} {talk}",
                minute - round(max(minutes, 2.2) * 60_000),
                source="mastodon",
                author_name=PEOPLE[who % 8],
                avatar=f"{ADDRESS}face/{who}.png",
                media=None if n % 7 else [Media(f"{ADDRESS}scene/{n}.png", description=SCENE)],
            )
        )
    return posts


def raised(minute: int) -> list[Alert]:
    """Alerts that fire, and some that are over; the page shows those that began last first."""
    trending = msgspec.structs.replace(WHY, people=907, support=907.0, expected=101.0, spread=30.0, score=27.0)
    goal = msgspec.structs.replace(trending, people=231, expected=26.0, score=12.0)
    rain = msgspec.structs.replace(trending, people=184, expected=21.0, score=9.0)
    room = AlertWhy(
        counted="people", about=[About("#opendata", "#opendata"), About("#accessibilité", "#accessibilité")]
    )
    told = (
        ("city", "trending", "critical", "all", "#lyon", "#Lyon", 25, 0, 1, 10, AlertWhy(trend=trending)),
        ("press", "surge", "warning", "all", "#psgom", "#PSGOM", 41, 0, 12, 8, AlertWhy(trend=goal)),
        ("room", "volume", "info", "event:capcomnet", "", "Cap’Com Net 2026", 68, 0, 112, 100, room),
        ("city", "trending", "warning", "all", "#meteoparis", "#MétéoParis", 96, 58, 4, 10, AlertWhy(trend=rain)),
    )
    return [
        Alert(
            f"{rule}/{topic}", "resolved" if over else "firing", rule, kind, severity, scope, "1h", topic, display,
            minute - ago * 60_000, minute - ago * 60_000, minute - (over or ago) * 60_000, value, threshold,
            [], [], why,
        )
        for rule, kind, severity, scope, topic, display, ago, over, value, threshold, why in told
    ]  # fmt: skip


def filled() -> Served:
    """A server with something on every page."""
    served = Served((ANN,), EVENTS, fetch=drawn)
    minute = now() // 60_000 * 60_000
    for scope, names in (
        ("all", "#Lyon #BlackFriday #CapComNet #PSGOM #MétéoParis #opendata #TelecomDay #cinema #jazz #running"),
        ("event:capcomnet", "#opendata #accessibilité #praline #budget #LSF"),
        ("event:bal", "#Valse #Accordéon #Lampions #BuffetFroid"),
        ("lang:fr", "#Lyon #MétéoParis #PSGOM #CapComNet26"),
    ):
        for at in (minute - 600_000, minute):
            served.feed.publish(some_list(scope, names, at))
        served.feed.publish(msgspec.structs.replace(some_list(scope, names, minute), window="5m"))
    course(served, minute)
    old = before(minute)
    said = [
        Post(
            f"p{n}",
            f"sms-00040{21 + n}" if source == "sms" else who.split()[0].lower(),
            text,
            now() - 60_000 - 7_000 * (8 - n),  # the minute that is told is theirs
            source=source,
            author_name=f"SMS ··{21 + n}" if source == "sms" else who,
            avatar=f"{ADDRESS}face/{n}.png" if n != 4 and source != "sms" else None,
            media=[Media(f"{ADDRESS}scene/{n}.png", description=SCENE)] if n in (0, 6) else None,
        )
        for n, (text, who, source) in enumerate(
            zip(TEXTS, PEOPLE, itertools.cycle(("mastodon", "bluesky", "sms")), strict=False)
        )
    ]
    bal = [
        msgspec.structs.replace(post, id=f"b{n}", text=post.text.replace("CapComNet", "BalDesTerritoires"))
        for n, post in enumerate(said)
    ]
    thanks = "All trams of Lyon run again. Thank you to everybody who walked with a smile! #Lyon"
    picture = Media(f"{ADDRESS}scene/11.png", description=SCENE)
    served.take(
        Post(
            "say",
            "ann",
            thanks,
            now(),
            source="mastodon",
            author_name="Ann Morel",
            avatar=f"{ADDRESS}face/9.png",
            media=[picture],
        )
    )
    loop = served.loop

    def put() -> None:
        walls = served.walls
        walls.take([*old, *said, *bal], [int(post.time) for post in (*old, *said, *bal)])
        for post in bal[:3]:
            walls.decide("bal", "post", f"{post.source}/{post.id}", "approved", "ann")

    loop.call_soon_threadsafe(put)
    for alert in raised(minute):
        served.alerts.add(alert)
    time.sleep(9)  # approved posts have come on the screen
    return served


def shoot(browser: Browser, served: Served, name: str, folder: Path) -> None:
    path, width, height, scheme = PAGES[name]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme=scheme,  # type: ignore[arg-type]
        locale="en-GB",
        timezone_id="Europe/Paris",
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.goto(served.address + path)
    if path.startswith(("/moderate", "/setup")):
        page.locator("#secret").fill(ANN.secret)
        page.keyboard.press("Enter")
    if path.startswith("/setup"):
        page.wait_for_url("**/setup")
        page.goto(served.address + path)
    page.wait_for_timeout(1_500)
    page.screenshot(path=folder / f"{name}.png")
    context.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER)
    parser.add_argument("names", nargs="*", help=", ".join(PAGES))
    told = parser.parse_args()
    told.out.mkdir(parents=True, exist_ok=True)
    served = filled()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for name in told.names or PAGES:
            shoot(browser, served, name, told.out)
        browser.close()
    served.stop()


if __name__ == "__main__":
    main()
