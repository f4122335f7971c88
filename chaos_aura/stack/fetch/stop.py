"""One word that ends all work at once, and the work that listens to it."""

import threading


class Stopped(Exception):
    """Raised in work that was told to stop; never leaves the room."""


class Stop:
    def __init__(self) -> None:
        self._event = threading.Event()

    def call(self) -> None:
        self._event.set()

    def check(self) -> None:
        if self._event.is_set():
            raise Stopped

    def sleep(self, seconds: float) -> None:
        if self._event.wait(seconds):
            raise Stopped
