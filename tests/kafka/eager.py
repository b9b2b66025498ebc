"""`python -m tests.kafka.eager ...`: upswell that writes its state whenever event time lets it."""

from __future__ import annotations

import agents.alert
import agents.merge
import agents.rank
from pipeline.cli import main

if __name__ == "__main__":
    agents.rank.SNAPSHOT_EVERY_S = agents.merge.SNAPSHOT_EVERY_S = agents.alert.SNAPSHOT_EVERY_S = 0.0
    main()
