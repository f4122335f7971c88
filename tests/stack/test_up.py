"""Up, again up, interrupted up, failed up: what runs afterwards, and what is left."""

import os
import random
import signal
import socket
import subprocess
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from awaiting import wait_until
from kept_ports import await_listeners, kept_ports
from local_stack import ALL, PlacedStack, chaos_aura

from chaos_aura.core.address import LOOPBACK
from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import PortTaken, ServiceUnhealthy
from chaos_aura.core.process import ProcessId
from chaos_aura.stack import ports
from chaos_aura.stack.build import port_names
from chaos_aura.stack.command_lock import changing
from chaos_aura.stack.ports import Reservation
from chaos_aura.stack.running import RunningStack
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.stack.up import Arrival

pytestmark = pytest.mark.timeout(600)
_WELL_WITHIN_S = 60.0
Place = Callable[..., PlacedStack]


def test_up_again_says_that_it_is_up_and_touches_nothing(stack: RunningStack) -> None:
    placed = PlacedStack(stack.project)
    before = {health.name: health.pid for health in stack.health()}
    arrival = wait_until(lambda: _said_to_be_up(placed), _WELL_WITHIN_S, "nobody found slow, who would be waited for")
    assert arrival.took_s == {}
    assert {health.name: health.pid for health in stack.health()} == before


def test_every_address_is_on_loopback_and_below_the_ephemeral_range(stack: RunningStack) -> None:
    lowest_ephemeral = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    things = (*stack.catalogue.services, *stack.catalogue.edges)
    assert {thing.address.host for thing in things} == {LOOPBACK}
    assert max(thing.address.port for thing in things) < lowest_ephemeral
    assert len({thing.address for thing in things}) == len(things)


def test_nothing_of_a_stack_listens_beyond_loopback(stack: RunningStack) -> None:
    ours = {health.pid for health in stack.health()}
    listeners = _listeners()
    beyond = [line for line in listeners if line[1] in ours and not line[0].startswith("127.")]
    assert beyond == []
    assert {line[1] for line in listeners} >= ours


def test_two_stacks_side_by_side_share_nothing(stack: RunningStack, place: Place) -> None:
    other = place("other")
    other.up()
    first = {thing.address for thing in (*stack.catalogue.services, *stack.catalogue.edges)}
    second = {thing.address for thing in (*other.running().catalogue.services, *other.running().catalogue.edges)}
    assert not first & second
    _await_well(other.running(), ALL)
    other.down()
    _await_well(stack, ALL)


def test_some_services_first_and_the_rest_later(place: Place) -> None:
    one = place("a path, with letters?that=mean&things %20 ünïcode")
    assert set(one.up("redis").took_s) == {"redis", "toxiproxy"}
    _await_well(one.running(), ("redis", "toxiproxy"))
    redis_pid = one.running().supervisor.children()["redis"].process
    arrival = one.up()
    assert not arrival.was_up
    assert {"kafka", "neo4j"} <= set(arrival.took_s) <= set(ALL) - {"redis"}
    _await_well(one.running(), ALL)
    assert one.running().supervisor.children()["redis"].process == redis_pid
    assert [path.name for path in one.project.root.iterdir()] == [".chaos-aura"]
    assert [path.name for path in one.project.root.parent.iterdir()] == [one.project.root.name]


def test_down_leaves_no_process_port_or_socket(place: Place) -> None:
    one = place()
    with kept_ports() as choose_ports:
        one.up(choose_ports=choose_ports)
        taken = _every_port(one.running().catalogue)
        await_listeners(taken)
        assert one.down()
        assert one.processes() == {}
        assert all(map(ports.is_free, taken))
    assert [path for path in one.project.home.rglob("*") if path.is_socket()] == []
    assert not one.project.catalogue.exists()
    assert not one.down()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_an_interrupted_up_leaves_nothing_half_started(place: Place, number: signal.Signals) -> None:
    one = place()
    command = _up_in_background(one)
    wait_until(lambda: len(one.processes()) > len(ALL), within_s=120, what="all services being started")
    command.send_signal(number)
    _, said = command.communicate(timeout=120)
    assert command.returncode == 128 + number, said
    assert "interrupted" in said
    assert "Traceback" not in said
    assert one.processes() == {}
    assert not one.project.catalogue.exists()


def test_a_killed_up_is_completed_by_the_next(place: Place) -> None:
    one = place()
    command = _up_in_background(one, "redis", "temporal")
    wait_until(one.project.catalogue.exists, within_s=60, what="a catalogue")
    command.kill()
    command.communicate()
    one.up("redis", "temporal")
    _await_well(one.running(), ("redis", "temporal", "toxiproxy"))


def test_two_ups_at_once_make_one_stack(place: Place) -> None:
    one = place()
    with changing(one.project, on_wait=lambda: None):  # until all are there: one may come when another is done
        commands = [_up_in_background(one, "redis", "toxiproxy") for _ in range(3)]
        for command in commands:
            _await_line(command, "waiting for another command")
    said = [command.communicate(timeout=120) for command in commands]
    assert [command.returncode for command in commands] == [0, 0, 0], said
    # Whoever has just been forked has the supervisor's command line until it becomes what it is to be.
    wait_until(lambda: len(_supervisors(one)) == 1, _WELL_WITHIN_S, "one supervisor")


class _TakesOne:
    """Chooses ports, and lets a stranger take one of them before its service can listen there."""

    def __init__(self, port_name: str, times: int) -> None:
        self._at = port_names().index(port_name)
        self._times = times
        self.strangers: list[socket.socket] = []
        self.times_asked = 0

    def __call__(self, count: int, rng: random.Random) -> Reservation:
        self.times_asked += 1
        reservation = ports.choose(count, rng)
        if len(self.strangers) < self._times:
            self.strangers.append(socket.create_server((LOOPBACK, reservation.ports[self._at])))
        return reservation


@pytest.mark.parametrize("port_name", ["redis", "temporal", "toxiproxy", "edge.worker.redis", "temporal.ui"])
def test_a_port_taken_in_between_is_replaced(place: Place, port_name: str) -> None:
    one = place()
    thief = _TakesOne(port_name, times=1)
    try:
        one.up("redis", "temporal", "toxiproxy", choose_ports=thief)
        running = one.running()
        stolen = thief.strangers[0].getsockname()[1]
        assert stolen not in _every_port(running.catalogue)
        assert thief.times_asked == 2
        _await_well(running, ("redis", "temporal", "toxiproxy"))
    finally:
        for stranger in thief.strangers:
            stranger.close()


def test_ports_taken_each_time_end_in_one_clear_line(place: Place) -> None:
    one = place()
    thief = _TakesOne("redis", times=99)
    try:
        with pytest.raises(PortTaken) as caught:
            one.up("redis", choose_ports=thief)
        port = thief.strangers[-1].getsockname()[1]
    finally:
        for stranger in thief.strangers:
            stranger.close()
    assert str(caught.value).startswith(f"redis: port {port} was taken by process {os.getpid()} (")
    assert "\n" not in str(caught.value)
    assert one.processes() == {}


def test_a_service_that_does_not_stay_up_shows_the_end_of_its_log(place: Place) -> None:
    one = place()
    one.up("redis")
    one.down()
    for file in one.project.data("redis").rglob("*.aof"):
        file.write_bytes(b"this is no append-only file\n")
    with pytest.raises(ServiceUnhealthy, match=r"^redis: does not stay up: exited with 1, \d times; ") as caught:
        one.up("redis", "toxiproxy")
    assert any("Bad file format" in line for line in caught.value.log_lines)
    assert one.processes() == {}
    done = one.command("up", "redis")
    assert done.returncode == 1
    assert "error: redis: does not stay up" in done.stderr
    assert "Bad file format" in done.stderr.partition("the last lines of redis:")[2]


def test_a_service_that_hangs_is_given_up_in_time(place: Place) -> None:
    """Redis loads its data for longer than it may take: a pipe that nobody writes to stands for a slow disk."""
    one = place()
    one.up("redis")
    one.down()
    for file in list(one.project.data("redis").rglob("*.aof")):
        file.unlink()
        os.mkfifo(file)
    with pytest.raises(ServiceUnhealthy, match="redis: is not healthy in time: "):
        one.up("redis", timeout_s=2)
    assert one.processes() == {}


def test_an_interrupted_up_of_a_running_stack_ends_only_what_it_started(place: Place) -> None:
    one = place()
    one.up("redis")
    redis_process = one.running().supervisor.children()["redis"].process
    command = _up_in_background(one)
    wait_until(lambda: one.running().supervisor.children()["neo4j"].process, within_s=60, what="neo4j being started")
    command.send_signal(signal.SIGINT)
    _, said = command.communicate(timeout=120)
    assert command.returncode == 128 + signal.SIGINT, said
    wait_until(lambda: _running_names(one) == {"redis", "toxiproxy"}, within_s=60, what="the rest ended")
    assert one.running().supervisor.children()["redis"].process == redis_process


def test_former_kills_are_not_held_against_a_service(place: Place) -> None:
    one = place()
    one.up("redis")
    for _ in range(5):
        process = one.running().supervisor.children()["redis"].process
        assert process is not None
        os.kill(process.pid, signal.SIGKILL)
        wait_until(lambda process=process: _has_changed(one, process), within_s=60, what="redis gone")
        wait_until(lambda: one.running().supervisor.children()["redis"].process, within_s=60, what="redis back")
    last = one.running().supervisor.children()["redis"].process
    assert last is not None
    os.kill(last.pid, signal.SIGKILL)
    wait_until(lambda: not last.is_alive(), within_s=60, what="the death of redis")
    one.up("redis")
    assert "redis" in _running_names(one)


def test_a_catalogue_that_is_lost_is_no_reason_to_touch_the_stack(place: Place) -> None:
    one = place()
    one.up("redis")
    before = one.running().supervisor.children()["redis"].process
    one.project.catalogue.unlink()
    for words in (["up"], ["status"]):
        done = one.command(*words)
        assert done.returncode == 2
        assert "is missing while the stack runs; run: chaos-aura down, then chaos-aura up" in done.stderr
    assert SupervisorClient(one.project.home).children()["redis"].process == before


def test_an_unfit_redis_on_path_is_passed_over(place: Place, tmp_path: Path) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    for content in (b"\x7fELF no program", b"#!/bin/sh\necho 'v=1.0.0'\n", b"#!/bin/sh\nprintf '\\377'\n"):
        (programs / "redis-server").write_bytes(content)
        (programs / "redis-server").chmod(0o755)
        one = place(f"project{len(content)}")
        other = PlacedStack(one.project, {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"})
        other.up("redis")
        assert other.running().catalogue.service("redis").version.startswith("6.2.")
        one.down()


def test_a_project_on_a_full_disk_is_one_clear_line(place: Place) -> None:
    """A file system of one megabyte, in a mount namespace that ends with the command."""
    one = place()
    fill = 'cd "$1" && dd if=/dev/zero of=full bs=4k 2>/dev/null'
    script = f'mount -t tmpfs -o size=1m,mode=755 tmpfs "$1" && {fill}; shift; exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "--map-root-user", "sh", "-c", script, "sh", str(one.project.root), *chaos_aura("up")],
        cwd=one.project.root,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert "no space left on device" in line.lower()
    assert one.processes() == {}


def _said_to_be_up(one: PlacedStack) -> Arrival | None:
    arrival = one.up()
    return arrival if arrival.was_up else None


def _await_well(running: RunningStack, names: Collection[str]) -> None:
    """They and nobody else. One that a busy machine lets answer late is well at another look."""

    def are_well() -> bool:
        return {row.name for row in running.health() if row.is_healthy} == set(names)

    wait_until(are_well, _WELL_WITHIN_S, f"healthy: {', '.join(names)}")


def _await_line(command: "subprocess.Popen[str]", part: str) -> None:
    """On its standard error, which goes on after it."""
    assert command.stderr
    for line in command.stderr:
        if part in line:
            return
    raise AssertionError(f"ended without saying: {part}")


def _supervisors(one: PlacedStack) -> list[str]:
    return [line for line in one.processes().values() if "stack.supervisor" in line]


def _running_names(one: PlacedStack) -> set[str]:
    return {name for name, child in one.running().supervisor.children().items() if child.process}


def _has_changed(one: PlacedStack, process: ProcessId) -> bool:
    return one.running().supervisor.children()["redis"].process != process


def _up_in_background(one: PlacedStack, *services: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        chaos_aura("up", *services),
        cwd=one.project.root,
        env=one.environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _every_port(catalogue: Catalogue) -> set[int]:
    """Direct ones, edges, what lies behind edges, and pages."""
    addresses = [thing.address for thing in (*catalogue.services, *catalogue.edges)]
    addresses += [edge.upstream for edge in catalogue.edges]
    pages = [page for service in catalogue.services for page in service.pages.values()]
    return {address.port for address in addresses} | {urlsplit(page).port or 0 for page in pages}


def _listeners() -> list[tuple[str, int]]:
    """Address and process of every listening TCP socket, as `ss` would tell, from /proc."""
    owners = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            for descriptor in _links(entry / "fd"):
                owners[descriptor] = int(entry.name)
    rows = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                rows.append((_shown(fields[1]), owners.get(f"socket:[{fields[9]}]", 0)))
    return rows


def _links(folder: Path) -> list[str]:
    """But for one that is closed just then."""
    found = []
    with suppress(OSError):
        for link in folder.iterdir():
            with suppress(FileNotFoundError):
                found.append(os.readlink(link))  # noqa: PTH115
    return found


def _shown(hexadecimal: str) -> str:
    host, _, port = hexadecimal.partition(":")
    if len(host) == 8:
        return f"{socket.inet_ntoa(bytes.fromhex(host)[::-1])}:{int(port, 16)}"
    words = b"".join(bytes.fromhex(host[at : at + 8])[::-1] for at in range(0, 32, 8))
    shown = socket.inet_ntop(socket.AF_INET6, words)
    return f"{shown.removeprefix('::ffff:')}:{int(port, 16)}"
