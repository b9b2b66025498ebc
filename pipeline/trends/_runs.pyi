from pipeline.trends.arrays import I64, U64

def merged(
    keys: U64, place: I64, order: I64 | None, starts: I64 | None, most: int, united: bool, /
) -> tuple[bytes, bytes | None, bytes]:
    """The elements that the runs of several owners hold, in the order of their keys. `place` tells where the run of
    each owner begins in `keys`, and where the last one ends; owners at `order[starts[n]]` up to the next start are one
    (None for both: each is one by itself). Of each `most` different keys are kept (0: all), or with `united` false so
    many elements.

    Returns bytes of 64-bit integers: the elements kept; where in them each different one begins (None: all differ);
    where the elements of each owner begin and the last ones end. Raises ValueError for columns that do not fit
    together."""
