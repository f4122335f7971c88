"""Cached context windows in Redis, damaged or removed."""

from injectors.redis_store.injector import RedisInjector

__all__ = ["RedisInjector"]
