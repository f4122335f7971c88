"""What a mechanism must be able to do, so that the engine can inject with it and anybody can heal after it.

One class a mechanism, made with a `Ground`, found by the entry point group `chaos_aura.injectors`:

    [project.entry-points."chaos_aura.injectors"]
    toxiproxy = "injectors.toxiproxy:ToxiproxyInjector"

Making one must be cheap and touch nothing: every command that lists faults makes all of them.
"""

from typing import ClassVar, Protocol, runtime_checkable

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Capability, Fault, Footprint, Proof, Undo


@runtime_checkable
class Injector(Protocol):
    """Every method may raise a ChaosAuraError, whose one line reaches the user. None may block for longer than 5 s.

    `settle_s`: how long a request that a dead controller has sent may still take effect.
    An injector may also have
    `own_kinds: ClassVar[tuple[Kind, ...]]`: words that are not in the vocabulary;
    `rank: ClassVar[int]`: of several that can do the same, the lowest is taken (0 where none is given);
    `takes_s(fault) -> float`: how much longer than the usual 5 s it may take until it is in force,
    0 or more; a fault for which that is longer than `longest_s` is refused;
    `warm_up()`: loads what healing will need, in the process that waits to heal.
    """

    name: ClassVar[str]
    kinds: ClassVar[frozenset[str]]
    settle_s: ClassVar[float]

    def can(self, fault: Fault, target: Target) -> Capability:
        """Yes, or no with the reason and the remedy: for this kind, this target, these parameters, this machine.

        Where only a parameter's value is in the way, its name in `depends_on`: then no list says that it cannot be.
        """

    def footprint(self, fault: Fault, target: Target) -> Footprint:
        """What it would write and hurt, and what healing needs. No effect."""

    def prepare(self, fault: Fault, target: Target, lease_id: str) -> Undo:
        """No effect yet. Looks at the target as it is, and fixes all that proving and healing will need."""

    def inject(self, undo: Undo) -> None:
        """Only from what `prepare` has fixed. May end before the fault is in force."""

    def heal(self, undo: Undo) -> None:
        """From any process, any number of times. That it is gone already, or its target is, is success."""

    def in_force(self, undo: Undo) -> Proof:
        """Observed on the thing itself through the path that the fault affects, never assumed."""

    def gone(self, undo: Undo) -> Proof:
        """Observed likewise. A mechanism that does not answer is an error, not a no."""
