"""What happened at an event, from its posts: numbers, phases, topics, people, posts, and peaks with their cause."""

from __future__ import annotations

from collections import Counter

import msgspec

from pipeline.moderation.state import Moderation, account_ref, means, original_ref, post_ref
from pipeline.text import EventMatcher, printable, shown_account, source_name, topics_of
from pipeline.web.wall.entries import web_address
from pipeline.web.wall.tally import EventTally, Minute, Phase, own_topics
from schemas import Post, Trend, TrendList
from schemas.events import Event
from schemas.trends import Why

BIN_MS = 5 * 60_000  # the grain of peaks
APART_MS = 30 * 60_000  # between two peaks
PEAKS, ROWS = 6, 15


class Named(msgspec.Struct, omit_defaults=True):
    """A topic or a person, and how many posts; of a person who gave a name, the account too."""

    name: str
    posts: int
    account: str = ""


class TopPost(msgspec.Struct):
    """A post and how often it was passed on."""

    author: str
    text: str
    time: int
    url: str
    copies: int


class PeakTold(msgspec.Struct):
    """Five minutes that stand out (start, ms), and why: what trended then, else the topics most used."""

    at: int
    posts: int
    times: float  # of the event's mean pace
    topics: list[str]
    why: Why | None


class Report(msgspec.Struct):
    """An event's debrief. Times in ms UTC; `time_zone` is for showing them."""

    event: str
    title: str
    time_zone: str
    start: int | None  # of the first and the last post
    end: int | None
    posts: int
    people: int
    minutes: list[Minute]
    phases: list[Phase]
    peaks: list[PeakTold]
    topics: list[Named]
    accounts: list[Named]
    top_posts: list[TopPost]


class Debrief:
    """Takes an event's posts and lists in the order of a replay, and tells them at the end: the same for the same.

    What moderators have blocked (posts, accounts, words, topics) is neither counted nor named, nor are reposts of it;
    of the posts only those are told that the event's wall would show.
    """

    def __init__(self, event: Event, moderation: Moderation | None = None) -> None:
        self._moderation = moderation or Moderation()
        self._blocked: set[str] = set()  # originals that may not be shown
        self._shows_all = moderation is None
        self._event = event
        self._matcher = EventMatcher([event])
        self._own = own_topics(event)
        self._untold = self._own  # topics that are not worth telling, or may not be told
        self._tally = EventTally()
        self._seen: set[str] = set()
        self._copies: Counter[str] = Counter()
        self._posts: dict[str, Post] = {}
        self._names: dict[tuple[str, str], str] = {}  # the last one that each account gave
        self._best: dict[int, tuple[float, Trend]] = {}  # five minutes -> the strongest row of their lists

    def take(self, post: Post) -> None:
        """Counts a post, if it is the event's and has not come before."""
        if post.deleted is not None:
            self._withdraw(post)
            return
        if post_ref(post) in self._seen or not self._matcher.match(post, tuple(topics_of(post))):
            return
        self._seen.add(post_ref(post))
        ref = original_ref(post)
        if ref in self._blocked or self._moderation.blocked_because(self._event.name, post):
            self._blocked.add(post_ref(post))
            return
        self._tally.take(post)
        if post.author_name:
            self._names[account_ref(post.source, post.author), post.author] = post.author_name
        self._copies[ref] += post.repost_of is not None
        if ref not in self._posts or not post.repost_of:
            self._posts[ref] = post

    def _withdraw(self, retraction: Post) -> None:
        """What was withdrawn is shown nowhere; what was counted before stays counted."""
        self._seen.add(post_ref(retraction))
        self._moderation.withdraw(retraction.id)
        for ref in [ref for ref, post in self._posts.items() if means(retraction, post)]:
            del self._posts[ref]

    def take_list(self, trends: TrendList) -> None:
        """Remembers what trended when; lists of other scopes are passed over."""
        if trends.scope != f"event:{self._event.name}":
            return
        for row in self._moderation.visible(trends).trends:
            known = self._best.get(trends.at // BIN_MS)
            if row.trending and row.topic not in self._own and (known is None or row.weight > known[0]):
                self._best[trends.at // BIN_MS] = (row.weight, row)

    def report(self) -> Report:
        """The event as far as it was taken."""
        tally, event = self._tally, self._event
        self._untold = self._own | {
            key for key in tally.topics if not self._moderation.may_show(key, tally.display(key), f"event:{event.name}")
        }
        minutes = tally.minutes()
        phases = tally.phases(self._untold)
        for phase in phases:
            phase.topics = [printable(tally.display(topic)) for topic in phase.topics]
        told = (it for it in tally.topics.items() if it[0] not in self._untold)
        topics = sorted(told, key=lambda it: (-it[1], it[0]))
        people = sorted(tally.busiest.items(), key=lambda it: (-it[1], it[0]))
        shown = (it for it in self._copies.items() if it[1] and self._shown(it[0]))
        repeated = sorted(shown, key=lambda it: (-it[1], it[0]))
        persons = (self._person(*who, posts) for who, posts in people)
        times = [int(post.time) for post in self._posts.values()]
        return Report(
            event.name,
            printable(event.title or event.name),
            event.time_zone,
            min(times, default=None),
            minutes[-1].at + 60_000 if minutes else None,
            tally.posts,
            len(tally.people),
            minutes,
            phases,
            self._peaks(minutes),
            [Named(printable(tally.display(key)), posts) for key, posts in topics[:ROWS]],
            [person for person in persons if person.name][:ROWS],
            [self._top(ref, copies) for ref, copies in repeated[:ROWS]],
        )

    def _person(self, account: str, author: str, posts: int) -> Named:
        source = account.partition("/")[0]
        called, name = (shown_account(it, source) for it in (author, self._names.get((account, author), "")))
        return Named(printable(name or called), posts, printable(called) if name and called != name else "")

    def _shown(self, ref: str) -> bool:
        event, post = self._event, self._posts.get(ref)
        if post is None:  # withdrawn
            return False
        return self._shows_all or self._moderation.queue(event.name, post, event.moderation) == "shown"

    def _top(self, ref: str, copies: int) -> TopPost:
        post = self._posts[ref]
        text = printable(post.text)[:500]
        source = source_name(post.source)
        author = shown_account(post.author_name or "", source) or shown_account(post.author, source)
        return TopPost(author, text, int(post.time), web_address(post.url), copies)

    def _peaks(self, minutes: list[Minute]) -> list[PeakTold]:
        bins: Counter[int] = Counter()
        for minute in minutes:
            bins[minute.at // BIN_MS] += minute.posts
        if not bins:
            return []
        mean = sum(bins.values()) / (max(bins) - min(bins) + 1)
        peaks: list[PeakTold] = []
        for place, posts in sorted(bins.items(), key=lambda it: (-it[1], it[0])):
            at = place * BIN_MS
            if posts < 1.5 * mean or len(peaks) == PEAKS:
                break
            if all(abs(at - peak.at) >= APART_MS for peak in peaks):
                peaks.append(PeakTold(at, posts, round(posts / mean, 1), *self._cause(place)))
        return sorted(peaks, key=lambda peak: peak.at)

    def _cause(self, place: int) -> tuple[list[str], Why | None]:
        # lists speak of the time before them
        rows = [self._best[it] for it in range(place, place + 4) if it in self._best]
        if rows:
            row = max(rows, key=lambda it: it[0])[1]
            return [printable(row.display)], row.why
        topics = self._tally.topics_at(place * BIN_MS, self._untold)
        return [printable(self._tally.display(topic)) for topic in topics], None
