from schemas.posts import Post

def decode(records: list[bytes], /) -> tuple[list[Post | None], int]:
    """The post in each record, None in the place of one that is not plain; and how many are None."""

def learn(post: type[Post], fields: tuple[tuple[object, ...], ...], times_end: int, record_bytes: int, /) -> None:
    """The class of posts, and its fields in the order in which it takes them: (name, kind, least, most, items, default)
    each, of which a field that may not be left out has no default. Raises ValueError for what cannot be learnt."""
