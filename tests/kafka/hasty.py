"""`python -m tests.kafka.hasty ...`: upswell for which a source that is away for a second is cut off."""

from __future__ import annotations

from pipeline import source_status
from pipeline.cli import main
from tests.patches import patch

if __name__ == "__main__":
    patch(source_status, "LOST_S", 1.0)
    main()
