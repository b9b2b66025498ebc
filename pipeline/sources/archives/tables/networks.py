"""Which network rows come from, where the addresses of posts that stand in them tell it."""

from __future__ import annotations

import re
from collections.abc import Sequence

_HOST = r"https?://(?:[\w-]+\.)?"
_OF_POSTS = {
    "instagram": r"instagram\.com/(?:[\w.]+/)?(?:p|tv|reels?)/[\w-]+",
    "tiktok": r"tiktok\.com/@[\w.-]+/(?:video|photo)/\d+",
    "threads": r"threads\.(?:net|com)/(?:@[\w.]+/post|t)/[\w-]+",
    "facebook": r"(?:facebook\.com/(?:.*(?:/posts/|/videos/|/permalink/|permalink\.php|story\.php|[?&]story_fbid=)"
    r"|reel/\d|photo|\d+_\d+|watch/?\?v=)|fb\.watch/\w)",
    "linkedin": r"linkedin\.com/(?:posts|feed/update|pulse)/\S",
    "youtube": r"(?:youtube\.com/(?:watch\?|shorts/|live/)|youtu\.be/)\S",
    "reddit": r"(?:reddit\.com/r/\w+/comments/\w|redd\.it/\w)",
    "pinterest": r"pinterest\.[a-z.]+/pin/\w",
}
_ADDRESSES = {network: re.compile(_HOST + pattern, re.ASCII) for network, pattern in _OF_POSTS.items()}


_CLOSED = re.compile(
    r"https?://(?:[\w-]+\.)*(?:slack\.com/archives/|discord(?:app)?\.com/channels/|teams\.(?:microsoft|live)\.com/l/message"
    r"|chat\.google\.com/|t\.me/c/\d|matrix\.to/#/!)",
    re.ASCII,
)


def is_closed(address: str) -> bool:
    """Whether an address is that of a message which only who is in its chat can read.

    >>> is_closed("https://acme.slack.com/archives/C1/p17"), is_closed("https://t.me/c/123/5")
    (True, True)
    >>> is_closed("https://t.me/news/5"), is_closed("https://slack.com/blog")
    (False, False)
    """
    return _CLOSED.match(address) is not None


def by_addresses(rows: Sequence[Sequence[str]]) -> str | None:
    """The network whose posts some column names by their addresses, in every row; None where none does.

    >>> by_addresses([["7", "https://www.instagram.com/p/C6/"], ["8", "https://www.instagram.com/reel/C7/"]])
    'instagram'
    >>> by_addresses([["https://www.tiktok.com/@ana/video/7"], ["https://youtu.be/x"]]), by_addresses([])
    (None, None)
    """
    for cells in zip(*rows, strict=False):
        for network, address in _ADDRESSES.items():
            if all(map(address.match, cells)):
                return network
    return None
