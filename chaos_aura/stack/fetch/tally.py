"""What the threads that fetch one product's jars have done together, told as one item."""

import threading
from collections.abc import Collection

from chaos_aura.stack.manifest import Jar
from chaos_aura.stack.progress import Progress


class Tally:
    def __init__(self, product: str, jars: Collection[Jar], progress: Progress) -> None:
        self._product = product
        self._jars = len(jars)
        self._progress = progress
        self._lock = threading.Lock()
        self._bytes_of: dict[str, int] = {}
        self._bytes = 0
        self._done = 0
        progress.begin(product, f"fetching {_jars(self._jars)}", sum(jar.size for jar in jars))

    def reached(self, jar: Jar, done_bytes: int) -> None:
        with self._lock:
            self._bytes += done_bytes - self._bytes_of.get(jar.name, 0)
            self._bytes_of[jar.name] = done_bytes
            self._progress.advance(self._product, self._bytes)

    def finished(self, jar: Jar) -> None:
        self.reached(jar, jar.size)
        with self._lock:
            self._done += 1
            if self._done == self._jars:
                self._progress.end(self._product, f"fetched {_jars(self._jars)}")


def _jars(number: int) -> str:
    return f"{number} jar{'s' if number != 1 else ''}"
