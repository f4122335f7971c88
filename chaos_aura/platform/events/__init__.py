"""Events of allocations on Kafka: their bytes, their topics, and their publisher."""
