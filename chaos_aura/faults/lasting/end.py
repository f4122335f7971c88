"""Ends the helpers of a lease, those to come as well."""

import os
import select
import signal
import time
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.errors import MachineLacks, TargetUnfit
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting import place
from chaos_aura.faults.lasting.find import helpers_of
from chaos_aura.faults.lasting.start import checked, make_folders, reap

_DEAD_WITHIN_S, _LEAST_S = 3.0, 0.5
_KEPT_S = 3600.0  # a controller that is stopped in the middle of a start can hardly be so for longer


def end(ground: Ground, lease_id: str) -> None:
    """Any number of times. TargetUnfit when one does not die."""
    folder = str(make_folders(ground))
    try:
        _bury(folder, checked(lease_id))
    finally:
        _kill(lease_id)  # also when the disk is full
        reap()
    _remove_files(folder, lease_id)
    _forget(ground, time.time() - _KEPT_S)


def _bury(folder: str, lease_id: str) -> None:
    """Before anybody looks: a helper that starts after the look sees it."""
    try:
        Path(place.tombstone(folder, lease_id)).touch(mode=0o600)
    except OSError as cause:
        raise MachineLacks.because(cause) from cause


def _kill(lease_id: str) -> None:
    """Once more after its time: this process may have been stopped meanwhile itself."""
    deadline_s = time.monotonic() + _DEAD_WITHIN_S
    found, is_last = helpers_of(lease_id), False
    while found:
        if is_last:
            raise TargetUnfit(
                f"helper {found[0].pid}", "does not die", f"look what it does: cat /proc/{found[0].pid}/stack"
            )
        is_last = time.monotonic() > deadline_s
        for process in found:
            _kill_one(process, max(deadline_s, time.monotonic() + _LEAST_S))
        found = helpers_of(lease_id)


def _kill_one(process: ProcessId, deadline_s: float) -> None:
    """By its descriptor, so that no other process can be meant."""
    try:
        handle = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    try:
        if process.is_alive():
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(handle, signal.SIGKILL)
            select.select([handle], [], [], max(0.0, deadline_s - time.monotonic()))
    except PermissionError as cause:
        raise TargetUnfit(f"helper {process.pid}", "is another user's", "heal as the user who injected it") from cause
    finally:
        os.close(handle)


def _remove_files(folder: str, lease_id: str) -> None:
    report = place.report(folder, lease_id)
    for path in (report, f"{report}.new", place.log(folder, lease_id)):
        Path(path).unlink(missing_ok=True)


def _forget(ground: Ground, before: float) -> None:
    """Leases that ended long ago, with what a helper that came late may have left."""
    for path in (ground.folder / place.ENDED).iterdir():
        with suppress(FileNotFoundError):  # another one forgets as well
            if path.stat().st_mtime < before:
                _remove_files(str(ground.folder), path.name)
                path.unlink()
