"""`python -m tests.kafka.eager ...`: upswell that writes its state whenever event time lets it."""

from __future__ import annotations

import agents.alert
import agents.rank
from pipeline.cli import main
from tests.patches import patch

if __name__ == "__main__":
    for module in (agents.rank, agents.alert):
        patch(module, "SNAPSHOT_EVERY_S", 0.0)
    main()
