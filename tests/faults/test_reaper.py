"""Whatever happens to who injected: the fault goes away, and the reaper after it."""

import os
import signal
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from awaiting import wait_until
from controlling import Controller, controller
from fake_home import FakeHome, kill_with_its_reaper
from hurting import is_stopped
from local_stack import processes_in

from chaos_aura.core.boot import since_boot_s
from chaos_aura.core.errors import ReaperMissing
from chaos_aura.core.lease import LeaseState
from chaos_aura.core.process import ProcessId
from chaos_aura.core.signature import signer
from chaos_aura.faults.place import REAPER_LOCK
from chaos_aura.faults.reaper.launch import launch
from chaos_aura.faults.reaper.link import ReaperLink
from chaos_aura.faults.reaper.mending import watch_over_what_is_left

GONE_WITHIN_S = 30  # on a busy machine; the benchmark measures it
_BEFORE_IT_HAS_HUNG_S = 20  # then the reaper takes another healer


def reaper(home: FakeHome) -> ProcessId | None:
    return signer(home.ground.folder / REAPER_LOCK)


def reapers(home: FakeHome) -> list[ProcessId]:
    """All that live, by the folder in which they work: also one that nobody reaches."""
    return [process for process, line in processes_in(home.ground.folder).items() if "/reaper/main.py " in line]


def is_over(home: FakeHome) -> bool:
    return not home.fake.struck() and not home.ledger.open_leases()


def await_over(home: FakeHome) -> None:
    wait_until(lambda: is_over(home), GONE_WITHIN_S, f"all is healed: {home.ledger.open_leases()}")


@pytest.mark.parametrize("halt", ["inject", "prove", "in_force", "heal"])
def test_a_killed_controller_leaves_nothing(home: FakeHome, halt: str) -> None:
    with controller(home.home, home.environ, halt, "pretend", "neo4j", "60") as one:
        assert one.await_step(halt) == halt
        [lease] = home.ledger.open_leases()
        assert home.fake.struck() == (set() if halt == "inject" else {lease.id})
        one.process.kill()
        one.process.wait()
        await_over(home)
    assert home.ledger.leases()[lease.id].state is LeaseState.HEALED


def test_a_request_that_outlives_its_controller_is_healed_again(home: FakeHome) -> None:
    """It takes effect after the controller has died and after the first heal."""
    await_what_is_late(home)
    home.fake.tell("inject", "late")
    home.fake.tell("heal", "hang 60")  # so that the controller does not heal it itself
    with controller(home.home, home.environ, "none", "pretend", "neo4j", "60") as one:
        wait_until(home.fake.hangs, 30, "the controller has had no answer")
        [lease] = home.ledger.open_leases()
        assert "late" in commands_that_name(lease.id)  # it waits for the first heal
        home.fake.forget("heal")
        one.process.kill()
        one.process.wait()
        wait_until(home.fake.late, GONE_WITHIN_S, "the reaper has healed it, and the request has taken effect")
        await_over(home)


_SETTLING = """
import time
from chaos_aura.faults.fake import FakeInjector

class Settling(FakeInjector):
    looks = 0

    def gone(self, undo):
        self.looks += 1
        until_s = time.monotonic() + 20
        while self.looks == 2 and not self.late() and time.monotonic() < until_s:
            time.sleep(0.01)
        return super().gone(undo)
"""


def await_what_is_late(home: FakeHome) -> None:
    """The second look of a process is one after the late request, however long that needs on a busy machine."""
    plug_ins = Path(home.environ["PYTHONPATH"])
    (plug_ins / "settling.py").write_text(_SETTLING)
    [entry] = plug_ins.glob("*.dist-info/entry_points.txt")
    entry.write_text(entry.read_text().replace("chaos_aura.faults.fake:FakeInjector", "settling:Settling"))


def commands_that_name(word: str) -> str:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(path.read_text(errors="replace").replace("\0", " "))
    return " ".join(line for line in found if word in line)


def test_a_fault_ends_on_time_although_its_owner_is_stopped(home: FakeHome) -> None:
    home.fake.tell("heal", "hang 20")  # so that it does not end before the owner is stopped
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "4") as one:
        one.await_step("in_force")
        owner = stopped(one)
        wait_until(home.fake.hangs, GONE_WITHIN_S, "the reaper ends it")
        assert home.fake.struck()
        home.fake.forget("heal")
        home.fake.go_on()
        await_over(home)
        assert is_stopped(owner)


def stopped(one: Controller) -> ProcessId:
    """With each of its threads."""
    owner = ProcessId.of(one.process.pid)
    assert owner
    os.kill(owner.pid, signal.SIGSTOP)
    wait_until(lambda: is_stopped(owner), GONE_WITHIN_S, "it is stopped")
    return owner


def let_its_time_be_over(home: FakeHome) -> None:
    [lease] = home.ledger.open_leases()
    home.ledger.change(lease, lease.state, ends_s=since_boot_s())


def test_an_owner_stopped_before_it_injects_cannot_inject_after_the_end(home: FakeHome) -> None:
    with controller(home.home, home.environ, "inject", "pretend", "neo4j", "60") as one:
        one.await_step("inject")
        stopped(one)
        let_its_time_be_over(home)
        wait_until(lambda: home.ledger.open_leases()[0].revoked, GONE_WITHIN_S, "its lease is revoked")
        one.go_on()
        os.kill(one.process.pid, signal.SIGCONT)
        said = one.await_step("healed")
        assert said.startswith("failed pretend of neo4j: ")
        await_over(home)


def test_a_lease_that_its_living_owner_may_still_inject_is_not_closed(home: FakeHome) -> None:
    with controller(home.home, home.environ, "inject", "pretend", "neo4j", "60") as one:
        one.await_step("inject")
        let_its_time_be_over(home)
        wait_until(lambda: "could still inject" in home.ledger.open_leases()[0].why, GONE_WITHIN_S, "it is guarded")
        struck = home.ground.folder / "fake" / "struck"
        struck.mkdir(parents=True, exist_ok=True)
        (struck / home.ledger.open_leases()[0].id).touch()  # as its request would
        wait_until(lambda: not home.fake.struck(), GONE_WITHIN_S, "it is healed again")
        assert home.ledger.open_leases()
        one.process.kill()
        one.process.wait()
        await_over(home)


def test_what_an_owner_has_given_up_is_closed_while_it_lives(home: FakeHome) -> None:
    """It could neither prove nor heal it, and will not inject it any more."""
    home.fake.tell("in_force", "no")
    home.fake.tell("heal", "fail somebody holds it")
    with controller(home.home, home.environ, "healed", "pretend", "neo4j", "60", "within_s=0.5") as one:
        assert "somebody holds it" in one.await_step("failed")
        assert [lease.state for lease in home.ledger.open_leases()] == [LeaseState.STUCK]
        home.fake.forget("heal")
        wait_until(lambda: is_over(home), 30, "the reaper has closed it")
        assert one.process.poll() is None


def test_a_killed_reaper_is_replaced_by_the_living_owner(home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        first = reaper(home)
        assert first
        os.kill(first.pid, signal.SIGKILL)
        wait_until(lambda: reaper(home) not in (None, first), GONE_WITHIN_S, "another reaper is there")
        one.process.kill()
        one.process.wait()
        await_over(home)


def test_when_owner_and_reaper_are_killed_the_next_command_mends_it(home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        kill_with_its_reaper(home, one)
        assert home.fake.struck()
        assert watch_over_what_is_left(home.home)
        await_over(home)
        assert not watch_over_what_is_left(home.home)


def test_the_reaper_ends_when_nothing_is_left_to_guard(home: FakeHome) -> None:
    with controller(home.home, home.environ, "none", "pretend", "neo4j", "60") as one:
        assert one.await_step("healed") == "healed"
        one.process.wait()
        wait_until(lambda: reaper(home) is None, GONE_WITHIN_S, "the reaper has ended")


def test_what_cannot_be_healed_is_tried_again_until_it_can(home: FakeHome) -> None:
    home.fake.tell("heal", "fail somebody holds it")
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        one.process.kill()
        one.process.wait()
        wait_until(lambda: home.ledger.open_leases()[0].state is LeaseState.STUCK, 30, "it is stuck")
        assert "somebody holds it" in home.ledger.open_leases()[0].why
        assert home.fake.struck()
        home.fake.forget("heal")
        await_over(home)


def test_a_mechanism_that_hangs_does_not_keep_others_from_healing(home: FakeHome) -> None:
    """One heal hangs; the owner of another lease dies meanwhile."""
    home.fake.tell("heal", "hang 60")
    with (
        controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one,
        controller(home.home, home.environ, "in_force", "pretend", "redis", "60") as other,
    ):
        one.await_step("in_force")
        other.await_step("in_force")
        [first, second] = home.ledger.open_leases()
        one.process.kill()
        wait_until(home.fake.hangs, GONE_WITHIN_S, "the first heal hangs")
        home.fake.forget("heal")
        other.process.kill()
        last = second if first.fault.target == "neo4j" else first
        is_healed = "the other is healed, the first still hangs"
        wait_until(lambda: not home.ledger.leases()[last.id].is_open, _BEFORE_IT_HAS_HUNG_S, is_healed)
        assert len(home.ledger.open_leases()) == 1
        home.fake.go_on()
        wait_until(lambda: is_over(home), 30, "both are healed")


def test_a_killed_healer_is_replaced(home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        guard = reaper(home)
        assert guard
        healer = int(Path(f"/proc/{guard.pid}/task/{guard.pid}/children").read_text().split()[0])
        os.kill(healer, signal.SIGKILL)
        one.process.kill()
        one.process.wait()
        await_over(home)


def test_leases_of_another_life_of_the_machine_are_healed(home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        guard = reaper(home)
        assert guard
        stopped(one)  # or it would start another
        os.kill(guard.pid, signal.SIGKILL)
        wait_until(lambda: not guard.is_alive(), GONE_WITHIN_S, "the reaper is dead")
        content = home.ledger.path.read_text()
        [lease] = home.ledger.open_leases()
        home.ledger.path.write_text(content.replace(lease.owner.boot, "another"))
        assert watch_over_what_is_left(home.home)
        await_over(home)


def test_many_at_once_start_one_reaper(home: FakeHome) -> None:
    links = [ReaperLink(home.home) for _ in range(6)]
    threads = [threading.Thread(target=link.ready) for link in links]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    guard = reaper(home)
    assert guard
    wait_until(lambda: reapers(home) == [guard], GONE_WITHIN_S, "those that came too late have ended")
    launch(home.home)
    assert reaper(home) == guard
    wait_until(lambda: reapers(home) == [guard], GONE_WITHIN_S, "one more has ended")
    for link in links:
        link.close()
    wait_until(lambda: not guard.is_alive(), GONE_WITHIN_S, "it has ended")


def test_a_reaper_that_is_stopped_is_named_and_nothing_is_injected(home: FakeHome) -> None:
    link = ReaperLink(home.home)
    link.ready()
    guard = reaper(home)
    assert guard
    os.kill(guard.pid, signal.SIGSTOP)
    try:
        with pytest.raises(ReaperMissing, match=f"process {guard.pid} did not acknowledge"):
            ReaperLink(home.home, acknowledged_within_s=0.3).ready()
    finally:
        os.kill(guard.pid, signal.SIGCONT)
        link.close()
    wait_until(lambda: not guard.is_alive(), GONE_WITHIN_S, "it has ended")


def test_a_signal_to_its_whole_session_does_not_end_it(home: FakeHome) -> None:
    with controller(home.home, home.environ, "in_force", "pretend", "neo4j", "60") as one:
        one.await_step("in_force")
        guard = reaper(home)
        assert guard
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.killpg(os.getpgid(guard.pid), number)
        link = ReaperLink(home.home)
        link.ready()  # a round trip: what it was sent has reached it
        link.close()
        assert reaper(home) == guard
        assert os.getsid(guard.pid) != os.getsid(one.process.pid)
        one.process.kill()
        one.process.wait()
        await_over(home)


def test_the_reaper_needs_nothing_that_is_installed(home: FakeHome) -> None:
    link = ReaperLink(home.home)
    link.ready()
    guard = reaper(home)
    assert guard
    assert "site-packages" not in Path(f"/proc/{guard.pid}/maps").read_text()
    assert {"-I", "-S"} <= set(Path(f"/proc/{guard.pid}/cmdline").read_text().split("\0"))
    link.close()
    wait_until(lambda: not guard.is_alive(), GONE_WITHIN_S, "it has ended")
