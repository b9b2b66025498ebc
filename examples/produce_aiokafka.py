"""Push a post with aiokafka: python examples/produce_aiokafka.py HOST:PORT"""

import asyncio
import json
import sys
import time

from aiokafka import AIOKafkaProducer


async def main(brokers: str, topic: str = "posts") -> None:
    post = {"id": "2", "author": "bo", "text": "Here too #CapComNet", "time": int(time.time() * 1_000)}
    async with AIOKafkaProducer(bootstrap_servers=brokers) as producer:
        await producer.send_and_wait(topic, json.dumps(post).encode(), str(post["author"]).encode())


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
