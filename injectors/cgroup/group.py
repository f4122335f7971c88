"""One control group of ours: made, filled, emptied, removed. Everything here is writing and reading its files."""

import itertools
import os
import re
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from chaos_aura.core.process import ProcessId
from injectors.cgroup.controls import Control

_TRIAL = re.compile(r"chaos-aura-trial-(\d+)-(\d+)(-\d+)?")
_NUMBERS = itertools.count()
_REMOVED_WITHIN_S = 2.0
_TRY_EVERY_S = 0.005


@dataclass(frozen=True, slots=True)
class Group:
    folder: Path

    def make(self, controls: Sequence[Control]) -> None:
        """OSError when it is not allowed, or when the kernel keeps another value than was written."""
        self.folder.mkdir(exist_ok=True)
        for control in controls:
            if control.must_be_there or (self.folder / control.file).exists():
                self._write(control)
        if wrong := self.unlike(controls):
            raise OSError(f"{wrong} was not kept")

    def unlike(self, controls: Iterable[Control]) -> str:
        """What of it reads otherwise; empty when all is as it should be."""
        for control in controls:
            file = self.folder / control.file
            if not file.exists() and not control.must_be_there:
                continue
            if (found := file.read_text(encoding="ascii").strip()) != control.value:
                return f"{control.file} is {found}, not {control.value}"
        return ""

    def pids(self) -> list[int]:
        return [int(line) for line in (self.folder / "cgroup.procs").read_text(encoding="ascii").split()]

    def take_in(self, processes: Iterable[ProcessId]) -> None:
        for process in processes:
            with suppress(ProcessLookupError):
                if process.is_alive():
                    _put(process.pid, self.folder)

    def remove(self, former: Path) -> None:
        """Everything in it goes back first. The kernel calls it busy until what died in it has gone altogether."""
        deadline_s = time.monotonic() + _REMOVED_WITHIN_S
        while self.folder.exists():
            try:
                self._empty_into(former)
                self.folder.rmdir()
            except FileNotFoundError:
                if not former.exists():
                    raise
            except OSError:
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(_TRY_EVERY_S)

    def _write(self, control: Control) -> None:
        try:
            (self.folder / control.file).write_text(control.value, encoding="ascii")
        except OSError as cause:
            why = f"{control.file} does not take {control.value} ({os.strerror(cause.errno or 0)})"
            raise OSError(cause.errno, why) from cause

    def _empty_into(self, former: Path) -> None:
        for pid in self.pids():
            with suppress(ProcessLookupError):
                _put(pid, former)


def try_controls(parent: Path, controls: Sequence[Control], me: ProcessId) -> None:
    """OSError when no group with these limits may be made there. Nothing stays. Threads may try at once."""
    for left in parent.glob("chaos-aura-trial-*"):
        maker = _TRIAL.fullmatch(left.name)
        if maker and not ProcessId(int(maker[1]), int(maker[2])).is_alive():
            with suppress(OSError):
                left.rmdir()
    group = Group(parent / f"chaos-aura-trial-{me.pid}-{me.start_ticks}-{next(_NUMBERS)}")
    try:
        group.make(controls)
    finally:
        with suppress(FileNotFoundError):
            group.folder.rmdir()


def _put(pid: int, folder: Path) -> None:
    (folder / "cgroup.procs").write_text(str(pid), encoding="ascii")
