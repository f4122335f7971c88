"""What stress does to the machine, when it is refused, and that its proofs can fail."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from awaiting import wait_until
from lasting_cases import WITHIN_S, fault_of, held_still, helper_of, in_force, injected, must_hold
from standing_reaper import helpers_in, standing_reaper

from chaos_aura.core.address import Address, on_loopback
from chaos_aura.core.boot import since_boot_s
from chaos_aura.core.catalogue import Edge, Service
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault, Undo
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.lasting import place
from chaos_aura.faults.lasting.report import figures_of
from injectors.stress import StressInjector
from injectors.stress.memory import available_mb

HERE = Service("redis", on_loopback(9), "redis", "")
ELSEWHERE = Service("redis", Address("192.0.2.1", 6379), "redis", "")
EDGE = Edge("worker", "redis", on_loopback(9), on_loopback(10), "redis")
_LIMITED = """
import resource, sys
from pathlib import Path
from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import Service
from chaos_aura.core.fault import Fault
from chaos_aura.faults.ground import Ground
from injectors.stress import StressInjector
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
fault = Fault("connection_flood", "redis", {"connections": 100}, 5)
print(StressInjector(Ground(Path("."), {})).can(fault, Service("redis", on_loopback(9), "redis", "")))
"""


@pytest.fixture
def ground(tmp_path: Path) -> Iterator[Ground]:
    one = Ground(tmp_path / ".chaos-aura", dict(os.environ))
    with standing_reaper(one.home):
        yield one
    assert not helpers_in(one.home)


@pytest.fixture
def stress(ground: Ground) -> StressInjector:
    return StressInjector(ground)


@pytest.fixture
def reaper(ground: Ground) -> int:
    return int((ground.folder / "reaper.lock").read_text().partition("@")[0])


BURN = fault_of("cpu_burn", cores=1, percent=30)
FILL = fault_of("memory_fill", size_mb=48)
CHURN = fault_of("process_churn", rate_per_s=40)


class _Server:
    """Takes connections, closes each of the first so many at once, and each that is one too many."""

    def __init__(self, closes: float, holds: float) -> None:
        self._closes, self._holds, self.held = closes, holds, list[socket.socket]()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.service = Service("redis", on_loopback(self._listener.getsockname()[1]), "redis", "")
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                one, _ = self._listener.accept()
            except OSError:
                return
            self._closes -= 1
            if self._closes >= 0 or len(self.held) >= self._holds:
                one.close()
            else:
                self.held.append(one)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()
        for one in self.held:
            one.close()


@contextmanager
def server(closes: float = 0, holds: float = float("inf")) -> Iterator[_Server]:
    one = _Server(closes, holds)
    try:
        yield one
    finally:
        one.close()


def test_a_burner_that_is_stopped_proves_nothing(stress: StressInjector) -> None:
    with in_force(stress, BURN, HERE) as undo:
        with held_still(helper_of(undo)):
            proof = stress.in_force(undo)
            assert not proof
            assert proof.seen.startswith("0 of 1 burners are busy")
        must_hold(stress, undo)


def test_all_processors_are_burnt_by_default(stress: StressInjector) -> None:
    with in_force(stress, fault_of("cpu_burn", percent=10), HERE) as undo:
        assert undo.data["cores"] == len(os.sched_getaffinity(0))
        assert must_hold(stress, undo).facts["burners"] == undo.data["cores"]


def test_a_part_of_a_processor_is_burnt_and_no_more(stress: StressInjector) -> None:
    with in_force(stress, BURN, HERE) as undo:
        helper = helper_of(undo)
        began_s, before = time.monotonic(), _ran_s(helper.pid)
        wait_until(lambda: _ran_s(helper.pid) > before + 0.3, WITHIN_S, "it has burnt for a while")
        used = (_ran_s(helper.pid) - before) / (time.monotonic() - began_s)
    assert used < 0.45


def _ran_s(pid: int) -> float:
    return sum(int((task / "schedstat").read_text().split()[0]) for task in Path(f"/proc/{pid}/task").iterdir()) / 1e9


def test_the_memory_is_really_taken(stress: StressInjector) -> None:
    with in_force(stress, FILL, HERE) as undo:
        proof = must_hold(stress, undo)
        assert 48 <= proof.facts["held_mb"] < 80
        helper = helper_of(undo)
    assert not helper.is_alive()


@pytest.mark.parametrize("fault", [BURN, FILL, CHURN], ids=lambda fault: fault.kind)
def test_a_killed_helper_is_not_in_force_and_leaves_nothing(
    stress: StressInjector, ground: Ground, fault: Fault
) -> None:
    with in_force(stress, fault, HERE) as undo:
        os.kill(helper_of(undo).pid, signal.SIGKILL)
        wait_until(lambda: not helpers_in(ground.home), WITHIN_S, "no process of it lives")
        proof = stress.in_force(undo)
        assert not proof
        assert proof.seen.startswith("no helper lives")


@pytest.mark.parametrize("fault", [BURN, FILL, CHURN], ids=lambda fault: fault.kind)
def test_it_ends_when_the_reaper_does(stress: StressInjector, ground: Ground, reaper: int, fault: Fault) -> None:
    undo = injected(stress, fault, HERE)
    must_hold(stress, undo)
    os.kill(reaper, signal.SIGKILL)
    wait_until(lambda: not helpers_in(ground.home), WITHIN_S, "every helper has ended, long before its time")
    assert stress.gone(undo)


def test_churn_is_counted_by_the_kernel_as_well(stress: StressInjector, ground: Ground) -> None:
    with in_force(stress, CHURN, HERE) as undo:
        before, began_s = must_hold(stress, undo).facts, since_boot_s()
        wait_until(lambda: told(ground, undo)["at_s"] > began_s, WITHIN_S, "it tells what it starts from now on")
        first = told(ground, undo)["started"]
        wait_until(lambda: stress.in_force(undo).facts.get("started", 0) > first + 20, WITHIN_S, "20 more")
        after = must_hold(stress, undo).facts
    assert after["started_on_machine"] - before["started_on_machine"] >= (after["started"] - first) * 0.8


def told(ground: Ground, undo: Undo) -> dict[str, float]:
    """By its helper, of itself."""
    return figures_of(ground, undo.data["lease"])


def test_churn_that_has_come_to_a_halt_is_not_in_force(stress: StressInjector) -> None:
    with in_force(stress, CHURN, HERE) as undo, held_still(helper_of(undo)):
        wait_until(lambda: not stress.in_force(undo), WITHIN_S, "its last report is too old")


def test_churn_that_is_much_less_than_asked_is_not_in_force(stress: StressInjector, ground: Ground) -> None:
    with in_force(stress, CHURN, HERE) as undo, held_still(helper_of(undo)):
        report = Path(place.report(str(ground.folder), undo.data["lease"]))
        at_s = since_boot_s() + WITHIN_S  # never too old, however long this takes
        report.write_text(f"started=900 window=65 window_s=2.0 at_s={at_s}", encoding="ascii")
        proof = stress.in_force(undo)
        assert not proof
        assert proof.seen.startswith("32 processes a second were started for 2.0 s, 40 were asked; ")
        assert proof.seen.endswith("ask for rate_per_s=29")
        report.write_text(f"started=900 window=72 window_s=2.0 at_s={at_s}", encoding="ascii")
        assert stress.in_force(undo)


@pytest.mark.alone
def test_so_much_churn_as_nobody_has_to_ask_for_is_reached(stress: StressInjector) -> None:
    with in_force(stress, fault_of("process_churn"), HERE) as undo:
        assert must_hold(stress, undo).facts["rate_per_s"] >= 178


def test_a_flood_holds_the_connections(stress: StressInjector) -> None:
    with server() as one, in_force(stress, fault_of("connection_flood", connections=30), one.service):
        wait_until(lambda: len(one.held) >= 30, WITHIN_S, "the server has all of them")


def test_a_flood_opens_again_what_is_closed(stress: StressInjector) -> None:
    with server(closes=40) as one, in_force(stress, fault_of("connection_flood", connections=30), one.service) as undo:
        wait_until(lambda: len(one.held) >= 30, WITHIN_S, "they were opened again")
        wait_until(lambda: stress.in_force(undo).facts["closed"] >= 40, WITHIN_S, "it tells of those that were closed")
        must_hold(stress, undo)


def test_a_flood_that_is_turned_away_is_not_in_force(stress: StressInjector) -> None:
    with server(closes=float("inf")) as one:
        undo = injected(stress, fault_of("connection_flood", connections=30), one.service)
        try:
            wait_until(lambda: stress.in_force(undo).facts.get("closed", 0) > 20, WITHIN_S, "some were turned away")
            seen = wait_until(lambda: why_not(stress, undo), WITHIN_S, "it is not in force")
            assert "were refused or closed by it" in seen
        finally:
            stress.heal(undo)


def test_a_flood_of_which_some_are_turned_away_is_not_in_force(stress: StressInjector) -> None:
    with server(holds=29) as one:
        undo = injected(stress, fault_of("connection_flood", connections=30), one.service)
        try:
            said = "29 of 30 connections to redis are established; "
            wait_until(lambda: why_not(stress, undo).startswith(said), WITHIN_S, "29 stand")
        finally:
            stress.heal(undo)


def why_not(stress: StressInjector, undo: Undo) -> str:
    """Nothing while it is in force: what a busy server is late to turn away does stand until then."""
    proof = stress.in_force(undo)
    return "" if proof else proof.seen


def test_no_more_connections_than_files(tmp_path: Path) -> None:
    answer = subprocess.run(
        [sys.executable, "-P", "-c", _LIMITED], capture_output=True, text=True, timeout=WITHIN_S, check=True
    ).stdout
    assert "can=False" in answer
    assert "a process may open 128 files here, too few for 100 connections" in answer
    assert "ask for connections=96 or fewer" in answer


@pytest.mark.parametrize(
    ("fault", "target", "why"),
    [
        (BURN, EDGE, "worker.redis is an edge"),
        (FILL, EDGE, "worker.redis is an edge"),
        (CHURN, EDGE, "worker.redis is an edge"),
        (BURN, ELSEWHERE, "redis is at 192.0.2.1"),
        (FILL, ELSEWHERE, "redis is at 192.0.2.1"),
        (CHURN, ELSEWHERE, "redis is at 192.0.2.1"),
        (fault_of("connection_flood"), ELSEWHERE, "redis is at 192.0.2.1"),
        (fault_of("cpu_burn", cores=1024), HERE, "processors, not 1024"),
        (fault_of("memory_fill", size_mb=1_000_000), HERE, "no room for 1000000 MB"),
    ],
)
def test_what_it_cannot_do_it_refuses_in_one_line(
    stress: StressInjector, ground: Ground, fault: Fault, target: Service | Edge, why: str
) -> None:
    capability = stress.can(fault, target)
    assert not capability
    assert why in capability.why
    assert capability.remedy
    with pytest.raises(TargetUnfit) as caught:
        stress.prepare(fault, target, new_lease_id())
    assert "\n" not in str(caught.value)
    assert not helpers_in(ground.home)


def test_some_memory_always_stays(stress: StressInjector) -> None:
    def answers() -> tuple[bool, bool] | None:
        """None when others took or gave back memory meanwhile."""
        before_mb = available_mb()
        most_mb = int(before_mb) - 256
        told = [stress.can(fault_of("memory_fill", size_mb=size_mb), HERE) for size_mb in (most_mb + 64, most_mb // 2)]
        return (told[0].can, told[1].can) if abs(available_mb() - before_mb) < 32 else None

    assert wait_until(answers, WITHIN_S, "so much memory is available for a moment") == (False, True)
