"""`python -m tests.kafka.impatient ...`: upswell that waits for a broker for two seconds only."""

from __future__ import annotations

import agents.run
from pipeline.cli import main
from tests.patches import patch

if __name__ == "__main__":
    patch(agents.run, "PATIENCE_S", 2.0)
    main()
