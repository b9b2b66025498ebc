from collections.abc import Callable

def phrases(
    text: str,
    known: set[str],
    read: Callable[[str], tuple[int, str]],
    read_run: Callable[[str], tuple[tuple[int, int, str], ...]],
    /,
) -> list[str] | None:
    """The words and phrases of a text as written, but for those with a key in `known`, to which it adds theirs; None,
    and nothing added, where it is not sure. `read(word)`: kind and key of a word; `read_run(run)`: the words of letters
    without spaces between them, each as its length, kind and key."""
