"""Of faults that would write the same, each finds the target as it was without the others."""

import pytest
from fake_home import FakeHome, NoGuard

from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import FaultRefused
from chaos_aura.core.fault import Fault, Undo
from chaos_aura.core.lease import Lease
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.registry import Registry


class Restoring(FakeInjector):
    """Remembers what was there, and puts it back: a limit, a flag."""

    def value(self, target: str) -> str:
        path = self.folder / "values" / target
        return path.read_text() if path.exists() else "as it was"

    def put(self, target: str, value: str) -> None:
        (self.folder / "values").mkdir(parents=True, exist_ok=True)
        (self.folder / "values" / target).write_text(value)

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        undo = super().prepare(fault, target, lease_id)
        return Undo({**undo.data, "target": target.name, "former": self.value(target.name)}, undo.touches, undo.by_hand)

    def inject(self, undo: Undo) -> None:
        super().inject(undo)
        self.put(undo.data["target"], "hurt")

    def heal(self, undo: Undo) -> None:
        super().heal(undo)
        self.put(undo.data["target"], undo.data["former"])


@pytest.fixture
def restoring(home: FakeHome) -> Restoring:
    return Restoring(home.ground)


class Passing:
    """A fault that comes when another one is about to be prepared, and is over before that one is written down."""

    def __init__(self, home: FakeHome, restoring: Restoring, target: str) -> None:
        self._registry, self._home, self._target = Registry((restoring,)), home, target
        self._first = self._engine(lambda _: None)
        self._lease: Lease | None = None
        self.engine = self._engine(self._step)

    def _engine(self, on_step: object) -> Engine:
        return Engine(self._home.ground, self._registry, NoGuard(), limits=Limits(), on_step=on_step)  # type: ignore[arg-type]

    def _step(self, step: str) -> None:
        if step == "prepare":
            self._lease = self._first.inject(self._first.fault("pretend", self._target))
        if step == "lease" and self._lease:
            self._first.heal([self._lease])


def test_what_another_fault_has_written_meanwhile_is_never_taken_for_the_former_value(
    home: FakeHome, restoring: Restoring
) -> None:
    passing = Passing(home, restoring, "neo4j")
    with pytest.raises(FaultRefused) as refused:
        passing.engine.inject(passing.engine.fault("pretend", "neo4j"))
    [lease] = home.ledger.leases().values()
    assert str(refused.value) == (
        "pretend of neo4j: while it was prepared, pretend of neo4j wrote the nothing of neo4j "
        f"(lease {lease.id}); try again"
    )
    assert restoring.value("neo4j") == "as it was"
    assert not home.ledger.open_leases()


def test_one_that_writes_something_else_does_not_matter(home: FakeHome, restoring: Restoring) -> None:
    passing = Passing(home, restoring, "redis")
    lease = passing.engine.inject(passing.engine.fault("pretend", "neo4j"))
    passing.engine.heal([lease])
    assert restoring.value("neo4j") == restoring.value("redis") == "as it was"
