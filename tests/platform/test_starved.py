"""A machine whose processors others take: fewer are served, but they are served, and nothing is lost."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from awaiting import wait_until
from tenants import Load

pytestmark = pytest.mark.alone

_OTHERS = 3 * (os.cpu_count() or 2)


@contextmanager
def busy_processors() -> Iterator[None]:
    """Each in a session of its own: the kernel shares processors between sessions first."""
    command = [sys.executable, "-S", "-c", "while True: pass"]
    others = [subprocess.Popen(command, start_new_session=True) for _ in range(_OTHERS)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def sent_away(load: Load) -> int:
    return sum("503" in held.answers for held in list(load.tenants.all))


@pytest.mark.timeout(600)
def test_starved_and_asked_for_more_than_it_can_it_goes_on_granting(
    load: Callable[..., Load], all_is_right: Callable[[Load], None]
) -> None:
    with load(rate=8.0, patience_s=200) as tenants:
        tenants.wait_for_grants(5)
        with busy_processors():
            wait_until(lambda: sent_away(tenants) > 0, 90, "one that is sent away: it is too much")
            tenants.wait_for_grants(5, within_s=90)
        tenants.wait_for_grants(5, within_s=90)
    all_is_right(tenants)
