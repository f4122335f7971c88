"""Temporal, Neo4j and Kafka as a test writes them: what each holds, what happens when it is asked, how it fails."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from chaos_aura.platform.errors import DependencyAway
from chaos_aura.platform.model import Allocation, Event, EventKind, State
from chaos_aura.platform.repair.looking import Looking
from chaos_aura.platform.repair.plan import KINDS
from chaos_aura.platform.repair.question import Question
from chaos_aura.platform.repair.told import Standing, Told
from chaos_aura.platform.stores.kept import Kept

TAG = "run"


def nothing() -> None:
    """Happens."""


@dataclass
class Stores:
    told: dict[str, Told] = field(default_factory=dict)
    kept_by_id: dict[str, Kept] = field(default_factory=dict)
    kinds: dict[str, set[EventKind]] = field(default_factory=dict)
    when_temporal_is_asked: Callable[[], None] = nothing
    when_something_is_written: Callable[[], None] = nothing
    before: dict[str, set[EventKind]] = field(default_factory=dict)  # in Kafka, from before the run's beginning
    asked: list[str] = field(default_factory=list)
    published: list[tuple[str, EventKind]] = field(default_factory=list)

    def looking(self, *only: str) -> Looking:
        question = Question(TAG, "t", "n", "k", only=only)
        return Looking(question, self, self, self)  # type: ignore[arg-type]

    def add(self, allocation: Allocation, standing: Standing = Standing.ENDED, *unwritten: str) -> None:
        """Temporal knows it, and both stores hold all of it."""
        name, state = allocation.allocation_id, allocation.state.value
        self.told[name] = Told(name, standing, allocation, frozenset(unwritten))
        self.kept_by_id[name] = Kept(name, state, has_decision=True)
        self.kinds[name] = set(KINDS[state])

    def falls_silent(self, name: str) -> None:
        self.told[name] = replace(self.told[name], standing=Standing.SILENT, allocation=None, why="no answer")

    # As Workflows.
    async def running_of(self, tag: str) -> Mapping[str, bool]:
        return {name: told.standing in (Standing.RUNNING, Standing.SILENT) for name, told in self.told.items()}

    async def told_of(self, allocation_ids: Sequence[str]) -> Mapping[str, Told]:
        self.asked += allocation_ids
        told = {each: self.told.get(each, Told(each, Standing.NOT_FOUND)) for each in allocation_ids}
        self.when_temporal_is_asked()
        return told

    # As Decisions.
    async def kept(self, prefix: str, after: str, limit: int) -> tuple[Kept, ...]:
        names = sorted(name for name in self.kept_by_id if name.startswith(prefix) and name > after)
        return tuple(self.kept_by_id[name] for name in names[:limit])

    async def kept_of(self, allocation_ids: Sequence[str]) -> tuple[Kept, ...]:
        return tuple(self.kept_by_id[each] for each in allocation_ids if each in self.kept_by_id)

    async def write(self, allocation: Allocation) -> None:
        self.when_something_is_written()
        assert allocation.state is not State.PENDING
        name = allocation.allocation_id
        self.kept_by_id[name] = Kept(name, allocation.state.value, has_decision=True)

    # As Publisher.
    async def publish(self, events: Sequence[Event]) -> None:
        self.when_something_is_written()
        for event in events:
            self.published.append((event.allocation_id, event.kind))
            self.kinds.setdefault(event.allocation_id, set()).add(event.kind)

    # As EventsRead.
    def kinds_of(self, allocation_id: str) -> frozenset[EventKind]:
        return frozenset(self.kinds.get(allocation_id, ()))

    def read_on(self, within_s: float) -> None:
        """All is read at once."""

    def read_before(self, within_s: float) -> None:
        for name, kinds in self.before.items():
            self.kinds.setdefault(name, set()).update(kinds)


def failing(store: str) -> Callable[[], None]:
    def fail() -> None:
        raise DependencyAway(store, "no answer")

    return fail
