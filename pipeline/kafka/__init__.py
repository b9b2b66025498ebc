"""The edge to Kafka: connections, topics, the producer of posts, the reader of results, the embedded broker."""
