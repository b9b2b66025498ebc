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
