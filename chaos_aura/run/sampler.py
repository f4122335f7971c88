"""The process that watches the stack during a run, at the end of two pipes. It is named, not imported, like a probe."""

import os
import selectors
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from chaos_aura.core.errors import MachineLacks
from chaos_aura.run.folder import RunFolder

_MODULE = "probes.sampler"
_STOPS_WITHIN_S = 5.0
_RECEIVE_BYTES = 4096


class Sampler:
    """Ends by itself when whoever started it does."""

    def __init__(self, folder: RunFolder, home: Path) -> None:
        self._log = folder.log("sampler")
        self._rest = b""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, str(folder.path), str(home)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,  # a terminal's Ctrl-C is meant for the run
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.poll() is None

    def await_ready(self, within_s: float) -> None:
        """Until each kind of sample has been taken once."""
        self._answer("ready", within_s)

    def dump_stores(self, within_s: float) -> str:
        """Writes what each store holds of the run. Why it could not, empty when it could."""
        try:
            self._say("stores")
            answer = self._line(within_s)
        except OSError:
            return "the sampler has ended"
        except MachineLacks as cause:
            return str(cause)
        return answer.partition("failed: ")[2] if answer.startswith("stores failed") else ""

    def stop(self) -> None:
        with suppress(OSError):
            self._say("stop")
        with suppress(OSError):
            if self._process.stdin:
                self._process.stdin.close()
        try:
            self._process.wait(_STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def _answer(self, word: str, within_s: float) -> None:
        if (line := self._line(within_s)) != word:
            raise MachineLacks("sampler", f"said {line!r} instead of {word!r}", f"its log: {self._log}")

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()

    def _line(self, within_s: float) -> str:
        assert self._process.stdout
        deadline_s = time.monotonic() + within_s
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._rest:
                if not selector.select(max(0.0, deadline_s - time.monotonic())):
                    raise MachineLacks("sampler", f"said nothing within {within_s:g} s", f"its log: {self._log}")
                chunk = os.read(self._process.stdout.fileno(), _RECEIVE_BYTES)
                if not chunk:
                    raise MachineLacks("sampler", "has ended", f"its log: {self._log}")
                self._rest += chunk
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode(errors="replace")
