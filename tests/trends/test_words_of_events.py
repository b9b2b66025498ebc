"""Rows of words at an event whose own tag everybody writes, and how words are explained."""

from pipeline.local import Local, Options
from pipeline.trends.arithmetic import arithmetic
from schemas import Post, Trend, TrendList
from schemas.events import Event

HOUR_MS, MINUTE_MS = 3_600_000, 60_000
START_MS = 1_650_211_200_000
SAID = ("the coffee is hot", "good talk so far", "where is room seven", "nice people here")


def rows_of(news: list[str]) -> dict[str, Trend]:
    """By topic, what trends at the end of three hours of an event where 40 people an hour say the usual, and in whose
    last minutes each of `news` is said by ten people more."""
    lists: list[TrendList] = []
    local = Local(
        Options(events=(Event("fair", hashtags=("#fair",)),), words="events"),
        on_list=lists.append,
        keeps=lambda scope, window: (scope, window) == ("event:fair", "1h"),
    )
    posts = [
        Post(f"{n}", f"visitor {n % 40}", f"{SAID[n % 4]} #fair", START_MS + n * HOUR_MS // 40, source="twitter")
        for n in range(120)
    ]
    posts += [
        Post(
            f"{text}{n}",
            f"visitor {(10 * number + n) % 40}",
            f"{text}, {'abcdefghij'[n] * 5} #fair",
            when,
            source="twitter",
        )
        for number, text in enumerate(news)
        for n in range(10)
        for when in (START_MS + 3 * HOUR_MS - (12 - n) * MINUTE_MS,)
    ]
    local.feed(sorted(posts, key=lambda post: int(post.time)))
    local.finish()
    last = next(one for one in reversed(lists) if one.at <= START_MS + 3 * HOUR_MS)
    return {row.topic: row for row in last.trends if row.trending}


def test_what_everybody_writes_takes_no_words_into_its_row() -> None:
    rows = rows_of(["fire in the kitchen", "prize for the youngest team"])
    assert rows.keys() == {"#fair", "fire in the kitchen", "prize for the youngest"}
    assert rows["#fair"].joined == ["the"]  # as many as write it


def test_words_in_a_row_speak_against_nobody() -> None:
    rows = rows_of(["fire in the kitchen", "prize for the youngest team"])
    told = {topic: row.flags for topic, row in rows.items() if row.joined}
    assert told == {"#fair": [], "prize for the youngest": []}


def test_a_phrase_stands_with_its_part_though_most_people_say_that() -> None:
    rows = rows_of(["no exit is open", "that exit", "exit for all"])
    assert "exit" in rows
    assert not any(part in rows for part in ("exit is open", "that exit", "exit for", "exit for all"))


def test_a_row_tells_no_parts_of_what_it_tells() -> None:
    prize = rows_of(["fire in the kitchen", "prize for the youngest team"])["prize for the youngest"]
    assert prize.joined == ["for the youngest team"]


def test_no_words_trend_where_the_past_has_heard_few() -> None:
    """An event whose first hour is a rush: what anybody says is new to the few who wrote before. A tag is news."""

    def said(number: int, at_ms: int, text: str) -> Post:
        return Post(f"{number}", f"visitor {number}", text, at_ms, source="twitter")

    def own(number: int) -> str:
        return f"{chr(97 + number // 26) * 4}{chr(97 + number % 26) * 4}"

    def trending(people: int) -> tuple[set[str], str]:
        """What trends at the event in its hour, and what `why` says of a word."""
        local = Local(
            Options(events=(Event("fair", hashtags=("#fair",)),), words="events"),
            on_list=lists.append,
            keeps=lambda scope, window: (scope, window) == ("event:fair", "1h"),
        )
        quiet = [said(n, START_MS + n * HOUR_MS // 10, f"{SAID[n % 3]}, {own(n)} #fair") for n in range(30)]
        begins = START_MS + 3 * HOUR_MS
        rush = [
            said(100 + n, begins + n * HOUR_MS // people // 2, f"{SAID[3]}, {own(n)} #fair #opened")
            for n in range(people)
        ]
        local.feed([*quiet, *rush])
        at = begins + HOUR_MS // 2
        local.mark(at)
        of_event = next(one for one in local.ranker.all_lists() if one.scope.name == "event:fair")
        told = arithmetic(local.ranker, of_event, "nice people here", at)
        assert told is not None
        last = next(one for one in reversed(lists) if one.at <= at)
        return {topic for row in last.trends if row.trending for topic in (row.topic, *row.joined)}, told.verdict

    lists: list[TrendList] = []
    topics, verdict = trending(35)
    assert {"#opened", "nice people here"} <= topics
    assert verdict == "trending"
    assert trending(90) == ({"#fair", "#opened"}, "little_past")


def test_five_people_are_news_by_a_word_never_heard_as_by_a_tag() -> None:
    """In an hour in which three times as many people write as in the twenty before it."""
    usual = [
        Post(f"{n}", f"resident {n % 40}", SAID[n % 4], START_MS + n * HOUR_MS // 10, source="sms") for n in range(200)
    ]
    begins = START_MS + 20 * HOUR_MS
    now = [
        Post(f"now {n}", f"visitor {n}", SAID[n % 4] if n % 6 else f"earthquake, {'abcde'[n // 6] * 4}! #quake",
             begins + n * HOUR_MS // 30, source="sms")
        for n in range(30)
    ]  # fmt: skip
    lists: list[TrendList] = []
    local = Local(
        Options(words="all"), on_list=lists.append, keeps=lambda scope, window: (scope, window) == ("all", "1h")
    )
    local.feed([*usual, *now])
    local.mark(begins + HOUR_MS)
    trending = {topic for row in lists[-1].trends if row.trending for topic in (row.topic, *row.joined)}
    assert trending >= {"#quake", "earthquake"}


def test_words_are_explained_by_the_score_at_which_words_begin() -> None:
    local = Local(Options(words="all"), keeps=lambda scope, window: (scope, window) == ("all", "1h"))
    letters = "abcdefghijklmnopqrstuvwxyz"
    for n in range(200):  # nobody says a word of another, but for one
        words = [f"{letters[n % 26]}{letters[n // 26]}{letters[k]}" for k in range(26)]
        local.feed([Post(f"{n}", f"author {n}", f"Harbour, {' '.join(words)}", START_MS + n * 1_000, source="sms")])
    local.mark(START_MS + 10 * MINUTE_MS)
    found = arithmetic(local.ranker, next(iter(local.ranker.all_lists())), "harbour", START_MS + 10 * MINUTE_MS)
    assert found is not None
    assert found.on > 5.0


def test_a_row_tells_its_other_words_as_people_write_them() -> None:
    elected = rows_of(["Élue du quartier à Évry-Sud"])["quartier a evry sud"]
    assert (elected.joined, elected.also) == (["elue du quartier"], ["Élue du quartier"])
