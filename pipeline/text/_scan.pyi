def tags(text: str, cashtags: bool, to_space: bool, /) -> list[str] | None:
    """The tags of a text as written, in order; None where the common pattern does not account for every sign."""

def words(text: str, /) -> str | None:
    """The key of a text's words; None where it has characters that Windows' Latin encoding lacks."""
