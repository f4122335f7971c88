"""What noise of the machine itself may excuse: a budget missed by less than that is unknown, and more is a failure."""

import pytest
from outages import MS, S, System, history

from chaos_aura.core.verdict import Verdict, passed
from chaos_aura.judge.backlog import Limits
from chaos_aura.judge.baseline import Baseline
from chaos_aura.judge.recovery import Outage, Recovery, State
from chaos_aura.run.observation import CANARIES, Observation
from chaos_aura.run.samples import Samples

_FAULT, _HEALED, _RATE = 20 * S, 30 * S, 20.0
_NOISY_S = 6.0
_BASELINES = {CANARIES: Baseline(200, 200, 10.0, 0.1, 0.3, passed())}


def machine(at_ns: int, foreign_cpu: float) -> dict[str, object]:
    return {"at": at_ns, "what": "machine", "foreign_cpu": foreign_cpu, "steal": 0.0, "echo_s": 0.0004}


def judged(up_s: float, until_s: float, *, noisy: bool) -> Recovery:
    """The system is up again that long after the healing, and seen until then; its budget is 30 s."""
    operations = history(System(_FAULT, _HEALED + int(up_s * S)), _RATE, 60 + until_s)
    rows = [
        machine(nth * 500 * MS, 1.0 if noisy and 80 <= nth < 80 + 2 * (_NOISY_S - 1) else 0.0) for nth in range(400)
    ]
    until_ns = _HEALED + int(until_s * S)
    samples = Samples(tuple(row for row in rows if int(str(row["at"])) <= until_ns))
    due_ns = {CANARIES: [each.due_ns for each in operations]}
    observation = Observation(until_ns, [each for each in operations if each.due_ns <= until_ns], due_ns, samples, {})
    return observation.recovery(Outage(_FAULT, _FAULT, _HEALED, 30.0), _BASELINES, Limits())


@pytest.mark.parametrize(
    ("up_s", "until_s", "noisy", "state", "verdict"),
    [
        (5, 40, False, State.RECOVERED, Verdict.PASS),
        (5, 40, True, State.RECOVERED, Verdict.PASS),
        (33, 34, False, State.LATE, Verdict.FAIL),
        (33, 34, True, State.UNDECIDED, Verdict.UNKNOWN),
        (33, 45, True, State.RECOVERED, Verdict.UNKNOWN),
        (45, 38, True, State.LATE, Verdict.FAIL),
    ],
    ids=["soon", "soon and noisy", "late", "late, perhaps by noise", "late by less than the noise", "late anyway"],
)
def test_what_noise_may_excuse(up_s: float, until_s: float, noisy: bool, state: State, verdict: Verdict) -> None:
    found = judged(up_s, until_s, noisy=noisy)
    assert (found.state, found.judgement.verdict) == (state, verdict), found.judgement
