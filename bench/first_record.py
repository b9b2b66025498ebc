"""`python -m bench.first_record FILE worker ...`: upswell that makes a file when its first post comes."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.count import CountedPartition
from pipeline.cli import main
from tests.patches import patch


def note_first(file: Path) -> None:
    """Has the file made before the first records are counted."""
    take = CountedPartition.take

    def noted(partition: CountedPartition, records: Sequence[Any]) -> Any:
        file.touch()
        patch(CountedPartition, "take", take)
        return take(partition, records)

    patch(CountedPartition, "take", noted)


if __name__ == "__main__":
    note_first(Path(sys.argv.pop(1)))
    main()
