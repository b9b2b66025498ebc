from typing import Any

import numpy.typing as npt

def united(
    author: npt.NDArray[Any] | bytes, text: npt.NDArray[Any] | bytes, posts: npt.NDArray[Any] | bytes, most: int, /
) -> tuple[bytes, bytes, bytes]:
    """One entry an author, the `most` first, of columns of 64, 64 and 32 bits: the text that stands for the author and
    the sum of posts. Raises ValueError for columns of different lengths."""

def posts_there(columns: tuple[npt.NDArray[Any] | bytes, ...], most: int, /) -> tuple[bytes, bytes]:
    """Of each author that is looked for the posts in the row that is named, and whether they are those of all whom its
    sample of `most` + 1 people does not hold. As bytes of 64 and 8 bits. `columns`: topic, spelling, cell, posts,
    person_ptr, author and author_posts of a table; topic, spelling, cell and author of each. Raises ValueError for
    columns that do not fit together."""

def support(
    author: npt.NDArray[Any] | bytes,
    text: npt.NDArray[Any] | bytes,
    posts: npt.NDArray[Any] | bytes,
    withdrawn: npt.NDArray[Any] | bytes,
    most: int,
    /,
) -> tuple[bytes, bytes, int | None, int, int, int, int, int] | None:
    """What `united` gives of `most` + 1, read: of the `most` first, less a post for each hash of `withdrawn`, those who
    have posts left. None: nobody; else their authors and texts; the author behind them (None: there is none); how many
    texts one person holds, how many there are, how many people hold the one that most do; the posts of the busiest
    person, and of all. Raises ValueError for columns of different lengths."""

def supports(
    tables: list[tuple[npt.NDArray[Any] | bytes, ...]],
    topics: npt.NDArray[Any] | bytes,
    mask: npt.NDArray[Any] | bytes | None,
    since: int,
    most: int,
    /,
) -> list[Any]:
    """Of each topic (a column of 32 bits) what `support` gives of its entries in the tables, and the authors of its
    posts of panes from `since` on that were withdrawn there, as bytes (None: of none); True where `mask` (a byte a
    cell; None: all cells are meant) leaves none of its rows out. `tables`: of each topic, cell, person_ptr, author,
    text, author_posts, retracted_ptr, retracted_author and retracted_pane. Raises ValueError for columns that do not
    fit together."""

def common(one: npt.NDArray[Any] | bytes, other: npt.NDArray[Any] | bytes, limit: float, /) -> tuple[int, int, int]:
    """How many hashes below the limit, as doubles, two ascending columns of 64 bits share, each once; and how many each
    has."""

class Taken:
    """What is withdrawn of the posts of a step."""

    def take(
        self, posts: npt.NDArray[Any] | bytes, places: npt.NDArray[Any] | bytes, counted: npt.NDArray[Any] | bytes, /
    ) -> bytes:
        """As `_Taken.take` of withdrawals.py, of columns of 64 bits. Raises ValueError for columns of different
        lengths."""
