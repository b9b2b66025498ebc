"""The posts that the benches measure with: made ones, and real ones stamped anew."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import msgspec

START_MS = 1_650_211_200_000  # 2022-04-17T16:00:00Z
PEOPLE = 200_000
ARCHIVE_LINES = 200_000
_POSTS_AT_ONCE = 50_000
_WORDS = (
    "the of and to in is on that it was for with as at this news today people never always market goal train rain "
    "window coffee café naïve über river street light music final score breaking live report city night summer winter "
    "vote game team album film quick slow"
)


def newest_ms(posts: int, rate: int) -> int:
    """A time that none of so many made posts is behind."""
    return START_MS + posts * 1_000 // rate


def write_posts(path: str, posts: int, topics: int, rate: int, seed: int) -> None:
    """Writes canonical posts in order of arrival, three in ten of them up to 2 s late.

    Two in five have 1 to 3 hashtags, chosen by Zipf's law (exponent 1); a fifth of these are written with a capital.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    vocabulary = _WORDS.split()
    words = [vocabulary[at] for at in rng.integers(0, len(vocabulary), 1_000_000)]
    stock = " ".join(words)
    begins = np.cumsum([0, *(len(word) + 1 for word in words[:-100])])
    share = np.cumsum(1 / np.arange(1, topics + 1))
    share /= share[-1]
    with open(path, "wb", 1 << 20) as file:
        for first in range(0, posts, _POSTS_AT_ONCE):
            size = min(_POSTS_AT_ONCE, posts - first)
            order = np.arange(first, first + size)
            late_ms = np.where(rng.random(size) < 0.3, rng.integers(0, 2_001, size), 0)
            times = np.maximum(START_MS + order * 1_000 // rate - late_ms, START_MS).tolist()
            authors = rng.integers(0, PEOPLE, size).tolist()
            tag_counts = np.where(rng.random(size) < 0.4, rng.choice([1, 2, 3], size, p=[0.6, 0.3, 0.1]), 0)
            chosen = np.minimum(np.searchsorted(share, rng.random(int(tag_counts.sum()))), topics - 1).tolist()
            capital = (rng.random(len(chosen)) < 0.2).tolist()
            tags = [f" #{'T' if big else 't'}opic{at}" for at, big in zip(chosen, capital, strict=True)]
            ends = np.cumsum(tag_counts)
            lengths = rng.integers(100, 141, size).tolist()
            offsets = begins[rng.integers(0, len(begins), size)].tolist()
            rows = zip(
                order.tolist(),
                times,
                authors,
                lengths,
                offsets,
                (ends - tag_counts).tolist(),
                ends.tolist(),
                strict=True,
            )
            for number, time_ms, author, length, offset, low, high in rows:
                tail = "".join(tags[low:high])
                text = stock[offset : offset + length - len(tail)] + tail
                file.write(
                    f'{{"id": "https://twitter.com/user_{author:06}/status/{10**18 + number}", '
                    f'"author": "user_{author:06}", "text": "{text}", "time": {time_ms}, '
                    '"lang": "en", "source": "twitter"}\n'.encode()
                )


def write_tweets(path: str, rate: int, files: Sequence[str]) -> None:
    """Writes the posts of the files again and again, with ids and times of their own, until there are enough.

    Ends the process with a sentence when the files hold no post of Twitter's v1.1 API.
    """
    made: list[list[bytes]] = []
    for line in _lines(files):
        made += _gaps(line)
        if len(made) == ARCHIVE_LINES:
            break
    if not made:
        raise SystemExit("the archive holds no posts of Twitter's v1.1 API; name files of such posts, one a line")
    with open(path, "wb", 1 << 20) as file:
        for number in range(ARCHIVE_LINES):
            clock = time.gmtime(START_MS // 1_000 + number // rate)
            stamp = time.strftime("%a %b %d %H:%M:%S +0000 %Y", clock).encode()
            fresh = b"%d" % (10**18 + number)
            before, between, between_ids, after = made[number % len(made)]
            file.write(before + stamp + between + fresh + between_ids + fresh + after + b"\n")


def _gaps(line: bytes) -> Iterator[list[bytes]]:
    """What stands around the time, the id and the id as a text; nothing for a line that is no such post."""
    try:
        tweet = msgspec.json.decode(line)
    except (ValueError, RecursionError):
        return
    if isinstance(tweet, dict) and {"created_at", "id", "id_str", "user"} <= tweet.keys():
        rest = {name: value for name, value in tweet.items() if name not in ("created_at", "id", "id_str")}
        yield [b'{"created_at":"', b'","id":', b',"id_str":"', b'",' + msgspec.json.encode(rest)[1:]]


def _lines(files: Sequence[str]) -> Iterator[bytes]:
    from pipeline.sources.archives.lines import Lines, blocks
    from pipeline.sources.archives.streams import Progress, chunks
    from schemas.posts import MAX_RECORD_BYTES

    for name in files:
        with open(name, "rb") as raw:
            for block in blocks(chunks(raw, Progress(), name), MAX_RECORD_BYTES):
                if isinstance(block, Lines):
                    yield from block.rows
