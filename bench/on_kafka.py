"""`upswell bench kafka` on an Apache Kafka of its own, started for it and ended with it; takes the same flags.

    python bench/on_kafka.py --workers 1,2
    python bench/on_kafka.py --rate 20000 --live 120
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.cli import run
from tests.kafka.apache import Apache

if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp(prefix="upswell-bench-"))
    broker = Apache(folder / "kafka").start()
    try:
        told = ["--brokers", broker.address, "--broker-pid", str(broker.pid)]
        sys.exit(run(["bench", "kafka", *told, *sys.argv[1:]]))
    finally:
        broker.kill9()
        shutil.rmtree(folder, ignore_errors=True)
