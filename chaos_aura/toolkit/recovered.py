"""Recovery in a run without load: waited for until the hypothesis holds again or its budget is over, and judged."""

import time
from collections.abc import Mapping
from typing import Any

from chaoslib.activity import run_activity

from chaos_aura.core.verdict import failed, passed, unknown
from chaos_aura.run.faults import stories
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


def judge_recovery(run: Run, experiment: Mapping[str, Any]) -> None:
    """From where its budget counts until now, when the hypothesis holds again or was waited for long enough."""
    until_ns = time.monotonic_ns()
    from chaos_aura.run.outage import outage_of  # noqa: PLC0415 - for who has hurt something
    from chaos_aura.run.samples import Samples  # noqa: PLC0415

    outage = outage_of(stories(run.folder.timeline), run.momentary, run.options.budget_s)
    probes = (experiment.get("steady-state-hypothesis") or {}).get("probes")
    if outage is None or run.is_stopping or not probes:
        return
    took_s = (until_ns - outage.counts_from_ns) / 1e9
    noisy_s = Samples.read(run.folder.samples).noisy_s(outage.counts_from_ns)
    run.timeline.tell("run.hypothesis_awaited", took_s=took_s, noisy_s=noisy_s)
    told, budget_s = f"the hypothesis held {took_s:.1f} s later", run.options.budget_s
    if took_s <= budget_s:
        judgement = passed(f"{told}, of {budget_s:g} s")
    elif took_s - noisy_s <= budget_s:
        judgement = unknown(f"{told}, of {budget_s:g} s; the machine itself was noisy for {noisy_s:.1f} s of that")
    else:
        judgement = failed(f"not within {budget_s:g} s: looked at for {took_s:.1f} s")
    run.verdicts.judge("recovery", judgement)


def _holds(probe: Mapping[str, Any], configuration: Any, secrets: Any) -> bool:
    if "provider" not in probe:  # a reference, which only Chaos Toolkit can follow
        return True
    try:
        output = run_activity(probe, configuration, secrets)
        return bool(judged(probe, {"status": "succeeded", "output": output}, configuration, secrets))
    except Exception:  # noqa: BLE001 - the border: what cannot be measured does not hold yet
        return False
