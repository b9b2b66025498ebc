"""What travels between the parts of upswell: one typed message per Kafka topic."""

from schemas.posts import (
    MARKER_HEADER,
    MAX_RECORD_BYTES,
    MAX_TIME_MS,
    Post,
    PostError,
    decode_all_posts,
    decode_post,
    decode_posts,
    parse_time,
)
from schemas.trends import (
    WINDOWS,
    Peak,
    State,
    Trend,
    TrendList,
    Window,
)

__all__ = [
    "MARKER_HEADER",
    "MAX_RECORD_BYTES",
    "MAX_TIME_MS",
    "WINDOWS",
    "Peak",
    "Post",
    "PostError",
    "State",
    "Trend",
    "TrendList",
    "Window",
    "decode_all_posts",
    "decode_post",
    "decode_posts",
    "parse_time",
]
