"""The sequence of one fault, its refusals, and that nothing is left when a step fails."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until
from controlling import controller
from fake_home import FakeHome, NoGuard
from full_disk import full, small_volume

from chaos_aura.core.errors import (
    BadInput,
    ChaosAuraError,
    FaultRefused,
    LedgerUnusable,
    NotHealed,
    NotInForce,
    PlugInBroken,
    ReaperMissing,
    TargetUnfit,
)
from chaos_aura.core.fault import Proof, Undo
from chaos_aura.core.lease import LeaseState
from chaos_aura.faults.engine import Engine
from chaos_aura.faults.fake import FakeInjector
from chaos_aura.faults.guard import Guard
from chaos_aura.faults.healing import Ending
from chaos_aura.faults.limits import Limits
from chaos_aura.faults.place import TIMELINE
from chaos_aura.faults.registry import Registry
from chaos_aura.record.timeline import read_timeline

_WITHIN_S = 30
_LOCKED = "is held by another process"


def events(home: FakeHome) -> list[str]:
    return [event["event"] for event in read_timeline(home.ground.folder / TIMELINE)]


def stepping(home: FakeHome, on_step: Callable[[str], None]) -> Engine:
    """One that tells what it is about to do."""
    return Engine(home.ground, Registry((home.fake,)), NoGuard(), limits=Limits(), on_step=on_step)


class Settling(FakeInjector):
    """Its second look is one after the late request, however long that needs on a busy machine."""

    looks = 0

    def gone(self, undo: Undo) -> Proof:
        self.looks += 1
        if self.looks == 2:
            wait_until(self.late, _WITHIN_S, "the request has taken effect")
        return super().gone(undo)


def test_a_fault_is_written_injected_proven_healed_and_proven_gone(home: FakeHome) -> None:
    engine = home.engine()
    lease = engine.inject(engine.fault("pretend", "neo4j"))
    assert lease.state is LeaseState.IN_FORCE
    assert home.fake.struck() == {lease.id}
    assert home.ledger.leases()[lease.id].state is LeaseState.IN_FORCE
    assert engine.prove(lease)
    [outcome] = engine.heal([lease])
    assert outcome.ending is Ending.HEALED
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()
    assert events(home) == [
        "fault.asked", "fault.prepared", "fault.lease_written", "fault.injected", "fault.in_force",
        "fault.still_in_force", "fault.heal_began", "fault.healed",
    ]  # fmt: skip


def test_each_step_has_its_time_and_its_lease(home: FakeHome) -> None:
    engine = home.engine()
    lease = engine.inject(engine.fault("pretend", "neo4j"))
    engine.heal([lease])
    lines = (home.ground.folder / TIMELINE).read_bytes().splitlines()
    told = [json.loads(line) for line in lines if line]
    assert {event["lease"] for event in told} == {lease.id}
    times = [event["monotonic_ns"] for event in told]
    assert times == sorted(set(times))


def test_the_lease_is_written_before_anything_is_injected(home: FakeHome) -> None:
    seen: dict[str, LeaseState] = {}

    class Looking(Guard):
        def look(self) -> None:
            seen.update({lease.id: lease.state for lease in home.ledger.open_leases()})
            assert not home.fake.struck()

    engine = home.engine(Looking())
    lease = engine.inject(engine.fault("pretend", "neo4j"))
    assert seen == {lease.id: LeaseState.INTENDED}
    engine.heal_mine()


def test_the_lease_is_on_the_disk_before_anything_is_injected(home: FakeHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it outlives a power failure. A folder too: what it named when the kernel had written it out."""
    on_disk: dict[Path, str] = {}
    before_inject: list[dict[Path, str]] = []
    fsync = os.fsync

    def noting(file: int) -> None:
        path = Path(f"/proc/self/fd/{file}").readlink()
        content = " ".join(each.name for each in path.iterdir()) if path.is_dir() else path.read_text()
        fsync(file)
        on_disk[path] = content

    monkeypatch.setattr(os, "fsync", noting)
    engine = stepping(home, lambda step: before_inject.append(dict(on_disk)) if step == "inject" else None)
    for _ in range(2):  # into a new ledger, and into one that is there
        lease = engine.inject(engine.fault("pretend", "neo4j"))
        seen = before_inject.pop()
        assert lease.id in seen[home.ledger.path]
        assert home.ledger.path.name in seen[home.ground.folder]
        engine.heal_mine()


def test_without_somebody_who_watches_nothing_is_injected(home: FakeHome) -> None:
    class Nobody(Guard):
        def ready(self) -> None:
            raise ReaperMissing("reaper", "is not there")

    engine = home.engine(Nobody())
    with pytest.raises(ReaperMissing):
        engine.inject(engine.fault("pretend", "neo4j"))
    assert home.fake.struck() == set()
    assert home.ledger.leases() == {}


@pytest.mark.parametrize(
    ("step", "what", "error"),
    [
        ("prepare", "fail no such thing", TargetUnfit),
        ("prepare", "crash", PlugInBroken),
        ("inject", "fail refused", TargetUnfit),
        ("inject", "crash", PlugInBroken),
        ("in_force", "no", NotInForce),
        ("in_force", "fail no answer", NotInForce),
        ("in_force", "crash", PlugInBroken),
    ],
)
def test_a_step_that_fails_leaves_nothing(home: FakeHome, step: str, what: str, error: type[ChaosAuraError]) -> None:
    home.fake.tell(step, what)
    engine = home.engine()
    with pytest.raises(error):
        engine.inject(engine.fault("pretend", "neo4j"))
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()


def test_a_request_that_takes_effect_after_its_heal_is_healed_again(home: FakeHome) -> None:
    home.fake.tell("inject", "late")
    engine = Engine(home.ground, Registry((Settling(home.ground),)), NoGuard(), limits=Limits())
    with pytest.raises(TargetUnfit, match="no answer"):
        engine.inject(engine.fault("pretend", "neo4j"))
    wait_until(home.fake.late, _WITHIN_S, "the request has taken effect")
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()


def test_what_can_be_neither_proven_nor_healed_is_said_and_stays_open(home: FakeHome) -> None:
    home.fake.tell("in_force", "fail no answer")
    home.fake.tell("heal", "crash beyond us")
    engine = home.engine()
    with pytest.raises(NotHealed, match=r"no answer.*beyond us.*chaos-aura heal"):
        engine.inject(engine.fault("pretend", "neo4j"))
    [lease] = home.ledger.open_leases()
    assert lease.state is LeaseState.STUCK
    assert lease.undo.by_hand.startswith("rm -f")
    home.fake.forget("heal")
    assert [outcome.ending for outcome in engine.heal(home.ledger.open_leases())] == [Ending.HEALED]
    assert home.fake.struck() == set()


def test_two_faults_that_write_the_same_are_refused_with_both_named(home: FakeHome) -> None:
    engine = home.engine()
    first = engine.inject(engine.fault("pretend", "neo4j"))
    with pytest.raises(FaultRefused) as refused:
        engine.inject(engine.fault("pretend", "neo4j", {"hurts": "redis"}))
    assert "pretend of neo4j" in str(refused.value)
    assert first.id in str(refused.value)
    assert home.fake.struck() == {first.id}
    engine.inject(engine.fault("pretend", "redis"))
    engine.heal_mine()
    assert home.fake.struck() == set()


def test_two_runs_that_clash_at_the_same_moment_get_one_fault(home: FakeHome) -> None:
    engines = [home.engine() for _ in range(6)]
    start = threading.Barrier(len(engines))
    results: list[object] = []

    def run(number: int) -> None:
        start.wait()
        while True:
            try:
                results.append(engines[number].inject(engines[number].fault("pretend", "neo4j")).id)
            except FaultRefused as refused:
                results.append(refused)
            except LedgerUnusable as held:  # for seconds, on a busy machine: it was not looked at
                if _LOCKED not in str(held):
                    raise
                continue
            break

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(engines))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(type(result).__name__ for result in results) == ["FaultRefused"] * 5 + ["str"]
    assert home.fake.struck() == {result for result in results if isinstance(result, str)}
    engines[0].heal_mine()


def test_of_two_processes_that_ask_for_the_same_at_the_same_moment_one_gets_it(home: FakeHome) -> None:
    with (
        controller(home.home, home.environ, "prepare", "pretend", "neo4j", "60") as one,
        controller(home.home, home.environ, "prepare", "pretend", "neo4j", "60") as other,
    ):
        both = (one, other)
        for each in both:  # neither has seen a lease of the other
            assert each.await_step("prepare") == "prepare"
        home.fake.tell("in_force", "hang 30")  # the first is not over before the second has its turn
        for each in both:
            each.go_on()
        wait_until(home.fake.hangs, _WITHIN_S, "one is in force")
        [lease] = home.ledger.open_leases()
        winner, loser = both if lease.owner.process.pid == one.process.pid else reversed(both)
        assert loser.await_step("in_force") == (
            "failed pretend of neo4j: it would write the nothing of neo4j, as pretend of neo4j does "
            f"(lease {lease.id}); wait for its end, or run: chaos-aura heal {lease.id}"
        )
        assert home.fake.struck() == {lease.id}
        home.fake.go_on()
        assert winner.await_step("in_force") == "in_force"
        assert winner.await_step("healed") == "healed"
        assert list(home.ledger.leases()) == [lease.id]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (("pretense", "neo4j", {}, 5), "pretense: no such kind of fault; there are: pretend"),
        (("pretend", "mongo", {}, 5), "mongo: no such target; there are: neo4j"),
        (("pretend", "neo4j", {"speed": 3}, 5), "pretend: has no parameter `speed`; there are: writes, hurts, needs"),
        (("pretend", "neo4j", {"writes": 3}, 5), "pretend, writes: must be a text, not 3"),
        (
            ("pretend", "neo4j", ["speed"], 5),
            "pretend: its parameters are ['speed'], not names with values; there are: ",
        ),
        (("pretend", "neo4j", "speed", 5), "pretend: its parameters are 'speed', not names with values"),
        (("pretend", "neo4j", {}, -1), "duration: -1 is no time"),
        (("pretend", "neo4j", {}, "soon"), "duration: 'soon' is no time that anything can last; give seconds"),
        (("pretend", "neo4j", {}, [10]), "duration: [10] is no time"),
        (("pretend", "neo4j", {}, True), "duration: True is no time"),
        (("pretend", "neo4j", {}, 10**400), "duration: 1000"),
        (("pretend", "neo4j", {}, "601"), "duration: 601 s is longer than longest_s = 600"),
        (("pretend", "neo4j", {}, float("inf")), "duration: inf is no time"),
        (("pretend", "neo4j", {}, 601), "duration: 601 s is longer than longest_s = 600"),
        (("latency", "neo4j", {}, 5), "latency: no injector for it is installed; install a plug-in that does it"),
        (("packet_loss", "neo4j", {}, 5), "packet_loss: no injector for it is installed; an injector on the kernel's "),
    ],
)
def test_wrong_input_is_one_line_and_touches_nothing(
    home: FakeHome, asked: tuple[str, str, Any, Any], says: str
) -> None:
    engine = home.engine()
    with pytest.raises(ChaosAuraError) as refused:
        engine.inject(engine.fault(*asked))
    assert str(refused.value).startswith(says)
    assert "\n" not in str(refused.value)
    assert home.ledger.leases() == {}
    assert home.fake.struck() == set()


def test_limits_hold_before_anything_is_touched(home: FakeHome) -> None:
    engine = home.engine(limits=Limits(forbidden_targets=("redis",), faults_at_once=1))
    with pytest.raises(FaultRefused, match="redis is forbidden"):
        engine.inject(engine.fault("pretend", "redis"))
    with pytest.raises(FaultRefused, match=r"worker\.redis is forbidden"):
        engine.inject(engine.fault("pretend", "worker.redis"))
    lease = engine.inject(engine.fault("pretend", "neo4j"))
    with pytest.raises(FaultRefused, match="faults_at_once = 1"):
        engine.inject(engine.fault("pretend", "kafka"))
    assert home.fake.struck() == {lease.id}
    engine.heal_mine()


@pytest.mark.parametrize("asked", [10, 10.0, "10", " 10 ", "1e1"])
def test_a_duration_may_be_a_text(home: FakeHome, asked: float | str) -> None:
    """As Chaos Toolkit hands over what it has put in for a variable."""
    assert home.engine().fault("pretend", "neo4j", lasts_s=asked).lasts_s == 10.0


def test_whom_a_fault_says_that_it_hurts_may_be_forbidden_too(home: FakeHome) -> None:
    engine = home.engine(limits=Limits(forbidden_targets=("redis",)))
    with pytest.raises(FaultRefused, match="redis, which it hurts, is forbidden: forbidden_targets has 'redis'"):
        engine.inject(engine.fault("pretend", "neo4j", {"hurts": "redis"}))
    assert home.ledger.leases() == {}
    engine.heal([engine.inject(engine.fault("pretend", "neo4j", {"hurts": "kafka"}))])


def test_limits_that_cannot_be_read_keep_nobody_from_healing(home: FakeHome) -> None:
    lease = home.engine().inject(home.engine().fault("pretend", "neo4j"))
    (home.root / "chaos-aura.toml").write_text("[limits\n")
    engine = Engine(home.ground, Registry((home.fake,)), NoGuard())
    with pytest.raises(BadInput, match="is not TOML"):
        engine.fault("pretend", "redis")
    assert [each.ending for each in engine.heal([lease])] == [Ending.HEALED]
    (home.root / "chaos-aura.toml").write_text("[limits]\ndefault_s = 7\n")
    assert engine.fault("pretend", "redis").lasts_s == 7


def test_a_plan_touches_nothing_and_tells_what_would_be_touched(home: FakeHome) -> None:
    plan = home.engine().plan(home.engine().fault("pretend", "neo4j"))
    assert plan.injector.name == "fake"
    assert plan.touches[0].startswith("writes ")
    assert home.ledger.leases() == {}
    assert home.fake.struck() == set()


@pytest.fixture
def small_disk(home: FakeHome) -> Iterator[None]:
    """Under all that is written about faults."""
    with small_volume(home.ground.folder):
        yield


@pytest.mark.usefixtures("small_disk")
def test_a_full_disk_while_the_lease_is_written_means_no_fault(home: FakeHome) -> None:
    engine = home.engine()
    engine.heal([engine.inject(engine.fault("pretend", "neo4j"))])
    with full(home.ledger.path, 200), pytest.raises(LedgerUnusable, match="nothing was injected") as refused:
        engine.inject(engine.fault("pretend", "neo4j"))
    assert "\n" not in str(refused.value)
    assert home.ledger.open_leases() == ()
    assert home.fake.struck() == set()
    lease = engine.inject(engine.fault("pretend", "neo4j"))
    assert [each.id for each in home.ledger.open_leases()] == [lease.id]
    engine.heal_mine()
    engine.close()


@pytest.mark.usefixtures("small_disk")
def test_a_disk_that_fills_after_the_lease_was_written_leaves_nothing_in_force(home: FakeHome) -> None:
    """That it is in force cannot be written down, so it must not be; and nobody says that it never was."""
    with ExitStack() as filled:
        struck: list[set[str]] = []

        def fill(step: str) -> None:
            if step == "prove":
                struck.append(home.fake.struck())
                filled.enter_context(full(home.ledger.path))

        engine = stepping(home, fill)
        with pytest.raises(LedgerUnusable) as failed:
            engine.inject(engine.fault("pretend", "neo4j"))
        assert [len(each) for each in struck] == [1]
        assert home.fake.struck() == set()
    told = str(failed.value)
    assert told.startswith(f"{home.ledger.path}: what became of pretend of neo4j (lease ")
    assert told.endswith("the fault is healed again")
    assert "nothing was injected" not in told
    assert "\n" not in told
    assert [each.ending for each in engine.heal_mine()] == [Ending.HEALED]
    assert home.ledger.open_leases() == ()
    engine.close()


def test_leases_are_healed_last_in_first_out_and_one_failure_stops_none(home: FakeHome) -> None:
    engine = home.engine()
    leases = [engine.inject(engine.fault("pretend", target)) for target in ("neo4j", "redis", "kafka")]
    (home.ground.folder / "fake" / "struck" / leases[1].id).unlink()
    (home.ground.folder / "fake" / "struck" / leases[1].id).mkdir()  # what cannot be unlinked
    outcomes = engine.heal(leases)
    assert [outcome.ending for outcome in outcomes] == [Ending.HEALED, Ending.STUCK, Ending.HEALED]
    healed = [e["lease"] for e in read_timeline(home.ground.folder / TIMELINE) if e["event"] == "fault.heal_began"]
    assert healed == [lease.id for lease in reversed(leases)]
    (home.ground.folder / "fake" / "struck" / leases[1].id).rmdir()
    assert engine.heal(leases)[0].ending is Ending.HEALED


def test_a_lease_that_needs_what_another_hurts_waits_for_it(home: FakeHome) -> None:
    engine = home.engine()
    needing = engine.inject(engine.fault("pretend", "redis", {"needs": "redis"}))
    hurting = engine.inject(engine.fault("pretend", "kafka", {"hurts": "redis"}))
    [outcome] = engine.heal([needing])
    assert outcome.ending is Ending.WAITING
    assert hurting.id in outcome.why
    assert needing.id in home.fake.struck()
    assert [each.ending for each in engine.heal([needing, hurting])] == [Ending.HEALED] * 2
    order = [e["lease"] for e in read_timeline(home.ground.folder / TIMELINE) if e["event"] == "fault.healed"]
    assert order == [hurting.id, needing.id]


def test_what_is_being_injected_in_another_thread_is_ended_with_the_rest(home: FakeHome) -> None:
    home.fake.tell("in_force", "no")
    engine = home.engine(proven_within_s=60)
    failed: list[BaseException] = []

    def inject() -> None:
        try:
            engine.inject(engine.fault("pretend", "neo4j", lasts_s=60))
        except ChaosAuraError as cause:
            failed.append(cause)

    thread = threading.Thread(target=inject)
    thread.start()
    while not home.fake.struck():
        assert thread.is_alive()
    engine.heal_mine()
    thread.join(_WITHIN_S)
    assert not thread.is_alive()
    assert isinstance(failed[0], NotInForce)
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()


def refuses(engine: Engine) -> bool:
    """Whatever is asked for now."""
    try:
        engine.heal([engine.inject(engine.fault("pretend", "redis"))])
    except NotInForce:
        return True
    return False


@pytest.mark.parametrize("step", ["prepare", "inject"])
def test_what_has_not_begun_yet_gives_up_when_all_is_ended(home: FakeHome, step: str) -> None:
    """Although there may be no lease of it yet that could be healed."""
    reached, go_on, failed = threading.Event(), threading.Event(), []

    def halt(name: str) -> None:
        if name == step and threading.current_thread() is injecting:
            reached.set()
            assert go_on.wait(2 * _WITHIN_S)

    engine = stepping(home, halt)

    def inject() -> None:
        try:
            engine.inject(engine.fault("pretend", "neo4j", lasts_s=60))
        except ChaosAuraError as cause:
            failed.append(cause)

    injecting, ending = threading.Thread(target=inject), threading.Thread(target=engine.heal_mine)
    injecting.start()
    assert reached.wait(_WITHIN_S)
    ending.start()
    wait_until(lambda: refuses(engine), _WITHIN_S, "all is being ended")
    ending.join(0.3)
    assert ending.is_alive()  # it waits for what is under way
    go_on.set()
    for thread in (injecting, ending):
        thread.join(_WITHIN_S)
        assert not thread.is_alive()
    assert [type(cause) for cause in failed] == [NotInForce]
    assert home.fake.struck() == set()
    assert home.ledger.open_leases() == ()
    engine.heal([engine.inject(engine.fault("pretend", "neo4j"))])  # what is asked for afterwards is another matter


def test_an_unknown_injector_is_named(home: FakeHome) -> None:
    engine = home.engine()
    with pytest.raises(BadInput, match="docker: no such injector; there are: fake"):
        engine.inject(engine.fault("pretend", "neo4j"), injector="docker")
