"""The pool beside what tenants were told: who holds what, and whether it adds up."""

from collections import Counter
from collections.abc import Iterator

from chaos_aura.judge.consistency.stores.finding import Finding, Kind
from chaos_aura.judge.consistency.stores.phantoms import named
from chaos_aura.judge.consistency.stores.told import Told
from chaos_aura.record.stores import POOL, Pool


class PoolBeside:
    """Told of some allocations after others. What begins with `tag` belongs to the run, what else is held to others."""

    def __init__(self, pool: Pool, tag: str) -> None:
        self._pool = pool
        self._unexplained = {name for name in pool.held if name.startswith(tag)}

    def of(self, told: Told) -> Iterator[Finding]:
        held = self._pool.held
        for name, gpus in told.granted.items():
            if name in held and name not in told.released and frozenset(held[name]) != gpus:
                why = f"got {named(gpus)}, and the pool says {named(held[name])}"
                yield Finding(Kind.DISAGREEING, POOL, name, why)
            elif name not in held and name not in told.may_be_released:
                why = "was granted and not given back, and the pool says it holds nothing"
                yield Finding(Kind.LOST, POOL, name, why)
            count, gpu_type = told.wanted.get(name, (len(gpus), ""))
            if len(gpus) != count or (gpu_type and {*map(type_of, gpus)} != {gpu_type}):
                yield Finding(Kind.DISAGREEING, POOL, name, f"asked for {count} {gpu_type}, and got {named(gpus)}")
        for name in sorted(told.released & held.keys()):
            why = f"was given back, and the pool still holds {named(held[name])}"
            yield Finding(Kind.LEAKED, POOL, name, why)
        self._unexplained -= told.may_be_granted | told.released
        for name in sorted(self._unexplained & told.asked):
            yield self._phantom(name)
        self._unexplained -= told.asked

    def of_all(self) -> Iterator[Finding]:
        """When all allocations have been told of."""
        held = self._pool.held
        for name in sorted(self._unexplained):
            yield self._phantom(name)
        yield from _unbalanced(self._pool)
        for gpu_id, count in Counter(gpu for gpus in held.values() for gpu in gpus).items():
            if count > 1:
                owners = sorted(name for name, gpus in held.items() if gpu_id in gpus)
                yield Finding(Kind.DOUBLED, POOL, "", f"says that {gpu_id} is held by {named(owners)}")

    def _phantom(self, name: str) -> Finding:
        return Finding(Kind.PHANTOM, POOL, name, f"holds {named(self._pool.held[name])}, and was never granted")


def type_of(gpu_id: str) -> str:
    """`a100` of `a100-3`"""
    return gpu_id.rpartition("-")[0]


def _unbalanced(pool: Pool) -> Iterator[Finding]:
    held = Counter(type_of(gpu_id) for gpus in pool.held.values() for gpu_id in gpus)
    for name in sorted({*pool.total, *pool.free, *held}):
        total, free = pool.total.get(name, 0), pool.free.get(name, 0)
        if total != free + held[name]:
            yield Finding(Kind.LEAKED, POOL, "", f"has {total} {name}, of which {free} are free and {held[name]} held")
