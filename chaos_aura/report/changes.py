"""How a run stands, for a file or a pipe: a line when something changes, and a sign of life."""

from collections.abc import Callable, Iterable, Mapping

from chaos_aura.report.plain_text import one_line
from chaos_aura.report.quantity import latency, percent, rate, spent
from chaos_aura.run.standing import Standing

HEARTBEAT_S = 10.0


class Changes:
    """Lines since what was told before."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told_s = clock()
        self._former: Standing | None = None

    def of(self, standing: Standing) -> list[str]:
        former, self._former = self._former, standing
        lines = [*_phase(former, standing), *_faults(former, standing), *_breakers(former, standing)]
        now_s = self._clock()
        if not lines and now_s - self._told_s >= HEARTBEAT_S:
            lines = [_heartbeat(standing)]
        if lines:
            self._told_s = now_s
        return [one_line(line) for line in lines]


def _phase(former: Standing | None, now: Standing) -> Iterable[str]:
    if former is None or former.phase is not now.phase:
        at_most = f" (at most {spent(now.at_most_s)})" if now.at_most_s else ""
        yield f"{now.phase}: {now.sentence}{at_most}"


def _faults(former: Standing | None, now: Standing) -> Iterable[str]:
    before = {fault.text: fault.state for fault in former.faults} if former else {}
    after = {fault.text: fault.state for fault in now.faults}
    yield from (f"fault {text}: {state}" for text, state in after.items() if before.get(text) != state)
    yield from (f"fault {text}: ended" for text in before if text not in after)


def _breakers(former: Standing | None, now: Standing) -> Iterable[str]:
    """That one is closed is no news at first."""
    before: Mapping[str, str] = former.breakers if former else {}
    for name, state in now.breakers.items():
        was = before.get(name, "closed")
        if state != was:
            yield f"breaker {name}: {was} -> {state}"


def _heartbeat(now: Standing) -> str:
    told = [f"{now.phase} for {spent(now.since_s)}"]
    told += [f"{fault.text} {fault.state} for {spent(fault.for_s)}" for fault in now.faults]
    if now.success_rate is not None:
        told.append(f"{percent(now.success_rate)} ok")
    if now.p95_s is not None:
        told.append(f"p95 {latency(now.p95_s * 1000)}")
    if now.load is not None:
        told.append(f"{rate(now.load.rate_per_s)}, {now.load.under_way} under way")
    if unwell := [name for name, is_well in now.health.items() if is_well is False]:
        told.append(f"unhealthy: {', '.join(unwell)}")
    return ", ".join([*told, *([now.note] if now.note else [])])
