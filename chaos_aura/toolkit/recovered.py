"""Waits for recovery in a run without load: until the hypothesis holds again, or its budget is over."""

import time
from collections.abc import Mapping
from typing import Any

from chaoslib.activity import run_activity

from chaos_aura.run.run import Run
from chaos_aura.toolkit.judging import judged

_LOOK_EVERY_S = 0.25


def await_hypothesis(run: Run, experiment: Mapping[str, Any], configuration: Any, secrets: Any) -> float | None:
    """How long that took, None when it did not come to that. Chaos Toolkit probes it once more, and that one counts."""
    probes = (experiment.get("steady-state-hypothesis") or {}).get("probes") or []
    began_s = time.monotonic()
    deadline_s = began_s + run.options.budget_s
    while not run.is_stopping:
        if all(_holds(probe, configuration, secrets) for probe in probes):
            return time.monotonic() - began_s
        if time.monotonic() > deadline_s:
            return None
        run.wait(_LOOK_EVERY_S)
    return None


def _holds(probe: Mapping[str, Any], configuration: Any, secrets: Any) -> bool:
    if "provider" not in probe:  # a reference, which only Chaos Toolkit can follow
        return True
    try:
        output = run_activity(probe, configuration, secrets)
        return bool(judged(probe, {"status": "succeeded", "output": output}, configuration, secrets))
    except Exception:  # noqa: BLE001 - the border: what cannot be measured does not hold yet
        return False
