"""Archives of posts in any of the shapes they are kept in, as posts in the order to count them."""

from __future__ import annotations

from pipeline.sources.archives.batches import RAW_BYTES, ArchiveError, Batch, Dead
from pipeline.sources.archives.files import ENDINGS, find_files
from pipeline.sources.archives.order import SORT_MS
from pipeline.sources.archives.read import FORMATS, read_archives

__all__ = [
    "ENDINGS",
    "FORMATS",
    "RAW_BYTES",
    "SORT_MS",
    "ArchiveError",
    "Batch",
    "Dead",
    "find_files",
    "read_archives",
]
