"""Push a post with upswell itself, and say how far event time has come: python examples/produce_upswell.py HOST:PORT"""

import sys
import time

from upswell import Post, load_settings
from upswell.kafka import PostProducer


def main(brokers: str, prefix: str = "") -> None:
    settings = load_settings(kafka_brokers=brokers, kafka_prefix=prefix)
    with PostProducer(settings) as producer:
        producer.push([Post("3", "cy", "#capcomnet commence", int(time.time() * 1_000))])
        producer.finish()  # a marker: what was pushed may become final


if __name__ == "__main__":
    main(*sys.argv[1:])
