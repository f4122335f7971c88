"""Runs checks side by side. One that crashes or hangs becomes a finding that says so."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from chaos_aura.core.errors import ChaosAuraError, MachineLacks
from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.scene import Scene

QUICK_S = 15.0  # also on a machine that has much to do
DEEP_S = 300.0
_TIDY_WITHIN_S = 5.0
_UNKNOWN = "nothing is known of it"


@dataclass(frozen=True)
class Check:
    """One look. Without what `is_needed` the local stack cannot run; `rules_out` goes with what is not there."""

    subject: str
    group: Group
    look: Callable[[Scene], Iterable[Finding]]
    is_needed: bool = False
    hashes: bool = False
    rules_out: tuple[str, ...] = ()


@dataclass
class _Look:
    check: Check
    limit_s: float
    findings: tuple[Finding, ...] = ()
    is_over: threading.Event = field(default_factory=threading.Event)


def examine(checks: Sequence[Check], scene: Scene, quick_s: float = QUICK_S) -> tuple[Finding, ...]:
    """In the order of the checks. Interrupted, it waits for those that are about to remove what they made."""
    looks = [_Look(check, DEEP_S if check.hashes and scene.is_deep else quick_s) for check in checks]
    began_s = time.monotonic()
    begun: list[_Look] = []
    try:
        for look in looks:
            begun.append(look)
            # Such a thread does not keep the process alive: nothing can end one that hangs inside the kernel.
            threading.Thread(target=_run, args=(look, scene), daemon=True).start()
        return tuple(finding for look in looks for finding in _awaited(look, began_s))
    except BaseException:
        _let_them_tidy(begun)
        raise


def _awaited(look: _Look, began_s: float) -> tuple[Finding, ...]:
    if look.is_over.wait(max(0.0, began_s + look.limit_s - time.monotonic())):
        return look.findings
    return (_lost(look.check, f"gave no answer within {look.limit_s:g} s"),)


def _let_them_tidy(looks: Iterable[_Look]) -> None:
    deadline_s = time.monotonic() + _TIDY_WITHIN_S
    for look in looks:
        if not look.check.hashes:
            look.is_over.wait(max(0.0, deadline_s - time.monotonic()))


def _run(look: _Look, scene: Scene) -> None:
    try:
        look.findings = tuple(look.check.look(scene))
    except MachineLacks as lack:
        look.findings = (_lacking(look.check, lack),)
    except ChaosAuraError as problem:
        look.findings = (_lost(look.check, str(problem)),)
    except TimeoutError as problem:
        look.findings = (_lost(look.check, str(problem)),)
    except Exception as crash:  # noqa: BLE001 - the border: one look that fails must not hide what the others saw
        look.findings = (_lost(look.check, f"could not be looked at ({type(crash).__name__}: {crash})"),)
    finally:
        look.is_over.set()


def _lacking(check: Check, lack: MachineLacks) -> Finding:
    means = "the local stack cannot run" if check.is_needed else _UNKNOWN
    return Finding(
        check.subject,
        check.group,
        State.MISSING,
        lack.why,
        means,
        lack.remedy.removeprefix("run: "),
        check.is_needed,
        check.rules_out,
    )


def _lost(check: Check, why: str) -> Finding:
    means = "the local stack needs it" if check.is_needed else _UNKNOWN
    seen = " ".join(why.split())
    remedy = "try again; if it stays so, mend what is named"
    return Finding(check.subject, check.group, State.BROKEN, seen, means, remedy, check.is_needed, check.rules_out)
