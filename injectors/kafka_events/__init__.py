"""Bad events among the good ones."""

from injectors.kafka_events.injector import KafkaInjector

__all__ = ["KafkaInjector"]
