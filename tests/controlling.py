"""`python controlling.py HOME HALT KIND TARGET LASTS_S [KEY=VALUE...]`: a controller that tests kill.

It injects one fault, says on its output what it is about to do, and halts at the step named HALT (prepare, lease,
inject, prove, in_force, heal, gone, healed; `none` never) until a line comes in. `gone`: healed and seen gone, its
lease still open.
"""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any


def main() -> None:
    from chaos_aura.core.errors import ChaosAuraError  # noqa: PLC0415 - tests import this module for the class below
    from chaos_aura.faults.engine import Engine  # noqa: PLC0415
    from chaos_aura.faults.ground import Ground  # noqa: PLC0415
    from chaos_aura.faults.reaper.link import ReaperLink  # noqa: PLC0415
    from chaos_aura.faults.registry import Registry  # noqa: PLC0415

    home, halt, kind, target, lasts_s, *words = sys.argv[1:]
    parameters = dict(each.split("=", 1) for each in words)
    injector, within_s = parameters.pop("injector", ""), float(parameters.pop("within_s", "5"))

    def step(name: str) -> None:
        say(name)
        if name == halt:
            sys.stdin.readline()

    ground = Ground(Path(home), dict(os.environ))
    installed = Registry.installed(ground)
    telling: Any = tuple(TellsWhenGone(each, step) for each in installed.injectors)
    engine = Engine(
        ground, replace(installed, injectors=telling), ReaperLink(ground.home), on_step=step, proven_within_s=within_s
    )
    try:
        fault = engine.fault(kind, target, parameters, float(lasts_s))
        lease = engine.inject(fault, injector)
        step("in_force")
        step("heal")
        [outcome] = engine.heal([lease])
        say("healed" if outcome.is_good else f"failed {outcome.why}")
    except ChaosAuraError as cause:
        say(f"failed {cause}")
    step("healed")


class TellsWhenGone:
    """An injector, as it is but for that."""

    def __init__(self, injector: Any, step: Callable[[str], None]) -> None:
        self._injector = injector
        self._step = step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._injector, name)

    def gone(self, undo: Any) -> Any:
        proof = self._injector.gone(undo)
        if proof:
            self._step("gone")
        return proof


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


@dataclass(frozen=True)
class Controller:
    process: "Popen[str]"

    def await_step(self, name: str) -> str:
        """The line that begins with it; a failure is one, too."""
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith((name, "failed")):
                return line.strip()
        raise AssertionError(f"ended before {name}")

    def go_on(self) -> None:
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def controller(home: Path, environ: dict[str, str], halt: str, *words: str) -> Iterator[Controller]:
    """Killed at the end, whatever it does."""
    argv = [sys.executable, "-P", __file__, str(home), halt, *words]
    with Popen(argv, stdin=PIPE, stdout=PIPE, text=True, env=environ) as process:
        try:
            yield Controller(process)
        finally:
            process.kill()


if __name__ == "__main__":
    main()
