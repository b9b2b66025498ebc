"""What has been decided so far: the fold of the decision log, and what it lets be shown."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import msgspec

from pipeline.moderation.words import BlockedWords, Reading, read_text, word_key
from pipeline.text import fold, source_name, topic_key, topics_of
from schemas import Post, Trend, TrendList
from schemas.moderation import EVERYWHERE, VERDICTS, Decision, Kind

Queue = Literal["shown", "waiting", "stashed", "blocked"]
Mode = Literal["auto", "manual"]
QUEUES: tuple[Queue, ...] = ("shown", "waiting", "stashed", "blocked")
_GONE = ("blocked", "deleted")


class ConflictError(ValueError):
    """A decision that cannot be made or taken back as things stand; the message says why."""


def post_ref(post: Post) -> str:
    """SOURCE/ID: what decisions call a post."""
    return f"{source_name(post.source)}/{post.id}"


def original_ref(post: Post) -> str:
    """SOURCE/ID of the post that this one passes on, or of itself: reposts are one entry of a wall."""
    return f"{source_name(post.source)}/{post.repost_of or post.id}"


def reading_of(post: Post) -> Reading:
    """Everything of a post that a screen shows, as blocked words are looked for in it."""
    texts = [post.text, post.author, post.author_name or "", *(post.tags or ())]
    return read_text(*(text for text in texts if text), *(it.description for it in post.media or () if it.description))


def account_ref(source: str | None, account: str) -> str:
    """SOURCE/ACCOUNT: what decisions call an account; its case and a leading @ do not matter."""
    return f"{source_name(source)}/{account.lstrip('@＠').casefold()}"


def target_of(kind: Kind, target: str) -> str:
    """The form in which a target is kept, so that every spelling of it is one; raises ConflictError if it is none."""
    target = target.strip()
    if kind == "word":
        target = word_key(target)
    elif kind == "topic":
        target = topic_key(target)
    elif kind == "account":
        source, slash, account = target.partition("/")
        target = account_ref(source, account) if slash and account else ""
    elif kind in ("freeze", "mode"):
        return ""
    if not target or (kind in ("post", "pin") and "/" not in target):
        raise ConflictError(f"there is no {kind} in this decision; name one")
    return target


class Moderation:
    """The state after a log of decisions. Of one key the last decision holds; a decision told twice counts once.

    The state depends on the last decision of each key alone, so a compacted log gives the same one.
    """

    def __init__(self, decisions: Iterable[Decision] = ()) -> None:
        self.version = 0  # grows with every decision that changes something
        self._held: dict[str, Decision] = {}
        self._words: dict[str, BlockedWords] = {}
        self._gone: dict[str, dict[str, str]] = {}  # event -> reference of a post that is gone -> its id
        for decision in decisions:
            self.apply(decision)

    def apply(self, decision: Decision) -> bool:
        """Takes the next decision of the log; whether it changed anything."""
        held = self._held.get(decision.key)
        if held is not None and held.id == decision.id:
            return False
        self._held[decision.key] = decision
        self.version += 1
        if decision.kind == "word":
            self._words.pop(decision.event, None)
        elif decision.kind == "post":
            gone = self._gone.setdefault(decision.event, {})
            gone.pop(decision.target, None)
            if decision.verdict in _GONE:
                gone[decision.target] = decision.target.partition("/")[2]
        return True

    def held(self) -> dict[str, Decision]:
        """The decisions in force, by key: what a compacted log holds."""
        return dict(self._held)

    def verdict(self, event: str, kind: Kind, target: str) -> str:
        """What is decided about exactly this target in exactly this event; "" for nothing."""
        held = self._last(event, kind, target)
        return held.verdict if held is not None else ""

    def _last(self, event: str, kind: Kind, target: str) -> Decision | None:
        return self._held.get(f"{event}/{kind}/{target}")

    def decide(self, *, id: str, event: str, kind: Kind, target: str, verdict: str, by: str, at: int) -> Decision:  # noqa: A002
        """The decision to append to the log, its target in the form that is kept; `apply` it once it is appended.

        Raises ConflictError for a verdict that the kind does not have, and for a target that is none.
        """
        if kind not in VERDICTS or verdict not in VERDICTS[kind]:
            raise ConflictError(f"{kind!s:.20} cannot be {verdict!s:.20}")
        target = target_of(kind, target)
        return Decision(id, event, kind, target, verdict, by, at, before=self.verdict(event, kind, target))

    def undo(self, decision: Decision, *, id: str, by: str, at: int) -> Decision:  # noqa: A002
        """The decision that takes this one back. Raises ConflictError when another of the same key came after it."""
        held = self._held.get(decision.key)
        if held is None or held.id != decision.id:
            raise ConflictError("somebody has decided about the same thing since; undo that first")
        return Decision(
            id, decision.event, decision.kind, decision.target, decision.before, by, at, decision.verdict, decision.id
        )

    def mode(self, event: str, default: Mode = "auto") -> Mode:
        """Whether posts of the event are shown unless blocked (auto), or once approved (manual)."""
        said = self.verdict(event, "mode", "")
        return "manual" if said == "manual" else "auto" if said == "auto" else default

    def frozen(self, event: str) -> bool:
        """Whether the event's screen takes no new posts."""
        return self.frozen_at(event) is not None

    def frozen_at(self, event: str) -> int | None:
        """When the event's screen was frozen, ms; None where it takes new posts."""
        held = self._last(event, "freeze", "")
        return held.at if held is not None and held.verdict else None

    def pins(self, event: str) -> list[str]:
        """References of the pinned posts, in the order they were pinned."""
        pins = [held for held in self._held.values() if held.kind == "pin" and held.event == event and held.verdict]
        return [held.target for held in sorted(pins, key=lambda held: (held.at, held.target))]

    def in_force(self, event: str, kinds: Iterable[Kind] = ("account", "word", "topic")) -> list[Decision]:
        """The blocks of the event and those that hold everywhere, newest first."""
        wanted = frozenset(kinds)
        blocks = [
            held for held in self._held.values()
            if held.kind in wanted and held.verdict and held.event in (event, EVERYWHERE)
        ]
        return sorted(blocks, key=lambda held: (-held.at, held.key))

    def blocked_because(self, event: str, post: Post, reading: Reading | None = None) -> str:
        """Why a post may not be shown for the event (EVERYWHERE: anywhere), in a few words; "" if it may.

        `reading` spares reading the post's texts again (see `reading_of`).
        """
        ref, account = post_ref(post), account_ref(post.source, post.author)
        topics: list[str] | None = None
        for scope in {event, EVERYWHERE}:
            if self.verdict(scope, "post", ref) in _GONE:
                return "deleted" if self.verdict(scope, "post", ref) == "deleted" else "post"
            if post.repost_of and self.verdict(scope, "post", original_ref(post)) in _GONE:
                return "repost of a blocked post"
            if self.verdict(scope, "account", account):
                return "account"
            if self._blocked_words(scope):
                reading = reading or reading_of(post)
                if self._blocked_words(scope).found_in(reading):
                    return "word"
            if scope != EVERYWHERE:  # everywhere a blocked topic is never a trend, and its posts remain posts
                topics = topics if topics is not None else [fold(spelling) for spelling in topics_of(post)]
                if any(self.verdict(scope, "topic", topic) for topic in topics):
                    return "topic"
        return ""

    def visible_post(self, post: Post, event: str = EVERYWHERE) -> bool:
        """Whether a post may be shown (manual approval aside)."""
        return not self.blocked_because(event, post)

    def queue(self, event: str, post: Post, default: Mode = "auto", reading: Reading | None = None) -> Queue:
        """The queue of the event's wall that a post is in. A repost is where its original is."""
        if self.blocked_because(event, post, reading):
            return "blocked"
        verdict = self.verdict(event, "post", original_ref(post))
        if verdict == "approved":
            return "shown"
        if verdict == "stashed":
            return "stashed"
        return "waiting" if verdict == "waiting" or self.mode(event, default) == "manual" else "shown"

    def visible(self, trends: TrendList, known: Callable[[str], Iterable[Post]] = lambda _: ()) -> TrendList:
        """The list without what may not be shown; the same object where nothing is hidden.

        Rows of blocked topics and rows with a blocked word in a spelling go, and the others close up. Examples that are
        blocked posts go, by their id; `known` gives the posts of an id where somebody has them, so that examples by
        blocked accounts or with blocked words go too.
        """
        event = trends.scope.removeprefix("event:") if trends.scope.startswith("event:") else EVERYWHERE
        scopes = {event, EVERYWHERE}
        gone = {post_id for scope in scopes for post_id in self._gone.get(scope, {}).values()}
        gone |= {
            post_id for row in trends.trends for post_id in row.examples
            if any(not self.visible_post(post, event) for post in known(post_id))
        }
        rows = [self._visible_row(row, scopes, gone) for row in trends.trends]
        if all(new is old for new, old in zip(rows, trends.trends, strict=True)):
            return trends
        kept = [row for row in rows if row is not None]
        for rank, row in enumerate(kept, 1):
            if row.rank != rank:
                kept[rank - 1] = msgspec.structs.replace(row, rank=rank)
        return msgspec.structs.replace(trends, trends=kept)

    def visible_topic(self, event: str, topic: str, display: str) -> bool:
        """Whether a topic (its key) may be shown for the event in this spelling."""
        return not any(self._hides_topic(scope, topic, display) for scope in {event, EVERYWHERE})

    def _visible_row(self, row: Trend, scopes: set[str], gone: set[str]) -> Trend | None:
        if any(self._hides_topic(scope, row.topic, row.display) for scope in scopes):
            return None
        variants = [it for it in row.variants if not any(self._hides_topic(scope, row.topic, it) for scope in scopes)]
        joined = [key for key in row.joined if not any(self._hides_topic(scope, key, key) for scope in scopes)]
        examples = [post for post in row.examples if post not in gone]
        if (len(variants), len(joined), len(examples)) == (len(row.variants), len(row.joined), len(row.examples)):
            return row
        return msgspec.structs.replace(row, variants=variants, joined=joined, examples=examples)

    def _hides_topic(self, scope: str, topic: str, spelling: str) -> bool:
        if self.verdict(scope, "topic", topic):
            return True
        words = self._blocked_words(scope)
        return bool(words) and (words.found_in(spelling) or words.found_in(topic))

    def _blocked_words(self, event: str) -> BlockedWords:
        words = self._words.get(event)
        if words is None:
            words = self._words[event] = BlockedWords(
                held.target for held in list(self._held.values())  # lists may be filtered in another thread meanwhile
                if held.kind == "word" and held.event == event and held.verdict
            )
        return words
