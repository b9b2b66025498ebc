from typing import Any

import numpy.typing as npt

def united(
    author: npt.NDArray[Any] | bytes, text: npt.NDArray[Any] | bytes, posts: npt.NDArray[Any] | bytes, most: int, /
) -> tuple[bytes, bytes, bytes]:
    """One entry an author, the `most` first, of columns of 64, 64 and 32 bits: the text that stands for the author and
    the sum of posts. Raises ValueError for columns of different lengths."""
