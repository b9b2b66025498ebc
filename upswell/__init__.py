"""upswell as a library: posts, what they speak of, archives, and the whole pipeline in this process.

>>> from upswell import Local, decode_post
>>> local = Local()
>>> local.feed([decode_post(b'{"id": "1", "author": "ana", "text": "A #beginning", "time": 1650211200000}')])
>>> local.finish()
>>> local.stats.counted
1

What reads and writes Kafka is in `upswell.kafka`. These names stay as they are between minor versions; modules below
`pipeline`, `agents` and `schemas` may change.
"""

from pipeline.local import Local, Options, Stats
from pipeline.settings import Settings, SettingsError, load_settings
from pipeline.sources.archives.batches import ArchiveError
from pipeline.sources.archives.read import read_archives
from pipeline.text import extract, topic_key, topics_of
from schemas import Post, PostError, Trend, TrendList, decode_post
from schemas.alerts import Alert
from schemas.events import Event
from schemas.watchlists import Watchlist

__all__ = [
    "Alert",
    "ArchiveError",
    "Event",
    "Local",
    "Options",
    "Post",
    "PostError",
    "Settings",
    "SettingsError",
    "Stats",
    "Trend",
    "TrendList",
    "Watchlist",
    "decode_post",
    "extract",
    "load_settings",
    "read_archives",
    "topic_key",
    "topics_of",
]
