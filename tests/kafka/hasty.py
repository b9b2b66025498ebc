"""`python -m tests.kafka.hasty ...`: upswell for which a source that is away for a second is cut off."""

from __future__ import annotations

from pipeline import link
from pipeline.cli import main

if __name__ == "__main__":
    link.LOST_S = 1.0
    main()
