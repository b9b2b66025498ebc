from collections.abc import Callable

from pipeline.trends.open_pane import OpenCell, OpenPane
from pipeline.trends.retracting import WithdrawnPosts
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
    frontier: int,
    closes_at: int,
    newest: int,
    match: Callable[[Post, tuple[str, ...]], tuple[str, ...]] | None,
    names: dict[str, set[str]] | None,
    rules: Rules,
    retract: Callable[[int, tuple[str, ...]], None],
    /,
) -> tuple[int, int, int]:
    """Counts posts from number `begin` on as long as each is plain; where it stopped, the newest time, and how many
    posts it withdrew. `retract` is called with the number and the topics of each retraction that is not plain."""

def hashes(strs: list[str], /) -> bytes:
    """`hash64` of each str, as unsigned 64-bit numbers of this machine one behind the other."""

def learn(post: type[Post], pane: type[OpenPane], cell: type[OpenCell], withdrawn: type[WithdrawnPosts], /) -> None:
    """The classes of posts, open panes, their cells and what these withdraw. Raises TypeError where a field of theirs
    is no slot."""

def rows(cells: list[dict[str, list[int]]], /) -> tuple[dict[str, int], bytes, bytes, bytes, list[list[str]]]:
    """The rows of cells, each a dict of numbers of posts by spelling: the number of each spelling by spelling, in order
    of appearance; of all rows, cell after cell, that of its spelling (32 bits) and how many posts it has, and, row
    after row, the numbers of these (64 bits, of this machine); of each cell the spellings that are tags."""

def numbers(known: dict[str, int], strs: list[str], /) -> bytes:
    """What the dict holds of each str, as 32-bit numbers of this machine; -1: nothing."""
