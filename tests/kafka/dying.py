"""`python -m tests.kafka.dying ...`: upswell whose process ends at once, as by a segmentation fault, when it counts a
post whose text is DEADLY."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence

import agents.count
from pipeline.cli import main
from schemas import Post, PostError, decode_posts
from tests.patches import patch

DEADLY = "what no worker survives"


def decode(records: Sequence[bytes]) -> list[Post | PostError]:
    posts = decode_posts(records)
    if any(isinstance(post, Post) and post.text == DEADLY for post in posts):
        os.kill(os.getpid(), signal.SIGKILL)
    return posts


if __name__ == "__main__":
    patch(agents.count, "decode_posts", decode)
    main()
