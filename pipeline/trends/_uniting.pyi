from typing import Any

def unite(
    plan: tuple[tuple[int, int, str, str, int, int], ...], records: list[tuple[Any, ...]], as_is: bool, /
) -> tuple[Any, ...]:
    """Records as one, elements of equal keys as one; `as_is`: those of root axes of one record each by itself.

    `plan`: each axis, a root before its children: (its root's number in the plan or -1, its keys, a letter a column for
    its type: i I q Q O, and for what becomes of equal ones: first, summed, largest, text of least priority; of how many
    the first ones are kept, 0: all; whether equal ones are one). `records`: the columns of all axes, before those of
    a child the ends of its runs. The answer is one such record, of bytes; None where an axis holds nothing. Raises
    ValueError for columns that do not fit together."""
