"""CPU seconds of the workers per million posts, on a backlog in real Apache Kafka (lz4): count, rank and all between.

    python bench/kafka_speed.py --posts 1000000 --workers 1
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from pipeline.cli.bench import write_posts
from pipeline.kafka.producer import PostProducer
from pipeline.kafka.topics import init_topics
from pipeline.settings import load_settings
from schemas import decode_post
from tests.kafka.apache import Apache
from tests.kafka.reference import found_lists, read

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int) -> float:
    """User and system time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--posts", type=int, default=1_000_000)
    arguments.add_argument("--topics", type=int, default=20_000)
    arguments.add_argument("--workers", type=int, default=1)
    given = arguments.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="upswell-bench-"))
    file = folder / "posts.ndjson"
    write_posts(str(file), given.posts, given.topics, 1_000, 1)
    broker = Apache(folder / "kafka").start()
    try:
        settings = load_settings(kafka_brokers=broker.address)
        init_topics(settings)
        with PostProducer(settings) as producer, file.open("rb") as lines:
            for line in lines:
                producer.push_record(line.rstrip(b"\n"), decode_post(line))
            end = producer.finish()
        print(f"{given.posts:,} posts pushed", flush=True)
        command = [sys.executable, "-m", "pipeline.cli", "worker", "--brokers", broker.address]
        broker_before, began = cpu_s(broker.pid), time.monotonic()
        workers = [subprocess.Popen(command, cwd=folder, stderr=subprocess.DEVNULL) for _ in range(given.workers)]
        start, lists = 0.0, 0
        while True:
            time.sleep(1.0)
            found = found_lists(read(broker.address, "trends"))
            lists = sum(map(len, found.lists.values()))
            if "all/24h" in found.lists:  # made at the full hour at which the last marker lies
                break
            start = start or time.monotonic()
        wall = time.monotonic() - began
        spent = [cpu_s(one.pid) for one in workers]
        broker_s = cpu_s(broker.pid) - broker_before
        million = 1e6 / given.posts
        print(
            f"{given.workers} workers, their start included: {sum(spent) * million:.2f} CPU s per million posts"
            f" ({', '.join(f'{s:.1f}' for s in spent)}); {wall:.1f} s, {given.posts / wall:,.0f} posts/s;"
            f" broker {broker_s * million:.1f}; {lists} lists, to {end}"
        )
        for one in workers:
            one.terminate()
            one.wait(15)
    finally:
        broker.kill9()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
