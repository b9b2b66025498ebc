from typing import TypeVar

T = TypeVar("T")

def split(elements: list[T], keys: list[str], partitions: int, /) -> list[list[T]]:
    """The elements by the partition of their keys, in their order. Raises ValueError for other than one key each."""
