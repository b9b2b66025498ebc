"""Archives of posts in any of the shapes they are kept in, as posts in the order to count them."""

from __future__ import annotations

from pipeline.sources.archives.batches import RAW_BYTES, ArchiveError, Batch, Dead
from pipeline.sources.archives.files import ENDINGS, find_files, left_out
from pipeline.sources.archives.formats.base import Given
from pipeline.sources.archives.letters import encoding_named
from pipeline.sources.archives.opened import Explained, explained
from pipeline.sources.archives.order import SORT_MS
from pipeline.sources.archives.read import FORMATS, read_archives
from pipeline.sources.archives.times import NUMBERS, Clock, zone_named

__all__ = [
    "ENDINGS",
    "FORMATS",
    "NUMBERS",
    "RAW_BYTES",
    "SORT_MS",
    "ArchiveError",
    "Batch",
    "Clock",
    "Dead",
    "Explained",
    "Given",
    "encoding_named",
    "explained",
    "find_files",
    "left_out",
    "read_archives",
    "zone_named",
]
