from typing_extensions import Buffer

def run(
    records: Buffer, count: int, first_ms: int, /
) -> tuple[list[bytes | None], list[bytes], list[int], dict[int, tuple[tuple[str, bytes | None], ...]]] | None:
    """The keys and values of so many records, their times, which are told from `first_ms` on, and the headers of those
    that have some, by number; None: they are not all plain."""
