"""Whether a container is really hurt: what its server can do, what the kernel says. Told by no injector.

One that is away is not hurt.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException

from awaiting import wait_until
from docker_victims import WITHIN_S, Victims
from standing_reaper import helpers_in

from chaos_aura.containers.container import Status

Witness = Callable[[], bool]
_YOUNG_S, _OLD_S, _LATE_S = 0.5, 1.5, 30.0
_TOLERANCE_S = 3.0
_TRIES = 4


def _running(these: Victims) -> bool:
    """Once it answers, where it is about to."""
    if these.engine.find(these.names()[0]) is None:
        return False
    wait_until(these.is_well, WITHIN_S, "it answers again")
    return True


def _of_each(these: Victims, look: Callable[[int], bool]) -> Witness:
    """`look` is given the number of a container. All of them are hurt, or none is."""

    def hurts() -> bool:
        seen = {number: look(number) for number in these.numbers}
        assert len(set(seen.values())) == 1, f"some are hurt, others are not: {seen}"
        return seen[1]

    return hurts


def is_down(these: Victims) -> Witness:
    def look(number: int) -> bool:
        found = these.engine.find(these.names()[number - 1])
        return found is not None and not found.is_running

    return _of_each(these, look)


def is_mute(these: Victims) -> Witness:
    def look(number: int) -> bool:
        found = these.engine.find(these.names()[number - 1])
        if found is None or found.status is not Status.PAUSED:
            return False
        with suppress(OSError, HTTPException):
            return not these.ask("healthz", number, within_s=0.5)
        return True

    return _of_each(these, look)


def has_a_frozen_child(these: Victims) -> Witness:
    return lambda: _running(these) and these.ask("child") == "T"


def is_held_back(these: Victims) -> Witness:
    """Of so much processor time. On a machine that gives it hardly any, nothing has to hold it back."""

    def look(number: int) -> bool:
        return _running(these) and any(these.ask("spin", number, within_s=WITHIN_S, seconds=0.1) for _ in range(_TRIES))

    return _of_each(these, look)


def has_little_memory(these: Victims, limit_mb: int) -> Witness:
    def hurts() -> bool:
        if not _running(these):
            return False
        limit = these.ask("memory")
        return limit != "max" and int(limit) <= limit_mb << 20

    return hurts


def can_start_no_thread(these: Victims) -> Witness:
    return lambda: _running(these) and these.ask("threads", count=40) < 40


def can_open_no_file(these: Victims) -> Witness:
    return lambda: _running(these) and these.ask("files", count=100) == "EMFILE"


def can_write_no_more(these: Victims, path: str, error: str) -> Witness:
    return lambda: _running(these) and these.ask("write", path=path, kb=2048) == error


def is_in_another_time(these: Victims) -> Witness:
    return lambda: _running(these) and abs(these.ask("healthz")["now"] - time.time()) > _TOLERANCE_S


def comes_to_no_age(these: Victims) -> Witness:
    """Whoever is young, or not there at all, has to be seen later once more. An engine that is busy keeps its killer
    from the next kill, which may still be seen: without a killer none is to come."""

    def hurts() -> bool:
        began_s = time.monotonic()
        while time.monotonic() < began_s + 2 * _OLD_S or _may_be_late(these, began_s):
            found = these.engine.find(these.names()[0])
            if found is None:
                return False
            process = found.process if found.is_running else None
            if process is None or process.uptime_s() < _YOUNG_S:
                if time.monotonic() > began_s + 2 * _OLD_S:
                    return True
            elif process.uptime_s() > _OLD_S and not _may_be_late(these, began_s):
                return False
            time.sleep(0.05)
        return True

    return hurts


def _may_be_late(these: Victims, began_s: float) -> bool:
    return time.monotonic() < began_s + _LATE_S and bool(helpers_in(these.home))
