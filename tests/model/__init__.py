"""A model of the count stage on Kafka: rewind offsets, repeated closes, crashes and zombies, without any Kafka."""
