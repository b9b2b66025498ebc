"""Print the lists on Kafka, one line each, until there are no more: python examples/read_lists.py HOST:PORT"""

import asyncio
import sys

from upswell import load_settings
from upswell.kafka import follow_trends


async def main(brokers: str, prefix: str = "") -> None:
    settings = load_settings(kafka_brokers=brokers, kafka_prefix=prefix)
    async for trends in follow_trends(settings, once=True):  # without `once` it waits for the next list
        print(trends.scope, trends.window, trends.at, *(row.topic for row in trends.trends))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
