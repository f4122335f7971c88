"""What every injector must pass, ours and a stranger's. Needs no test library: pytest finds its methods.

    from chaos_aura.faults.contract import Case, InjectorContract

    class TestMine(InjectorContract):
        @pytest.fixture(params=["latency", "partition"])
        def case(self, request, stack) -> Case:
            return Case(MyInjector(ground), fault, target, restart=..., remove=...)

Each test gets a target that is well, and leaves it so. `restart` makes the target a new one (another process, another
container), `remove` ends it for good, `restore` brings it back after either. A case without them says `why_not_ended`;
pytest then counts those two tests as "not tried", and `pytest -v` tells why. So it does with what is shown by healing
a fault that is momentary: nothing but that it does not fail. A test that fails heals, as far as it can.

An injector can be wrong about its own faults, in all of its proofs alike. `hurts` is a witness that does not ask it:
true while the target is really hurt, as whoever uses it would find. It is asked when the fault is prepared, proven in
force (unless it is momentary) and proven gone, also while the target is away.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.catalogue import Target
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import Fault, Proof, Undo
from chaos_aura.core.kind import Kind
from chaos_aura.core.kinds import KINDS
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.awaiting import await_proof
from chaos_aura.faults.injector import Injector
from chaos_aura.faults.not_tried import say_not_tried

_HEALER = """
import importlib, json, os, sys
from pathlib import Path
from chaos_aura.core.fault import Undo
from chaos_aura.faults.ground import Ground
told = json.load(sys.stdin)
injector = getattr(importlib.import_module(told["module"]), told["name"])(Ground(Path(told["home"]), dict(os.environ)))
injector.heal(Undo.from_dict(told["undo"]))
"""
_PROCESS_WITHIN_S = 30
_WAS_OVER = "it was over by itself, so healing had nothing to undo"


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Case:
    """One fault on one living target. `home` is the stack's folder, for who heals in another process."""

    injector: Injector
    fault: Fault
    target: Target
    home: str
    restart: Callable[[], None] | None = None
    remove: Callable[[], None] | None = None
    restore: Callable[[], None] = _nothing
    why_not_ended: str = ""
    in_force_within_s: float = 5.0
    gone_within_s: float = 10.0
    stays_when_restarted: bool = False  # what is hurt outlives the target: bytes in a store, a file
    heals_without_target: bool = False  # although it outlives it: a file can be written while nobody reads it
    hurts: Callable[[], bool] | None = None

    @property
    def is_momentary(self) -> bool:
        """It stays true that it has happened, and what it struck may be back at once."""
        own: tuple[Kind, ...] = getattr(self.injector, "own_kinds", ())
        kinds = {**KINDS, **{kind.name: kind for kind in own}}
        return kinds[self.fault.kind].is_momentary(self.fault.parameters)

    def prepared(self) -> Undo:
        """Through JSON, as the ledger keeps it."""
        undo = self.injector.prepare(self.fault, self.target, new_lease_id())
        with self.healing_what_fails(undo):
            self._ask_witness("prepared", hurts=False)
        return Undo.from_dict(json.loads(json.dumps(undo.to_dict())))

    def injected(self) -> Undo:
        undo = self.prepared()
        with self.healing_what_fails(undo):
            self.injector.inject(undo)
            proof = await_proof(lambda: _seen(lambda: self.injector.in_force(undo)), self.in_force_within_s)
            assert proof.holds, f"not in force: {proof.seen}"
            assert proof.seen
            if not self.is_momentary:
                assert not _seen(lambda: self.injector.gone(undo)), "gone while it is in force"
                self._ask_witness("proven in force", hurts=True)
        return undo

    def healed(self, undo: Undo) -> Proof:
        """As the engine does it: again and again, until it is gone."""

        def heal_and_look() -> Proof:
            self.injector.heal(undo)
            return self.injector.gone(undo)

        return self._gone(heal_and_look)

    def await_gone(self, undo: Undo) -> Proof:
        """Nobody heals it any more."""
        return self._gone(lambda: self.injector.gone(undo))

    @contextmanager
    def healing_what_fails(self, undo: Undo, restore: Callable[[], None] = _nothing) -> Iterator[None]:
        """The next test must not pay for it. What failed is what is raised, whatever fails here."""

        def heal() -> Proof:
            self.injector.heal(undo)
            return Proof(holds=True, seen="healed")

        try:
            yield
        except BaseException:
            with suppress(Exception):
                restore()
            with suppress(Exception):
                await_proof(lambda: _seen(heal), self.gone_within_s)
            raise

    def _gone(self, look: Callable[[], Proof]) -> Proof:
        proof = await_proof(lambda: _seen(look), self.gone_within_s)
        assert proof.holds, f"not gone: {proof.seen}"
        self._ask_witness("proven gone", hurts=False)
        return proof

    def _ask_witness(self, after: str, *, hurts: bool) -> None:
        if self.hurts is not None:
            assert self.hurts() == hurts, f"{after}, but `hurts` says {not hurts}"


def _seen(look: Callable[[], Proof]) -> Proof:
    """What does not answer is not proven yet."""
    try:
        return look()
    except ChaosAuraError as cause:
        return Proof(holds=False, seen=str(cause))


def _why_not_ended(case: Case, without: str) -> str:
    assert case.why_not_ended, f"a case without `{without}` says why"
    return case.why_not_ended


class InjectorContract:
    """Subclass it, and give it a fixture named `case`."""

    def test_it_says_who_it_is(self, case: Case) -> None:
        assert isinstance(case.injector, Injector)
        assert case.injector.name
        assert case.fault.kind in case.injector.kinds
        assert case.injector.settle_s >= 0

    def test_it_can(self, case: Case) -> None:
        capability = case.injector.can(case.fault, case.target)
        assert capability.can, capability.why

    def test_it_says_what_it_writes(self, case: Case) -> None:
        footprint = case.injector.footprint(case.fault, case.target)
        assert footprint.writes
        assert footprint == case.injector.footprint(case.fault, case.target)

    def test_preparing_has_no_effect(self, case: Case) -> None:
        undo = case.prepared()
        with case.healing_what_fails(undo):
            proof = case.injector.in_force(undo)
            assert not proof, f"in force: {proof.seen}"
            assert undo.touches

    def test_it_is_proven_in_force_and_gone(self, case: Case) -> None:
        undo = case.injected()
        with case.healing_what_fails(undo):
            case.healed(undo)
            assert case.is_momentary or not case.injector.in_force(undo)

    def test_it_heals_twice(self, case: Case, request: Any) -> None:
        undo = case.injected()
        with case.healing_what_fails(undo):
            case.healed(undo)
            case.healed(undo)
        if case.is_momentary:
            say_not_tried(_WAS_OVER, request)

    def test_it_heals_what_was_never_injected(self, case: Case) -> None:
        undo = case.prepared()
        with case.healing_what_fails(undo):
            case.healed(undo)

    def test_it_heals_from_another_process(self, case: Case, request: Any) -> None:
        undo = case.injected()
        with case.healing_what_fails(undo):
            _heal_elsewhere(case, undo)
            case.await_gone(undo)
            assert case.is_momentary or not case.injector.in_force(undo)
        if case.is_momentary:
            say_not_tried(_WAS_OVER, request)

    def test_it_heals_when_the_target_was_restarted(self, case: Case, request: Any) -> None:
        if case.restart is None:
            say_not_tried(_why_not_ended(case, "restart"), request)
            return
        undo = case.injected()
        with case.healing_what_fails(undo, case.restore):
            case.restart()
            case.healed(undo)
        case.restore()

    def test_it_heals_when_the_target_is_gone(self, case: Case, request: Any) -> None:
        """What outlives the target need only be healed when that is back, unless it `heals_without_target`."""
        if case.remove is None:
            say_not_tried(_why_not_ended(case, "remove"), request)
            return
        undo = case.injected()
        with case.healing_what_fails(undo, case.restore):
            case.remove()
            if case.heals_without_target or not case.stays_when_restarted:
                case.healed(undo)
            case.restore()
            if case.heals_without_target:
                case.await_gone(undo)  # nothing of it has come back with the target
            case.healed(undo)


def _heal_elsewhere(case: Case, undo: Undo) -> None:
    """With the undo alone, as the reaper would."""
    kind = type(case.injector)
    told = {"module": kind.__module__, "name": kind.__name__, "home": case.home, "undo": undo.to_dict()}
    healer = subprocess.run(
        [sys.executable, "-P", "-c", _HEALER],
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=_PROCESS_WITHIN_S,
        check=False,
    )
    assert healer.returncode == 0, healer.stderr
