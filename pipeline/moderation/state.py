"""What has been decided so far: the fold of the decision log, and what it lets be shown."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, Protocol

import msgspec

from pipeline.moderation.overruling import overruled
from pipeline.moderation.words import BlockedWords, Reading, read_text, word_key
from pipeline.text import MAX_SHOWN, fold, source_name, topic_key, topics_of
from schemas import Post, Trend, TrendList
from schemas.moderation import EVERYWHERE, VERDICTS, Decision, Kind
from schemas.posts import ROOM_PICTURE

Queue = Literal["shown", "waiting", "stashed", "blocked"]
Mode = Literal["auto", "manual"]
QUEUES: tuple[Queue, ...] = ("shown", "waiting", "stashed", "blocked")
MAX_NAMED = 256  # characters of a tag or a description: no topic is longer
WITHDRAWN_KNOWN = 100_000  # posts that were withdrawn, the last ones
_GONE = ("blocked", "deleted")
_BOUND = ("approved", "pinned")  # verdicts that hold for one content
Known = Callable[[str], Iterable[Post]]  # the posts of an id, where somebody has them


class Shows(Protocol):
    """What is asked before anything is shown."""

    def visible(self, trends: TrendList, /) -> TrendList:
        """The list without what may not be shown; the same object where nothing is hidden."""

    def may_show(self, topic: str, display: str, scope: str, /) -> bool:
        """Whether a topic (its key) may be shown in this spelling where a scope is told of."""

    def may_show_example(self, post_id: str, scope: str, /) -> bool:
        """Whether the post of this id may be an example there."""


def _unknown(_: str) -> Iterable[Post]:
    return ()


def _event_of(scope: str) -> str:
    return scope.removeprefix("event:") if scope.startswith("event:") else EVERYWHERE


class Reason(NamedTuple):
    """Why a post may not be shown, in a few words; of a blocked word which, and the piece that was read as it."""

    why: str
    word: str = ""
    piece: str = ""


class ConflictError(ValueError):
    """A decision that cannot be made or taken back as things stand; the message says why."""


def post_ref(post: Post) -> str:
    """SOURCE/ID: what decisions call a post."""
    return f"{source_name(post.source)}/{post.id}"


def original_ref(post: Post) -> str:
    """SOURCE/ID of the post that this one passes on, or of itself: reposts are one entry of a wall."""
    return f"{source_name(post.source)}/{post.repost_of or post.id}"


def means(retraction: Post, post: Post) -> bool:
    """Whether a retraction withdraws the post: the one that it names, or any of the author and source."""
    named = retraction.id in ("", post.id)
    return named and post.author == retraction.author and source_name(post.source) == source_name(retraction.source)


def content_of(post: Post) -> str:
    """A digest of what a screen shows of a post besides its source: whoever claims the same id says something else.

    >>> one = Post(id="1", author="ann", text="hello", time=0)
    >>> content_of(one) == content_of(msgspec.structs.replace(one, time=9, id="2"))
    True
    >>> content_of(one) == content_of(msgspec.structs.replace(one, author="eve"))
    False
    """
    shown: list[object] = [post.author, post.author_name, post.text[: 2 * MAX_SHOWN], post.url]
    if post.avatar or post.media:
        shown += [post.avatar, post.media]
    return hashlib.blake2b(msgspec.json.encode(shown), digest_size=16).hexdigest()


def reading_of(post: Post) -> Reading:
    """Everything of a post that a screen shows, as blocked words are looked for in it."""
    texts = [post.text[: 2 * MAX_SHOWN], post.author, post.author_name or ""]
    texts += [text[:MAX_NAMED] for text in (*(post.tags or ()), *(it.description or "" for it in post.media or ()))]
    return read_text(*filter(None, texts))


def is_pictured_in_the_room(post: Post) -> bool:
    """Whether somebody in the room sent a picture with it: no list of words can tell what is to be seen there."""
    return any(medium.url.startswith(ROOM_PICTURE) for medium in post.media or ())


def account_ref(source: str | None, account: str) -> str:
    """SOURCE/ACCOUNT: what decisions call an account; its case and a leading @ do not matter."""
    return f"{source_name(source)}/{account.lstrip('@＠').casefold()}"


def target_of(kind: Kind, target: str) -> str:
    """The form in which a target is kept, so that every spelling of it is one; raises ConflictError if it is none."""
    target = target.strip()
    if kind == "word":
        target = word_key(target)
    elif kind in ("topic", "suspicion"):
        target = topic_key(target)
    elif kind in ("account", "trust"):
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
        self._suspicions: dict[str, str] = {}  # topic -> cleared or suspect
        self._withdrawn: dict[str, None] = {}  # ids of posts that are nobody's example any more
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
        elif decision.kind == "suspicion":
            self._suspicions[decision.target] = decision.verdict
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

    def decide(
        self,
        *,
        id: str,  # noqa: A002
        event: str,
        kind: Kind,
        target: str,
        verdict: str,
        by: str,
        at: int,
        content: str = "",
    ) -> Decision:
        """The decision to append to the log, its target in the form that is kept; `apply` it once it is appended.

        `content` (see `content_of`) is what an approval or a pin holds for; without it they hold for nothing.
        Raises ConflictError for a verdict that the kind does not have, and for a target that is none.
        """
        if kind not in VERDICTS or verdict not in VERDICTS[kind]:
            raise ConflictError(f"{kind!s:.20} cannot be {verdict!s:.20}")
        if kind == "suspicion" and event != EVERYWHERE:
            raise ConflictError("whether a topic is organised is decided for all events at once")
        target = target_of(kind, target)
        held = self._last(event, kind, target)
        before, known = (held.verdict, held.content) if held is not None else ("", "")
        if verdict not in _BOUND:
            content = known
        elif before in _BOUND and known != content:
            before = ""  # nobody had approved this
        return Decision(id, event, kind, target, verdict, by, at, before, content=content)

    def undo(self, decision: Decision, *, id: str, by: str, at: int) -> Decision:  # noqa: A002
        """The decision that takes this one back. Raises ConflictError when another of the same key came after it."""
        held = self._held.get(decision.key)
        if held is None or held.id != decision.id:
            raise ConflictError("somebody has decided about the same thing since; undo that first")
        return msgspec.structs.replace(
            decision, id=id, verdict=decision.before, by=by, at=at, before=decision.verdict, undoes=decision.id
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

    def pins(self, event: str) -> dict[str, str]:
        """The pinned posts, in the order they were pinned: reference -> content (see `content_of`)."""
        pins = [held for held in self._held.values() if held.kind == "pin" and held.event == event and held.verdict]
        return {held.target: held.content for held in sorted(pins, key=lambda held: (held.at, held.target))}

    def in_force(self, event: str, kinds: Iterable[Kind] = ("account", "word", "topic")) -> list[Decision]:
        """The blocks of the event and those that hold everywhere, newest first."""
        wanted = frozenset(kinds)
        blocks = [
            held
            for held in self._held.values()
            if held.kind in wanted and held.verdict and held.event in (event, EVERYWHERE)
        ]
        return sorted(blocks, key=lambda held: (-held.at, held.key))

    def blocked_because(self, event: str, post: Post, reading: Reading | None = None) -> Reason | None:
        """Why a post may not be shown for the event (EVERYWHERE: anywhere); None if it may.

        `reading` spares reading the post's texts again (see `reading_of`).
        """
        ref, account = post_ref(post), account_ref(post.source, post.author)
        topics: list[str] | None = None
        for scope in {event, EVERYWHERE}:
            if self.verdict(scope, "post", ref) in _GONE:
                return Reason("deleted" if self.verdict(scope, "post", ref) == "deleted" else "post")
            if post.repost_of and self.verdict(scope, "post", original_ref(post)) in _GONE:
                return Reason("repost")
            if self.verdict(scope, "account", account):
                return Reason("account")
            if words := self._blocked_words(scope):
                reading = reading or reading_of(post)
                if found := words.found_in(reading):
                    return Reason("word", *found)
            if scope != EVERYWHERE:  # everywhere a blocked topic is never a trend, and its posts remain posts
                topics = topics if topics is not None else [fold(spelling) for spelling in topics_of(post)]
                if any(self.verdict(scope, "topic", topic) for topic in topics):
                    return Reason("topic")
        return None

    def approved(self, event: str, post: Post) -> bool:
        """Whether somebody has approved exactly this. An approval that does not tell its content is of nothing."""
        held = self._last(event, "post", original_ref(post))
        return held is not None and held.verdict == "approved" and held.content == content_of(post)

    def trusted(self, event: str, post: Post) -> bool:
        """Whether the post is an account's own words that somebody trusts, here or everywhere. A repost is somebody
        else's."""
        account = account_ref(post.source, post.author)
        return not post.repost_of and any(self.verdict(scope, "trust", account) for scope in (event, EVERYWHERE))

    def visible_post(self, post: Post, event: str = EVERYWHERE) -> bool:
        """Whether a post may be shown (manual approval aside)."""
        return not self.blocked_because(event, post)

    def queue(self, event: str, post: Post, default: Mode = "auto", reading: Reading | None = None) -> Queue:
        """The queue of the event's wall that a post is in. A repost is where its original is, but that an approval
        holds for what was approved alone, whoever uses its id."""
        if self.blocked_because(event, post, reading):
            return "blocked"
        if self.approved(event, post):
            return "shown"
        verdict = self.verdict(event, "post", original_ref(post))
        if verdict == "stashed":
            return "stashed"
        if verdict == "waiting":
            return "waiting"
        by_hand = self.mode(event, default) == "manual" or is_pictured_in_the_room(post)
        return "waiting" if by_hand and not self.trusted(event, post) else "shown"

    def withdraw(self, post_id: str) -> None:
        """A post was withdrawn: it is no example any more. The last WITHDRAWN_KNOWN are known."""
        self._withdrawn[post_id] = None
        if len(self._withdrawn) > WITHDRAWN_KNOWN:
            del self._withdrawn[next(iter(self._withdrawn))]

    def visible(self, trends: TrendList, known: Known = _unknown) -> TrendList:
        """The list as moderators let it be shown; the same object where they changed nothing.

        Topics that they cleared or called suspect stand where that puts them (see `overruled`). Rows of blocked topics
        and rows with a blocked word in a spelling go, and the others close up. Examples that are blocked posts go, by
        their id; `known` gives the posts of an id where somebody has them, so that examples by blocked accounts or with
        blocked words go too.
        """
        if self._suspicions:
            trends = overruled(trends, lambda topic: self._suspicions.get(topic, ""))
        event = _event_of(trends.scope)
        scopes = {event, EVERYWHERE}
        gone = self._gone_ids(event)
        gone |= {
            post_id
            for row in trends.trends
            for post_id in row.examples
            if post_id in self._withdrawn or any(not self.visible_post(post, event) for post in known(post_id))
        }
        rows = [self._visible_row(row, scopes, gone) for row in trends.trends]
        if all(new is old for new, old in zip(rows, trends.trends, strict=True)):
            return trends
        kept = [row for row in rows if row is not None]
        for rank, row in enumerate(kept, 1):
            if row.rank != rank:
                kept[rank - 1] = msgspec.structs.replace(row, rank=rank)
        return msgspec.structs.replace(trends, trends=kept)

    def may_show(self, topic: str, display: str, scope: str) -> bool:
        """Whether a topic (its key) may be shown in this spelling where a scope is told of."""
        return not any(self._hides_topic(event, topic, display) for event in {_event_of(scope), EVERYWHERE})

    def may_show_example(self, post_id: str, scope: str, known: Known = _unknown) -> bool:
        """Whether the post of this id may be an example there; `known` as for `visible`."""
        event = _event_of(scope)
        if post_id in self._withdrawn:
            return False
        return post_id not in self._gone_ids(event) and all(self.visible_post(post, event) for post in known(post_id))

    def _gone_ids(self, event: str) -> set[str]:
        return {post_id for one in {event, EVERYWHERE} for post_id in self._gone.get(one, {}).values()}

    def _visible_row(self, row: Trend, scopes: set[str], gone: set[str]) -> Trend | None:
        if any(self._hides_topic(scope, row.topic, row.display) for scope in scopes):
            return None
        variants = [it for it in row.variants if not any(self._hides_topic(scope, row.topic, it) for scope in scopes)]
        told = list(zip(row.joined, row.also or row.joined, strict=False))
        shown = [(key, it) for key, it in told if not any(self._hides_topic(scope, key, it) for scope in scopes)]
        examples = [post for post in row.examples if post not in gone]
        if (len(variants), len(shown), len(examples)) == (len(row.variants), len(told), len(row.examples)):
            return row
        joined, also = [key for key, _ in shown], [it for _, it in shown if row.also]
        return msgspec.structs.replace(row, variants=variants, joined=joined, also=also, examples=examples)

    def _hides_topic(self, scope: str, topic: str, spelling: str) -> bool:
        if self.verdict(scope, "topic", topic):
            return True
        words = self._blocked_words(scope)
        return bool(words and (words.found_in(spelling) or words.found_in(topic)))

    def _blocked_words(self, event: str) -> BlockedWords:
        words = self._words.get(event)
        if words is None:
            words = self._words[event] = BlockedWords(
                held.target
                for held in list(self._held.values())  # lists may be filtered in another thread meanwhile
                if held.kind == "word" and held.event == event and held.verdict
            )
        return words
