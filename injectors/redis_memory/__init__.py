"""Lets Redis itself refuse what would take more memory: where no control group can be had, and nothing is killed."""

from injectors.redis_memory.injector import RedisMemoryInjector

__all__ = ["RedisMemoryInjector"]
