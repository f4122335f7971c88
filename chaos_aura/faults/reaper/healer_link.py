"""The reaper's side of its healer: started ahead, told whom to heal, replaced when it hangs or dies."""

import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from chaos_aura.core.lease import Lease

_HUNG_AFTER_S = 30.0
_START_AGAIN_AFTER_S = 1.0
_ENDS_WITHIN_S = 1.0
_CHUNK_BYTES = 65536


class HealerLink:
    """`under_way`: leases that it has been told and has not answered yet, each with when (monotonic)."""

    def __init__(self, home: Path, selector: selectors.BaseSelector, heard: Callable[[dict[str, Any]], None]) -> None:
        self._home = home
        self._selector = selector
        self._heard = heard
        self._process: subprocess.Popen[bytes] | None = None
        self._dying: list[subprocess.Popen[bytes]] = []
        self._rest = b""
        self._started_s = 0.0
        self._has_hung = False
        self._batch = 0
        self._batches: dict[str, int] = {}
        self.is_ready = False
        self.under_way: dict[str, float] = {}

    def start(self) -> None:
        self._started_s = time.monotonic()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "chaos_aura.faults.healer", str(self._home)],
                cwd="/",
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                preexec_fn=_hears_signals,  # noqa: PLW1509 - this process has one thread
            )
        except (OSError, subprocess.SubprocessError):
            return  # no memory, no process: it is tried again
        assert self._process.stdout
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector.register(self._process.stdout, selectors.EVENT_READ, self._receive)

    def heal(self, leases: Sequence[Lease]) -> None:
        """Together, so that they end in order; but after one has hung each by itself, so that it hangs alone."""
        now_s = time.monotonic()
        self.under_way |= {lease.id: now_s for lease in leases}
        ids = [lease.id for lease in leases]
        for batch in [[each] for each in ids] if self._has_hung else [ids]:
            if self._process is None:  # it has died meanwhile; the next one is told
                break
            self._batch += 1
            self._batches |= dict.fromkeys(batch, self._batch)
            self._send({"heal": batch})

    def replace_if_hung(self) -> None:
        now_s = time.monotonic()
        self._dying = [each for each in self._dying if each.poll() is None]
        if any(now_s - since_s > _HUNG_AFTER_S for since_s in self.under_way.values()):
            self._has_hung = True
            self._lost("hung")
        elif self._process and not self.is_ready and now_s - self._started_s > _HUNG_AFTER_S:
            self._lost("did not get ready")
        if self._process is None and now_s - self._started_s > _START_AGAIN_AFTER_S:
            self.start()

    def end(self) -> None:
        if self._process:
            assert self._process.stdin
            assert self._process.stdout
            self._process.stdin.close()
            try:
                self._process.wait(_ENDS_WITHIN_S)
            except subprocess.TimeoutExpired:
                self._kill(self._process)
            self._process.stdout.close()

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process
        assert self._process.stdin
        try:
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            self._lost("died")

    def _receive(self) -> None:
        assert self._process
        assert self._process.stdout
        content = os.read(self._process.stdout.fileno(), _CHUNK_BYTES)
        if not content:
            self._lost("died")
            return
        *lines, self._rest = (self._rest + content).split(b"\n")
        for line in lines:
            with suppress(ValueError):
                self._take(json.loads(line))

    def _take(self, message: dict[str, Any]) -> None:
        self.is_ready = True
        if "id" in message:
            self.under_way.pop(message["id"], None)
            batch = self._batches.pop(message["id"], 0)
            for lease_id in self.under_way:
                if self._batches[lease_id] == batch:  # its turn begins only now
                    self.under_way[lease_id] = time.monotonic()
        self._heard(message)

    def _kill(self, process: "subprocess.Popen[bytes]") -> None:
        """One that the kernel holds back dies later: nobody waits for it."""
        process.kill()
        try:
            process.wait(_ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._dying.append(process)

    def _lost(self, why: str) -> None:
        """Another one is started; what this one had been told is told again."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdout
        assert process.stdin
        self._selector.unregister(process.stdout)
        self._kill(process)
        process.stdout.close()
        with suppress(OSError):  # what it has not read is lost
            process.stdin.close()
        with_less = list(self.under_way)
        self.under_way.clear()
        self._batches.clear()
        self.is_ready, self._rest = False, b""
        for lease_id in with_less:
            self._heard({"id": lease_id, "ending": "stuck", "why": f"the healer {why}"})


def _hears_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
