from collections.abc import Callable

from pipeline.trends.open_pane import OpenCell, OpenPane
from schemas import Post

# how_read, topics_of, text_key, origin_of, words_of
Rules = tuple[
    Callable[..., int], Callable[..., tuple[str, ...]], Callable[..., str], Callable[..., int], Callable[..., list[str]]
]

def add(
    posts: list[Post],
    begin: int,
    taken_ms: list[int] | None,
    panes: dict[int, OpenPane],
    pane_ms: int,
    closes_at: int,
    newest: int,
    match: Callable[[Post, tuple[str, ...]], tuple[str, ...]] | None,
    names: dict[str, set[str]] | None,
    rules: Rules,
    retract: Callable[[int, tuple[str, ...]], None],
    /,
) -> tuple[int, int]:
    """Counts posts from number `begin` on as long as each is plain; where it stopped, and the newest time. `retract` is
    called with the number and the topics of each retraction among them."""

def hashes(strs: list[str], /) -> bytes:
    """`hash64` of each str, as unsigned 64-bit numbers of this machine one behind the other."""

def learn(post: type[Post], pane: type[OpenPane], cell: type[OpenCell], /) -> None:
    """The classes of posts, open panes and their cells. Raises TypeError where a field of theirs is no slot."""
