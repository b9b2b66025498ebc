"""A post on a wall, with what was worked out about it once, and what is shown of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import msgspec

from pipeline.moderation.state import Queue, Reason, account_ref, content_of, original_ref, reading_of
from pipeline.moderation.words import Reading
from pipeline.text import MAX_SHOWN, fold_text, is_pseudonym, printable, shown_account, source_name
from schemas import Post

MAX_PICTURES = 4

Link = Callable[[str | None], str]  # from a picture's address to a path of ours; empty: it is not shown


def no_pictures(_url: str | None) -> str:
    """The `Link` of a server that shows none."""
    return ""


class Picture(msgspec.Struct):
    """A picture of a post: a path of ours, and what is to be seen there, in the words of who posted it."""

    path: str
    alt: str


class Shown(msgspec.Struct):
    """A post as pages get it: texts without control characters, no address of another host to load from."""

    ref: str  # what decisions call it
    author: str
    name: str
    text: str
    source: str
    time: int  # ms
    url: str  # http(s), or empty
    copies: int  # reposts that were folded into it
    queue: Queue
    account: str  # what decisions call its author
    avatar: str = ""  # a path of ours
    pictures: list[Picture] = []
    why: str = ""  # why it is blocked; this and what follows but `pinned` is told to moderators alone
    word: str = ""  # the blocked word that it holds
    piece: str = ""  # of its text, name or tags: what was read as the word
    pinned: bool = False
    content: str = ""  # what an approval or a pin of it holds for
    trusted: bool = False  # its account: told to moderators alone


@dataclass(frozen=True)
class Wanted:
    """Which posts of a queue somebody looks for: of a source, held for a reason (see `Reason.why`), or with words in
    name, account or text, whatever their case and accents. What is empty asks for nothing."""

    source: str = ""
    why: str = ""
    words: str = ""

    def takes(self, entry: Entry) -> bool:
        return (
            self.source in ("", source_name(entry.post.source))
            and (not self.why or (entry.why is not None and entry.why.why == self.why))
            and (not self.words or all(word in entry.searched for word in fold_text(self.words).split()))
        )


class Decided(msgspec.Struct):
    """What moderators know a post again by, in a log of decisions: whose it is and how it begins."""

    name: str
    text: str


@dataclass(slots=True)
class Entry:
    """A post and its reposts: one place on the wall. `ref` is the original's."""

    post: Post
    came_ms: int
    queue: Queue = "waiting"
    why: Reason | None = None
    copies: int = 0
    ref: str = field(init=False)
    account: str = field(init=False)
    content: str = field(init=False)
    reading: Reading = field(init=False)
    searched: str = field(init=False)

    def __post_init__(self) -> None:
        self.ref = original_ref(self.post)
        self.read()

    def read(self) -> None:
        """Works out again what depends on the post."""
        self.account = account_ref(self.post.source, self.post.author)
        self.content = content_of(self.post)
        self.reading = reading_of(self.post)
        texts = (self.post.author_name, self.post.author, self.post.text[: 2 * MAX_SHOWN])
        self.searched = fold_text("\n".join(filter(None, texts)))

    def shown(
        self, link: Link = no_pictures, *, pinned: bool = False, full: bool = False, trusted: bool = False
    ) -> Shown:
        """The entry for a page, with pictures where `link` has a path; `full` for moderators, who also see why it is
        blocked, whether its account is `trusted`, and numbers and addresses of who wrote by SMS or mail."""
        post, source = self.post, source_name(self.post.source)
        author, name = post.author, post.author_name or post.author
        return Shown(
            ref=self.ref,
            author=(printable(author) if full else shown_account(author, source))[:256],
            name=(_named(post) if full else shown_account(name, source))[:256],
            text=printable(post.text[: 2 * MAX_SHOWN])[:MAX_SHOWN],
            source=source,
            time=int(post.time),
            url=web_address(post.url),
            copies=self.copies,
            queue=self.queue,
            account=self.account if full else "",
            avatar=link(post.avatar),
            pictures=pictures_of(post, link),
            why=self.why.why if full and self.why else "",
            word=self.why.word if full and self.why else "",
            piece=self.why.piece if full and self.why else "",
            pinned=pinned,
            content=self.content if full else "",
            trusted=trusted,
        )

    def decided(self) -> Decided:
        """The entry for a log of decisions."""
        return Decided(_named(self.post)[:256], printable(self.post.text[:160]))


def _named(post: Post) -> str:
    """How moderators are told of who wrote; empty: nothing that means anything is known."""
    name = post.author_name or post.author
    return "" if is_pseudonym(name) else printable(name)


def pictures_of(post: Post, link: Link) -> list[Picture]:
    """The first pictures of a post that `link` has paths for, at most MAX_PICTURES."""
    found = [
        Picture(path, printable((medium.description or "")[:1_024]))
        for medium in post.media or ()
        if medium.kind.casefold() in ("image", "photo", "picture") and (path := link(medium.url))
    ]
    return found[:MAX_PICTURES]


def web_address(url: str | None) -> str:
    """The address, if a browser may follow it: http or https to a named host, nothing that is not shown."""
    if not url or not url.isprintable() or any(character in url for character in " \"'<>\\`"):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc else ""
