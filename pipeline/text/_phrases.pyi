from collections.abc import Callable

def phrases(
    text: str,
    known: set[str],
    read: Callable[[str], tuple[int, str]],
    parted: Callable[[str], tuple[int, ...]],
    /,
) -> list[str] | None:
    """The words and phrases of a text as written, but for those with a key in `known`; None where it is not sure.
    `read(word)`: kind and key of a word; `parted(run)`: where the words end of letters without spaces between them."""
