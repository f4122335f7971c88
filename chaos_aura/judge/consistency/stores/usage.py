"""The usage that the projection counts beside the sum of the events, by tenant."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence

from chaos_aura.judge.consistency.stores.finding import Finding, Kind
from chaos_aura.record.rows import Event
from chaos_aura.record.stores import USAGE

_NOT_OF_EVENTS = "duplicates"  # how many came again: counted, and no sum


class UsageBeside:
    """Told of some allocations' events after others. An event that came again adds nothing."""

    def __init__(self, usage: Mapping[str, Mapping[str, int]]) -> None:
        self._usage = usage
        self._sums: dict[str, Counter[str]] = defaultdict(Counter)

    def add(self, events: Mapping[str, Sequence[Event]]) -> None:
        for found in events.values():
            for event in {each.id: each for each in reversed(found)}.values():
                if event.adds:
                    self._sums[event.tenant].update(event.adds)

    def of_all(self) -> Iterator[Finding]:
        for tenant in sorted({*self._usage, *self._sums}):
            counted, sums = self._usage.get(tenant, {}), self._sums[tenant]
            off = [
                f"{name} is {counted.get(name, 0)}, and its events add up to {sums[name]}"
                for name in sorted({*counted, *sums} - {_NOT_OF_EVENTS})
                if counted.get(name, 0) != sums[name]
            ]
            if off:
                yield Finding(
                    Kind.DISAGREEING,
                    USAGE,
                    "",
                    f"of {tenant}: {'; '.join(off)}",
                    seen=({"counted": dict(counted), "sum": dict(sums)},),
                )
