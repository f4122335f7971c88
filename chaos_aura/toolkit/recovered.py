"""Recovery in a run without load: waited for until the hypothesis holds again or its budget is over, and judged."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

from chaoslib.activity import run_activity

from chaos_aura.run.faults import stories
from chaos_aura.run.run import Run
from chaos_aura.toolkit.judging import judged

_LOOK_EVERY_S = 0.25


def await_hypothesis(run: Run, experiment: Mapping[str, Any], configuration: Any, secrets: Any) -> None:
    """Whatever it is in the end: Chaos Toolkit probes it once more, and that one counts."""
    until_s = time.monotonic() + run.options.budget_s
    while not (run.is_stopping or _all_hold(_probes(experiment), configuration, secrets)):
        if time.monotonic() > until_s:
            return
        run.wait(_LOOK_EVERY_S)


def judge_recovery(run: Run, experiment: Mapping[str, Any], configuration: Any, secrets: Any) -> None:
    """From where its budget counts until the hypothesis holds again or was waited for long enough. A run that is
    stopped meanwhile says nothing of it.
    """
    from chaos_aura.judge.awaited import Awaited  # noqa: PLC0415 - for who has hurt something
    from chaos_aura.run.outage import outage_of  # noqa: PLC0415
    from chaos_aura.run.samples import Samples  # noqa: PLC0415

    outage = outage_of(stories(run.folder.timeline), run.momentary, run.options.budget_s)
    probes = _probes(experiment)
    if outage is None or not probes:
        return
    is_first = True
    while not run.is_stopping:
        began_ns = time.monotonic_ns()
        holds = _all_hold(probes, configuration, secrets)
        until_ns = time.monotonic_ns() if holds else began_ns
        from_ns = outage.counts_from_ns
        took_s, noisy_s = (until_ns - from_ns) / 1e9, 0.0
        if took_s > outage.budget_s:
            noisy_s = Samples.read(run.folder.samples).noisy_s(from_ns, until_ns)
        found = Awaited(holds, took_s, outage.budget_s, noisy_s, is_first)
        if found.is_over:
            run.timeline.tell("run.hypothesis_awaited", holds=holds, took_s=took_s, noisy_s=noisy_s)
            run.verdicts.judge("recovery", found.judgement)
            return
        is_first = False
        run.wait(_LOOK_EVERY_S)


def _probes(experiment: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return (experiment.get("steady-state-hypothesis") or {}).get("probes") or ()


def _all_hold(probes: Sequence[Mapping[str, Any]], configuration: Any, secrets: Any) -> bool:
    return all(_holds(probe, configuration, secrets) for probe in probes)


def _holds(probe: Mapping[str, Any], configuration: Any, secrets: Any) -> bool:
    if "provider" not in probe:  # a reference, which only Chaos Toolkit can follow
        return True
    try:
        output = run_activity(probe, configuration, secrets)
        return bool(judged(probe, {"status": "succeeded", "output": output}, configuration, secrets))
    except Exception:  # noqa: BLE001 - the border: what cannot be measured does not hold yet
        return False
