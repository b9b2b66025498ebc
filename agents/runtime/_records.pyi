from typing_extensions import Buffer

def run(records: Buffer, count: int, first_ms: int, /) -> tuple[list[bytes | None], list[bytes], list[int]] | None:
    """The keys and values of so many records, and their times, which are told from `first_ms` on; None: they are not
    all plain."""
