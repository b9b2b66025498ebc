"""upswell on Kafka: the Faust app, its record-batch transport, a file an agent."""
