from typing import Any

import numpy.typing as npt

def support_by_step(
    said: list[tuple[int, npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]],
    withdrawn: list[tuple[int, npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]],
    size: int,
    windows: tuple[int, int],
    length: int,
    most: int,
    sampled_from: int,
    /,
) -> tuple[bytes, bytes]:
    """Support of `size` topics in the short and the long window that end with each of the last `length` steps, as bytes
    of doubles, topic by topic. `said`: (step, topic, author, text, posts) in ascending order of steps and, in each, of
    topics; `withdrawn`: (step, topic, author, step of the post). `most` people are counted exactly in a step,
    `sampled_from` entries in all. Raises ValueError for columns that do not fit together."""
