"""What the platform remembers: decisions in Neo4j, context windows in Redis."""
