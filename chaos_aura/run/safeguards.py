"""Conditions that are looked at all the time while a run goes on: where one no longer holds, the run ends."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chaos_aura.core.outcome import RunOutcome
from chaos_aura.run.faults import stories
from chaos_aura.run.machine import free_disk_mb, free_memory_mb
from chaos_aura.run.run import Run

_LOOK_EVERY_S = 0.5
_ENDS_WITHIN_S = 5.0  # a probe of somebody's may hang
_STALE_S = 10.0
_UNWELL_TIMES = 3  # in a row: one sample may meet a service in the middle of something

Safeguard = Callable[[], str]  # why it no longer holds, empty while it does


class Safeguards:
    """`others` are the experiment's own. What raises no longer holds: nobody knows."""

    def __init__(self, run: Run, others: Sequence[Safeguard] = ()) -> None:
        self._run = run
        self._all: list[tuple[RunOutcome, Safeguard]] = [(RunOutcome.INTERRUPTED, self._room)]
        self._all += [(RunOutcome.INTERRUPTED, each) for each in others]
        if run.options.bystanders:
            self._all.append((RunOutcome.INTERRUPTED, self._watched))
            self._all.append((RunOutcome.FAILED, self._bystanders))
        self._over = threading.Event()
        self._from_ns = 0
        self._threads = [
            threading.Thread(target=self._look, args=each, name="safeguard", daemon=True) for each in self._all
        ]

    def start(self) -> None:
        self._from_ns = time.monotonic_ns()
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._over.set()
        until_s = time.monotonic() + _ENDS_WITHIN_S
        for thread in self._threads:
            if thread.is_alive():
                thread.join(max(0.0, until_s - time.monotonic()))

    def _look(self, outcome: RunOutcome, safeguard: Safeguard) -> None:
        """Each in a thread of its own: one that hangs does not keep the others from looking. Of a run that is being
        stopped or concluded nothing is expected any more.
        """
        while not self._over.wait(_LOOK_EVERY_S):
            why = _broken(safeguard)
            if self._over.is_set() or self._run.is_stopping or self._run.is_ending:
                return
            if why:
                is_hurt = any(story.in_force_ns for story in stories(self._run.folder.timeline))
                early = RunOutcome.BASELINE_NOT_MET if outcome is RunOutcome.FAILED and not is_hurt else outcome
                self._run.stop(early, f"safeguard: {why}")
                return

    def _room(self) -> str:
        options = self._run.options
        disk_mb, memory_mb = free_disk_mb(self._run.folder.path), free_memory_mb()
        if disk_mb < options.least_disk_mb:
            return f"only {disk_mb:.0f} MB are free on the disk, below least_disk_mb = {options.least_disk_mb:g}"
        if memory_mb < options.least_memory_mb:
            return (
                f"only {memory_mb:.0f} MB of memory are free, less than least_memory_mb = {options.least_memory_mb:g}"
            )
        return ""

    def _watched(self) -> str:
        """Of bystanders that nobody looks at nobody knows."""
        rows = self._seen()
        last_ns = int(rows[-1]["at"]) if rows else self._from_ns
        unseen_s = (time.monotonic_ns() - last_ns) / 1e9
        return f"nobody has looked at the bystanders for {unseen_s:.0f} s" if unseen_s > _STALE_S else ""

    def _bystanders(self) -> str:
        samples = self._seen()
        for name in self._run.options.bystanders:
            last = [row.get("healthy") for row in samples if row["service"] == name][-_UNWELL_TIMES:]
            if len(last) == _UNWELL_TIMES and not any(last):
                return f"{name} is unwell, and no fault was meant for it"
        return ""

    def _seen(self) -> Sequence[Mapping[str, Any]]:
        from chaos_aura.run.samples import Samples  # noqa: PLC0415 - for who has somebody to watch

        return Samples.read(self._run.folder.samples).of("health")


def _broken(safeguard: Safeguard) -> str:
    try:
        return safeguard()
    except Exception as cause:  # noqa: BLE001 - the border: what cannot be looked at is not safe
        return f"it could not be looked at ({type(cause).__name__}: {cause})"
