"""Push a post with confluent-kafka: python examples/produce_confluent.py HOST:PORT"""

import json
import sys
import time

from confluent_kafka import Producer


def main(brokers: str, topic: str = "posts") -> None:
    # the partition of an author is that of every Java client; librdkafka has to be told
    producer = Producer({"bootstrap.servers": brokers, "partitioner": "murmur2_random"})
    post = {"id": "1", "author": "ana", "text": "On commence ! #capcomnet", "time": int(time.time() * 1_000)}
    producer.produce(topic, json.dumps(post).encode(), str(post["author"]).encode())
    producer.flush(30)


if __name__ == "__main__":
    main(*sys.argv[1:])
