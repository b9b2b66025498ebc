"""`python -m tests.kafka.tuned NAME=VALUE ...`: upswell with a worker that is tuned otherwise (agents/context.py)."""

from __future__ import annotations

import sys
from functools import partial

import agents.run
from agents.context import Tuning
from pipeline.cli import main
from tests.patches import patch

EAGER = ("tests.kafka.tuned", "state_every_s=0")  # its state is written whenever event time lets it


def tune(**how: float) -> None:
    """Workers of this process run with this tuning. Raises TypeError for what cannot be tuned."""
    tuning = Tuning(**how)  # type: ignore[arg-type]  # a number of records is a whole one
    patch(agents.run, "run", partial(agents.run.run, tuning=tuning))


if __name__ == "__main__":
    told: dict[str, float] = {}
    while "=" in sys.argv[1]:
        name, _, value = sys.argv.pop(1).partition("=")
        told[name] = float(value)
    tune(**told)
    main()
