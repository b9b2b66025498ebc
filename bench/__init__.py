"""What is measured about upswell, run from a checkout as `python -m bench.NAME`; no part of the installed package."""
