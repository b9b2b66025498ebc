"""upswell on Kafka, for programs of one's own: push posts, follow lists and alerts."""

from pipeline.kafka.connection import KafkaUseError
from pipeline.kafka.producer import DeliveryError, PostProducer
from pipeline.kafka.results import follow_alerts, follow_trends
from pipeline.kafka.topics import init_topics

__all__ = ["DeliveryError", "KafkaUseError", "PostProducer", "follow_alerts", "follow_trends", "init_topics"]
