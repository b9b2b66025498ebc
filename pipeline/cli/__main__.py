"""`python -m pipeline.cli`: the same as `upswell`."""

from pipeline.cli import main

main()
