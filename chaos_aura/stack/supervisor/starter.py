"""The process that the launching one waits for, and what the daemon tells it."""

import os
import sys
from contextlib import suppress

READY = "ready"


def wait_until_ready(heard: int) -> int:
    """Its exit code. The daemon writes a word when it listens; a pipe that ends without it means that it died."""
    with os.fdopen(heard, errors="replace") as pipe:
        word = pipe.read()
    if word == READY:
        return 0
    print(word or "supervisor: died before it listened", file=sys.stderr)  # noqa: T201 - its parent reads this
    return 1


class Starter:
    """As the daemon sees it: one word, then it is gone."""

    def __init__(self, told: int) -> None:
        self._told: int | None = told

    def hears(self, word: str) -> bool:
        """Or it is dead: a launch that was interrupted must leave no daemon."""
        if self._told is None:
            return False
        try:
            os.write(self._told, word.encode(errors="backslashreplace"))
        except OSError:
            return False
        finally:
            with suppress(OSError):
                os.close(self._told)
            self._told = None
        return True
