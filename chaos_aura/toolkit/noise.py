"""What took too long while the machine itself was noisy may be nobody's fault: then nobody knows."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chaos_aura.core.verdict import Judgement, Verdict, unknown

_OF_TIME = ("probes.latency", "probes.load")  # what they tell depends on how fast the machine is
_OF_A_MOMENT = ("service_round_trip", "decision_query_s", "event_lag_s")  # of no window, and not of the whole run
_NS = 1e9


def excused(judgement: Judgement, activity: Mapping[str, Any], run: Mapping[str, Any], samples: Path) -> Judgement:
    """UNKNOWN instead of a failure where it was noisy within the time that was measured."""
    provider = activity.get("provider") or {}
    if judgement.verdict is not Verdict.FAIL or provider.get("module") not in _OF_TIME:
        return judgement
    from chaos_aura.run.samples import Samples  # noqa: PLC0415 - for who has failed

    until_ns = time.monotonic_ns()
    window_s = float((provider.get("arguments") or {}).get("window_s") or 0)
    took_ns = int((window_s + float(run.get("duration") or 0)) * _NS)
    from_ns = until_ns - took_ns if window_s or provider.get("func") in _OF_A_MOMENT else 0
    noisy_s = Samples.read(samples).noisy_s(from_ns, until_ns)
    if not noisy_s:
        return judgement
    return unknown(
        *(f"{reason}; but the machine itself was noisy for {noisy_s:.1f} s of it" for reason in judgement.reasons)
    )
