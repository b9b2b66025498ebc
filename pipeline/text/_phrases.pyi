from collections.abc import Callable

def phrases(text: str, known: set[str], read: Callable[[str], tuple[int, str]], /) -> list[str] | None:
    """The words and phrases of a text as written, but for those with a key in `known`, to which it adds theirs; None,
    and nothing added, where a letter is not Latin."""
