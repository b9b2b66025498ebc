"""The page's server under load: what an answer takes, what readers cost, and that nothing is lost on the way.

python -m bench.serve_load
python -m bench.serve_load --readers 500 --rate 100 --seconds 20 --json
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from bench.common import load_flags
from tests.web.load import Load, run, unloaded

PROMISED_MS = 100.0


def main() -> None:
    told = load_flags(__doc__, "the stream", 500, "requests", 60)
    load = Load(told.readers, told.rate, told.seconds)
    found, alone = run(load), unloaded(load)
    same = found.received == alone.received and not found.dropped
    figures = {name: value for name, value in asdict(found).items() if name != "received"} | {"same_lists": same}
    if told.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:14} {value:,.2f}" if isinstance(value, float) else f"{name:14} {value:,}")
        met = found.server_p99 + found.wait_p99 < PROMISED_MS
        print(
            f"{'met' if met else 'NOT met':14} p99 at the server, the wait before included, below {PROMISED_MS:.0f} ms"
        )
    sys.exit(0 if same and not found.failed else 1)


if __name__ == "__main__":
    main()
