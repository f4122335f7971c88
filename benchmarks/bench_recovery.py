"""How exactly recovery is measured, against a platform over real sockets whose outages are known exactly.

One load of 100 operations a second, by constant arrivals: 40 canaries, 30 allocations and their 30 releases. Meanwhile
the platform breaks off again and again: it refuses, hangs, or tears connections. It decides each request by its own
clock, so the moment at which it is well again is known to the nanosecond, whatever the machine does.

Each outage is judged as a run judges its own, by what was recorded from shortly before it to shortly before the next
one. A run then watches for 10 s more; with 100 outages that were a quarter of an hour. So what was recorded of the
calm before the first one is put behind each of them. That decides only whether it lasts, and is the same for all: the
moments that are told come from the outage itself.

`BENCH_TRIALS` is how many outages there are.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from stub_platform import HANG, REFUSE, RESET, stub_platform

from chaos_aura.core.operation import Operation
from chaos_aura.judge.backlog import Limits
from chaos_aura.judge.baseline import Baseline
from chaos_aura.judge.percentile import percentile
from chaos_aura.judge.recovery import QUIET_S, Outage, Recovery, State
from chaos_aura.load.plan import LoadPlan
from chaos_aura.load.process import start
from chaos_aura.load.shapes import steady
from chaos_aura.record.history import read_history
from chaos_aura.run.observation import CANARIES, TENANTS, Observation
from chaos_aura.run.samples import Samples

_TRIALS = int(os.environ.get("BENCH_TRIALS", "100"))
_GOAL_MS = 50.0
_PER_S, _CANARIES_PER_S = 30.0, 40.0
_CALM_S, _EVERY_S, _BEFORE_S = 12.0, 2.5, 0.4
# What hangs for less than an answer may take (0.5 s for a canary) is no outage for anybody.
_LASTS_S = {REFUSE: (0.3, 1.0), RESET: (0.3, 1.0), HANG: (0.7, 1.2)}
_TOTAL = {"t4": 400, "v100": 400, "a100": 400, "h100": 400}
_WITHIN_S = 30.0
_SEED = 1
_NS = 1e9


@dataclass(frozen=True)
class Known:
    """When it began and when it was over, as the platform itself decided."""

    how: str
    from_ns: int
    until_ns: int


@dataclass(frozen=True)
class Trial:
    known: Known
    found: Recovery

    @property
    def is_measured(self) -> bool:
        return self.found.state is State.RECOVERED and bool(self.found.judgement)

    @property
    def error_ms(self) -> float:
        assert self.found.recovered
        assert self.found.recovered.at_ns is not None
        return (self.found.recovered.at_ns - self.known.until_ns) / 1e6

    @property
    def is_inside(self) -> bool:
        moment = self.found.recovered
        return bool(moment and moment.high_ns and moment.low_ns <= self.known.until_ns <= moment.high_ns)


@dataclass(frozen=True)
class Recorded:
    """What the load has left."""

    plan: LoadPlan
    began_ns: int
    operations: Sequence[Operation]

    def since(self, from_ns: int, until_ns: int, shifted_ns: int = 0) -> Observation:
        """What was meant to begin then, as if it had been so much later."""
        due = {
            TENANTS: _within(self.plan.arrivals_ns(self.began_ns), from_ns, until_ns, shifted_ns),
            CANARIES: _within(self.plan.canaries_ns(self.began_ns), from_ns, until_ns, shifted_ns),
        }
        operations = [_later(each, shifted_ns) for each in self.operations if from_ns <= each.due_ns < until_ns]
        return Observation(until_ns + shifted_ns, operations, due, Samples(), _TOTAL)


def main() -> int:
    with tempfile.TemporaryDirectory() as name, stub_platform(total=_TOTAL) as stub:
        folder = Path(name)
        lasts_s = _CALM_S + _EVERY_S * (_TRIALS + 1)
        plan = LoadPlan(
            url=f"http://{stub.address}",
            tag="bench",
            phases=(steady("bench", lasts_s, _PER_S),),
            seed=_SEED,
            hold_s=0.3,
            canary_per_s=_CANARIES_PER_S,
        )
        load = start(plan, folder, folder / "load.log")
        began_ns = load.await_running(_WITHIN_S).began_ns
        known = outages(began_ns + int(_CALM_S * _NS), random.Random(_SEED))
        stub.schedule([(each.from_ns, each.until_ns, each.how) for each in known])
        busy_s, began_s = all_used_s(), time.monotonic()
        mine_s = used_s(load.pid) + used_s(stub.process.pid)
        time.sleep(max(0.0, (began_ns - time.monotonic_ns()) / _NS + lasts_s - 0.5))
        mine_s = used_s(load.pid) + used_s(stub.process.pid) - mine_s
        others = (all_used_s() - busy_s - mine_s) / (time.monotonic() - began_s)
        story = stub.story()
        state = load.stop(_WITHIN_S)
        recorded = Recorded(plan, began_ns, read_history(folder.glob("history-*.jsonl")).operations)
    missed = [each for each, seen in zip(known, story, strict=True) if seen["how"] != each.how]
    assert not missed, f"it did not do what it was told: {missed}"
    print(f"  other programs       {others:8.2f} cores, which make the load and the platform late")
    print(f"  schedule lag, p99    {state.lag_p99_of_all_ms:8.1f} ms{f'   {state.why}' if state.why else ''}")
    return report(judged(recorded, known))


def outages(from_ns: int, chance: random.Random) -> list[Known]:
    """The kinds in turn, each beginning and lasting as chance has it, so that no arrival is in step with them."""
    found = []
    for nth in range(_TRIALS):
        how = (REFUSE, HANG, RESET)[nth % 3]
        began_ns = from_ns + int((nth * _EVERY_S + chance.uniform(_BEFORE_S, _BEFORE_S + 0.3)) * _NS)
        found.append(Known(how, began_ns, began_ns + int(chance.uniform(*_LASTS_S[how]) * _NS)))
    return found


def judged(recorded: Recorded, known: Sequence[Known]) -> list[Trial]:
    first_ns, calm_ns = known[0].from_ns - int(_BEFORE_S * _NS), int(QUIET_S * _NS)
    calm = recorded.since(first_ns - calm_ns, first_ns)
    baselines = calm.baselines(first_ns - calm_ns, first_ns)
    for who, each in baselines.items():
        print(
            f"  baseline of {who:9}{each.p99_s * 1000:8.1f} ms   p99, late beyond {each.late_s:g} s; {each.judgement}"
        )
    ends_ns = [each.from_ns - int(_BEFORE_S * _NS) for each in known[1:]]
    ends_ns.append(known[-1].from_ns + int((_EVERY_S - _BEFORE_S) * _NS))
    return [
        trial(recorded, each, until_ns, baselines, first_ns - calm_ns)
        for each, until_ns in zip(known, ends_ns, strict=True)
    ]


def trial(recorded: Recorded, known: Known, until_ns: int, baselines: dict[str, Baseline], calm_from_ns: int) -> Trial:
    own = recorded.since(known.from_ns - int(_BEFORE_S * _NS), until_ns)
    calm_ns = int(QUIET_S * _NS)
    calm = recorded.since(calm_from_ns, calm_from_ns + calm_ns, until_ns - calm_from_ns)
    both = Observation(
        calm.until_ns,
        [*own.operations, *calm.operations],
        {who: [*own.due_ns[who], *calm.due_ns[who]] for who in own.due_ns},
        Samples(),
        _TOTAL,
    )
    outage = Outage(known.from_ns, known.from_ns, known.until_ns)
    return Trial(known, both.recovery(outage, baselines, Limits()))


def report(trials: Sequence[Trial]) -> int:
    measured = [each for each in trials if each.is_measured]
    for each in trials:
        if not each.is_measured or not each.is_inside or each.error_ms > _GOAL_MS:
            print(f"  {each.known.how}: {told(each)}")
    for how in (REFUSE, HANG, RESET):
        errors = [each.error_ms for each in measured if each.known.how == how]
        print(f"  error, {how:13} {spread(errors)}")
    errors = [each.error_ms for each in measured]
    widths = [(each.found.recovered.high_ns - each.found.recovered.low_ns) / 1e6 for each in measured]  # type: ignore[union-attr, operator]
    inside, exact = sum(each.is_inside for each in measured), sum(abs(error) <= _GOAL_MS for error in errors)
    print(f"  error, all           {spread(errors)}")
    print(f"  width of interval    {spread(widths)}")
    for words, count in ((f"at most {_GOAL_MS:g} ms", exact), ("inside the interval", inside)):
        missed = "" if count == len(trials) else "  MISSED"
        print(f"  {words:20} {count:8} of {len(trials)}   (goal: all){missed}")
    return 0 if inside == exact == len(trials) else 1


def told(each: Trial) -> str:
    if not each.is_measured:
        return f"not measured: {each.found.state.value}, {each.found.judgement}"
    return f"error {each.error_ms:.1f} ms, {'inside' if each.is_inside else 'OUTSIDE'}"


def spread(values: Sequence[float]) -> str:
    if not values:
        return "    none"
    p50, p95 = percentile(values, 0.5), percentile(values, 0.95)
    return f"{p50:8.1f} ms   p95 {p95:.1f} ms, from {min(values):.1f} to {max(values):.1f} ms"


def _within(moments_ns: Iterable[int], from_ns: int, until_ns: int, shifted_ns: int) -> list[int]:
    return [each + shifted_ns for each in moments_ns if from_ns <= each < until_ns]


def _later(each: Operation, by_ns: int) -> Operation:
    if not by_ns:
        return each
    return replace(
        each,
        id=f"{each.id}-calm",
        due_ns=each.due_ns + by_ns,
        invoked_ns=each.invoked_ns + by_ns,
        ended_ns=None if each.ended_ns is None else each.ended_ns + by_ns,
    )


def used_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def all_used_s() -> float:
    """By whomever: user, nice, system, interrupts."""
    fields = [int(each) for each in Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    sys.exit(main())
