"""The one module that imports redis-py: many small questions in one round trip, none of which waits for long."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

__all__ = ["Client", "RedisError", "connected"]

_ANSWERS_WITHIN_S = 2.0
_WORKS_WITHIN_S = 3.0
_AT_ONCE = 500
_PAGE = 1000


class TooLong(RedisError):
    pass


class Client:
    """Raises RedisError when Redis is away, silent, or slower than a fault may take."""

    def __init__(self, raw: Any) -> None:
        self._redis = raw
        self._until_s = time.monotonic() + _WORKS_WITHIN_S

    def keys(self, pattern: str) -> list[str]:
        found: set[bytes] = set()
        for key in self._redis.scan_iter(match=pattern, count=_PAGE):
            self._refuse_to_last()
            found.add(key)
        return sorted(key.decode("utf-8", errors="surrogateescape") for key in found)

    def each(self, script: str, calls: Sequence[tuple[Sequence[str], Sequence[Any]]]) -> list[Any]:
        """The script once for each (keys, arguments)."""
        registered = self._redis.register_script(script)
        told = self._piped([lambda pipe, call=call: registered(_bytes(call[0]), call[1], pipe) for call in calls])
        for failure in told:
            if isinstance(failure, ResponseError):
                raise failure
        return told

    def last_scores(self, keys: Sequence[str]) -> list[float | None]:
        """Of the highest member of each sorted set, None where there is none."""
        tell = [lambda pipe, key=key: pipe.zrange(key, -1, -1, withscores=True) for key in _bytes(keys)]
        return [found[0][1] if isinstance(found, list) and found else None for found in self._piped(tell)]

    def scores(self, members: Sequence[tuple[str, bytes]]) -> list[float | None]:
        keys = _bytes([key for key, _ in members])
        tell = [lambda pipe, at=at: pipe.zscore(keys[at], members[at][1]) for at in range(len(members))]
        return [None if isinstance(found, ResponseError) else found for found in self._piped(tell)]

    def _piped(self, calls: Sequence[Any]) -> list[Any]:
        """What one of them meets (a key of another type) is its answer, and no failure of the others."""
        told: list[Any] = []
        for at in range(0, len(calls), _AT_ONCE):
            self._refuse_to_last()
            pipe = self._redis.pipeline(transaction=False)
            for call in calls[at : at + _AT_ONCE]:
                call(pipe)
            told += pipe.execute(raise_on_error=False)
        return told

    def _refuse_to_last(self) -> None:
        if time.monotonic() > self._until_s:
            raise TooLong(f"not done within {_WORKS_WITHIN_S:g} s")


@contextmanager
def connected(uri: str) -> Iterator[Client]:
    raw = redis.Redis.from_url(
        uri,
        socket_timeout=_ANSWERS_WITHIN_S,
        socket_connect_timeout=_ANSWERS_WITHIN_S,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
    )
    try:
        yield Client(raw)
    finally:
        raw.close()


def _bytes(keys: Sequence[str]) -> list[bytes]:
    return [key.encode("utf-8", errors="surrogateescape") for key in keys]
