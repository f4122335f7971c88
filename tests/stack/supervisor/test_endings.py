"""However a supervisor ends, nothing it started lives on, and the next one can start."""

import os
import shutil
import signal
import socket
from contextlib import suppress
from pathlib import Path

import pytest
from awaiting import wait_until
from supervised import PATIENCE_S, Home

from chaos_aura.core.errors import StackDown
from chaos_aura.core.process import ProcessId
from chaos_aura.stack import ports
from chaos_aura.supervision.place import CATALOGUE, LOCK, SOCKET
from chaos_aura.supervision.state import ChildState

# One grandchild in the child's own group, one that has left it for a session of its own, each with a child.
_FAMILY = "sh -c 'sleep 1001 & wait' & setsid sh -c 'sleep 1002 & wait' & wait"


def _await_family(home: Home) -> None:
    wait_until(lambda: sum("sleep 100" in line for line in home.processes().values()) >= 4, PATIENCE_S, "a family")


def test_killed_it_takes_everyone_along(home: Home) -> None:
    home.launch(home.program("a", "sh", "-c", _FAMILY), home.program("b"))
    _await_family(home)
    os.kill(home.client.pid(), signal.SIGKILL)
    home.await_nothing_left()
    assert home.file(SOCKET).exists()


def test_killed_its_children_die_with_it_even_without_the_keeper(home: Home) -> None:
    home.launch(home.program("a"), home.program("b"))
    a, b, supervisor = home.await_running("a"), home.await_running("b"), home.client.pid()
    keeper = _parent(supervisor)
    os.kill(keeper, signal.SIGSTOP)
    os.kill(supervisor, signal.SIGKILL)
    wait_until(lambda: not a.is_alive() and not b.is_alive(), PATIENCE_S, "both children are gone")
    os.kill(keeper, signal.SIGCONT)
    home.await_nothing_left()


def test_a_killed_keeper_takes_the_supervisor_along(home: Home) -> None:
    home.launch(home.program("a"))
    home.await_running("a")
    os.kill(_parent(home.client.pid()), signal.SIGKILL)
    home.await_nothing_left()
    home.launch(home.program("a"))
    home.await_running("a")


def test_after_a_kill_the_next_launch_works_at_once(home: Home) -> None:
    for _ in range(5):
        home.launch(home.program("a", "sh", "-c", _FAMILY))
        _await_family(home)
        before = set(home.processes())
        os.kill(home.client.pid(), signal.SIGKILL)
        home.launch(home.program("b"))
        # Those that still have memory: without, and without the lock, one is gone but for its number.
        assert not before & set(home.processes())
        home.client.shut_down(PATIENCE_S)


def test_told_to_end_it_ends_its_children_gracefully(home: Home) -> None:
    polite = "trap 'echo left > word; exit 0' TERM; echo ready > ready; while true; do sleep 0.02; done"
    home.launch(home.program("a", "bash", "-c", polite, grace_s=PATIENCE_S), home.program("b", "sh", "-c", _FAMILY))
    home.await_file("ready")
    _await_family(home)
    os.kill(home.client.pid(), signal.SIGTERM)
    home.await_nothing_left()
    assert home.file("word").read_text(encoding="utf-8") == "left\n"
    assert not home.file(SOCKET).exists()
    assert "a: stopped (exited with 0)" in home.log("supervisor")


def test_told_to_end_it_kills_what_does_not_obey(home: Home) -> None:
    stubborn = "trap '' TERM; echo ready > ready; while true; do sleep 0.05; done"
    home.launch(home.program("a", "bash", "-c", stubborn, grace_s=0.3))
    home.await_file("ready")
    os.kill(home.client.pid(), signal.SIGTERM)
    home.await_nothing_left()
    assert "a: stopped (killed by SIGKILL)" in home.log("supervisor")


def test_those_that_end_first_are_gone_before_the_others_are_told(home: Home) -> None:
    """What they still have to do needs the others, which are told only then, and started again until then."""
    needed = "trap 'echo told >> needed; exit 0' TERM; echo ready > ready-NAME; while true; do sleep 0.02; done"
    needing = "trap 'sleep 0.5; cat needed > seen-NAME; echo done >> needed; exit 0' TERM; echo ready > ready-NAME;"
    needing += " while true; do sleep 0.02; done"
    home.file("needed").write_text("quiet\n", encoding="utf-8")
    home.launch(
        home.program("server", "bash", "-c", needed.replace("NAME", "server"), grace_s=PATIENCE_S),
        *(
            home.program(name, "bash", "-c", needing.replace("NAME", name), grace_s=PATIENCE_S, ends_first=True)
            for name in ("client", "other")
        ),
        home.program("spare", starts=False, ends_first=True),
    )
    for name in ("server", "client", "other"):
        home.await_file(f"ready-{name}")
    home.client.shut_down(PATIENCE_S)
    assert home.file("seen-client").read_text(encoding="utf-8").splitlines()[0] == "quiet"
    assert home.file("needed").read_text(encoding="utf-8") == "quiet\ndone\ndone\ntold\n"


def test_one_that_ends_first_and_does_not_obey_does_not_keep_the_others(home: Home) -> None:
    stubborn = "trap '' TERM; echo ready > ready; while true; do sleep 0.05; done"
    polite = "trap 'echo left > word; exit 0' TERM; echo ready > hears; while true; do sleep 0.02; done"
    home.launch(
        home.program("client", "bash", "-c", stubborn, grace_s=0.3, ends_first=True),
        home.program("broken", "/nowhere/at/all", ends_first=True),
        home.program("server", "bash", "-c", polite, grace_s=PATIENCE_S),
    )
    home.await_file("ready")
    home.await_file("hears")
    home.await_child("broken", lambda child: child.restarts >= 1, "waits")
    os.kill(home.client.pid(), signal.SIGTERM)
    home.await_nothing_left()
    assert home.file("word").read_text(encoding="utf-8") == "left\n"
    assert "client: stopped (killed by SIGKILL)" in home.log("supervisor")


def test_told_twice_a_child_is_told_once(home: Home) -> None:
    counting = "trap 'echo told >> word' TERM; echo ready > ready; until [ -s go ]; do sleep 0.02; done"
    home.launch(home.program("a", "bash", "-c", counting, grace_s=PATIENCE_S, ends_first=True))
    home.await_file("ready")
    supervisor = home.client.pid()
    for _ in range(3):
        os.kill(supervisor, signal.SIGTERM)
        home.await_state("a", ChildState.STOPPING)
    home.await_file("word")
    home.file("go").write_text("go", encoding="utf-8")
    home.await_nothing_left()
    assert home.file("word").read_text(encoding="utf-8") == "told\n"


def test_told_to_end_while_a_child_waits(home: Home) -> None:
    home.launch(home.program("a", "/nowhere/at/all"))
    home.await_child("a", lambda child: child.restarts >= 2, "waits")
    os.kill(home.client.pid(), signal.SIGTERM)
    home.await_nothing_left()


def test_a_hang_up_is_ignored_but_not_by_the_children(home: Home) -> None:
    home.launch(home.program("a"))
    process, pid = home.await_running("a"), home.client.pid()
    os.kill(pid, signal.SIGHUP)
    os.kill(_parent(pid), signal.SIGHUP)
    assert home.client.pid() == pid
    assert home.child("a").process == process
    os.kill(process.pid, signal.SIGHUP)
    home.await_child("a", lambda child: child.last_end == "killed by SIGHUP", "heard it")


def test_shut_down_leaves_no_process_socket_or_port(home: Home) -> None:
    reservation = _reservation()
    taken = reservation.ports
    home.launch(home.program("a", "sh", "-c", _FAMILY), inherit=reservation.descriptors)
    reservation.release()
    _await_family(home)
    assert not any(_is_unreserved(port) for port in taken)
    home.client.shut_down(PATIENCE_S)
    assert home.processes() == {}
    assert not home.file(SOCKET).exists()
    assert all(_is_unreserved(port) for port in taken)
    with pytest.raises(StackDown, match=r"^stack of .*: is not running; run: chaos-aura up$"):
        home.client.children()


def test_killed_it_frees_its_ports(home: Home) -> None:
    reservation = _reservation()
    taken = reservation.ports
    home.launch(home.program("a"), inherit=reservation.descriptors)
    reservation.release()
    os.kill(home.client.pid(), signal.SIGKILL)
    wait_until(lambda: all(_is_unreserved(port) for port in taken), PATIENCE_S, "the ports are free")


def test_a_child_inherits_nothing_but_its_log(home: Home) -> None:
    reservation = _reservation()
    home.launch(home.program("a"), inherit=reservation.descriptors)
    home.client.run_job(home.program("job", is_job=True))
    keeper = _parent(home.client.pid())
    reservation.release()
    for name in ("a", "job"):
        log = str(home.file(f"logs/{name}.log"))
        child, inherited = home.await_running(name).pid, {0: "/dev/null", 1: log, 2: log}
        # What it opens itself as it begins, such as a library, it closes again.
        wait_until(lambda pid=child, files=inherited: _open_files(pid) == files, PATIENCE_S, f"{name} has its log only")
    lock = str(home.file("supervisor.lock"))
    wait_until(lambda: _held_beyond_output(keeper) == [lock], PATIENCE_S, "the keeper holding the lock only")


def test_a_child_ignores_and_blocks_no_signal(home: Home) -> None:
    with home.launching(home.program("a"), preexec_fn=_deafen):
        process = wait_until(lambda: home.client.is_running() and home.child("a").process, PATIENCE_S, "it runs")
        assert isinstance(process, ProcessId)
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        masks = dict(line.split(":\t") for line in status.splitlines() if line.startswith(("SigIgn", "SigBlk")))
        # Signals 32 and 33 are the C library's own: no program can set them, so whoever runs the tests decides.
        own_bits = ~(0b11 << 31)
        assert {name: int(mask, 16) & own_bits for name, mask in masks.items()} == {"SigIgn": 0, "SigBlk": 0}
        os.kill(home.client.pid(), signal.SIGTERM)
        wait_until(lambda: not home.client.is_running(), PATIENCE_S, "it ended though its launcher was deaf")


def test_a_removed_folder_ends_what_nobody_could_reach(home: Home) -> None:
    home.launch(home.program("a", "sh", "-c", _FAMILY))
    _await_family(home)
    shutil.rmtree(home.folder)
    home.await_nothing_left()


def test_the_catalogue_goes_with_the_last_child(home: Home) -> None:
    """Whoever finds one must be able to believe it."""
    catalogue = home.file(CATALOGUE)
    catalogue.write_text("{}", encoding="utf-8")
    seen = f"trap 'ls {CATALOGUE} > seen; exit 0' TERM; echo ready > ready; while true; do sleep 0.02; done"
    home.launch(home.program("a", "bash", "-c", seen, grace_s=PATIENCE_S))
    home.await_file("ready")
    os.kill(home.client.pid(), signal.SIGTERM)
    home.await_nothing_left()
    assert home.file("seen").read_text(encoding="utf-8") == f"{CATALOGUE}\n"
    assert not catalogue.exists()


def test_a_catalogue_left_by_a_kill_is_known_by_the_lock(home: Home) -> None:
    home.file(CATALOGUE).write_text("{}", encoding="utf-8")
    home.launch(home.program("a"))
    named = ProcessId.parse(home.file(LOCK).read_text(encoding="utf-8"))
    assert named == ProcessId.of(home.client.pid())
    os.kill(named.pid, signal.SIGKILL)
    home.await_nothing_left()
    assert home.file(CATALOGUE).exists()
    assert not ProcessId.parse(home.file(LOCK).read_text(encoding="utf-8")).is_alive()


def test_states_survive_a_busy_start(home: Home) -> None:
    home.launch(*(home.program(f"p{number}") for number in range(20)))
    for number in range(20):
        assert home.await_state(f"p{number}", ChildState.RUNNING).process


def _deafen() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGCHLD, signal.SIGUSR1})


def _reservation() -> ports.Reservation:
    """Of numbers that are no ports: one that is, another stack may choose as soon as it is free."""
    marks, first = {}, 100_000 + 3 * os.getpid()
    for port in range(first, first + 3):
        marks[port] = socket.socket(socket.AF_UNIX)
        marks[port].bind(_mark(port))
    return ports.Reservation(marks)


def _mark(port: int) -> str:
    return f"\0chaos-aura-port-{port}"


def _is_unreserved(port: int) -> bool:
    with socket.socket(socket.AF_UNIX) as mark:
        try:
            mark.bind(_mark(port))
        except OSError:
            return False
        return True


def _parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[1])


def _held_beyond_output(pid: int) -> list[str]:
    held = _open_files(pid)
    assert {0, 1, 2} <= held.keys()
    return [path for number, path in held.items() if number > 2]


def _open_files(pid: int) -> dict[int, str]:
    """But for one that is closed just then: a keeper that has just started reads its own code."""
    held = {}
    for entry in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            held[int(entry.name)] = str(entry.readlink())
    return held
