"""Services and their supervisor killed, stopped and ended: what comes back by itself, what is kept, what is left."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from amounts import amount
from awaiting import wait_until
from kept_ports import await_listeners, kept_ports
from local_stack import ALL, PlacedStack, placed
from marks import everywhere, read_everywhere, write_everywhere
from proxies import told_of

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.process import ProcessId
from chaos_aura.stack import ports
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.health import Health, HealthState
from chaos_aura.stack.supervisor.backoff import CAP_S
from chaos_aura.supervision.state import ChildState

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]
ROUNDS = amount(2, long=10)
BY_THEMSELVES = amount(1, long=4)
LOOKS_WITHIN_S = 2.0
BACK_WITHIN_S = 120.0
SETTLES_WITHIN_S = 60.0
LOOPS_FOR_S = 10.0
SERVERS = ("redis", "kafka", "neo4j", "temporal", "toxiproxy")
SERVICES = pytest.mark.parametrize("service", ALL)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlacedStack]:
    """Each test leaves it healthy."""
    with kept_ports() as choose_ports, placed(tmp_path_factory.mktemp("kills")) as fresh:
        fresh.up(choose_ports=choose_ports)
        yield fresh


@pytest.fixture(scope="module")
def marks() -> list[str]:
    """Those that every service has acknowledged since its data were new."""
    return []


def test_all_services_killed_at_once_come_back_with_everything(one: PlacedStack, marks: list[str]) -> None:
    """Those with data round after round; in the last one the members of the platform with them. The first rounds they
    come back by themselves; then the back-off would only take time, and an operator's start ends it."""
    running = one.running()
    for number in range(ROUNDS):
        _write(running.catalogue, f"round-{number}", marks)
        before = running.supervisor.children()
        killed = SERVERS if number < ROUNDS - 1 else ALL
        former = {name: process for name, process in _processes(one).items() if name in killed}
        for process in former.values():
            os.kill(process.pid, signal.SIGKILL)
        _await_dead(former)
        is_back = _all_healthy if number < BY_THEMSELVES else _all_healthy_once_started
        wait_until(lambda is_back=is_back: is_back(one), BACK_WITHIN_S, "every service back")
        after = running.supervisor.children()
        for name, process in former.items():
            assert after[name].process != process
            assert after[name].last_end == "killed by SIGKILL"
            if number < BY_THEMSELVES:
                assert after[name].restarts == before[name].restarts + 1
        _require_marks(running.catalogue, marks)
        assert set(told_of(running)) == {edge.name for edge in running.catalogue.edges}


@SERVICES
def test_a_service_killed_alone_comes_back_and_disturbs_no_other(one: PlacedStack, service: str) -> None:
    former = _processes(one)
    others = {name: process for name, process in former.items() if name != service}
    os.kill(former[service].pid, signal.SIGKILL)
    wait_until(lambda: not former[service].is_alive(), SETTLES_WITHIN_S, f"the death of {service}")

    def is_back() -> bool:
        assert others.items() <= _processes(one).items()
        return _all_healthy(one)

    wait_until(is_back, BACK_WITHIN_S, f"{service} back")
    assert _processes(one)[service] != former[service]


@SERVICES
def test_a_stopped_process_is_unhealthy_until_it_goes_on(one: PlacedStack, service: str) -> None:
    process = _processes(one)[service]

    def seen_unhealthy() -> dict[str, Health] | None:
        began_s = time.monotonic()
        unhealthy = _unhealthy(one)
        assert time.monotonic() - began_s < LOOKS_WITHIN_S * 15
        # Another one that was only slow is well at another look.
        is_seen = {service} <= unhealthy.keys() <= {service, *_clients(service)}
        return unhealthy if is_seen else None

    os.kill(process.pid, signal.SIGSTOP)
    try:
        rows = wait_until(seen_unhealthy, BACK_WITHIN_S, f"{service} unhealthy, and its clients at most")
    finally:
        os.kill(process.pid, signal.SIGCONT)
    assert {row.state for row in rows.values()} == {HealthState.UNHEALTHY}
    row = rows[service]
    assert row.pid == process.pid
    assert row.detail
    assert row.remedy == f"look at: chaos-aura logs {service}"
    wait_until(lambda: _all_healthy(one), BACK_WITHIN_S, f"{service} healthy again")
    assert _processes(one)[service] == process


def test_a_crash_loop_is_never_given_up(one: PlacedStack) -> None:
    looped = ("redis", "temporal")
    supervisor = one.running().supervisor
    before = supervisor.children()
    killed: set[ProcessId] = set()
    least = len(looped) * int(LOOPS_FOR_S / CAP_S)
    until_s = time.monotonic() + LOOPS_FOR_S
    while time.monotonic() < until_s or len(killed) < least:
        for child in (supervisor.children()[name] for name in looped):
            assert child.state in (ChildState.RUNNING, ChildState.WAITING)
            assert child.retry_in_s <= CAP_S
            if child.process and child.process.is_alive():
                with suppress(ProcessLookupError):  # it was only just dying of the former one
                    os.kill(child.process.pid, signal.SIGKILL)
                    killed.add(child.process)
    wait_until(lambda: not any(process.is_alive() for process in killed), SETTLES_WITHIN_S, "the death of the last")
    wait_until(lambda: _all_healthy(one), CAP_S + BACK_WITHIN_S, "both back once left alone")
    after = supervisor.children()
    assert sum(after[name].restarts - before[name].restarts for name in looped) == len(killed)


def test_a_killed_supervisor_leaves_nothing_and_the_next_up_has_everything(one: PlacedStack, marks: list[str]) -> None:
    running = one.running()
    _write(running.catalogue, "before the supervisor was killed", marks)
    taken = _ports_of(running.catalogue)
    await_listeners(taken)
    os.kill(running.supervisor.pid(), signal.SIGKILL)
    wait_until(lambda: not one.processes(), SETTLES_WITHIN_S, "the end of every process of the stack")
    wait_until(lambda: all(map(ports.is_free, taken)), SETTLES_WITHIN_S, "every port free")
    one.up()
    wait_until(lambda: _all_healthy(one), SETTLES_WITHIN_S, "every service as healthy as it was just told to be")
    _require_marks(one.running().catalogue, marks)


def test_down_and_up_keep_the_data(one: PlacedStack, marks: list[str]) -> None:
    _write(one.running().catalogue, "before down", marks)
    assert one.down()
    assert not one.up().was_up
    _require_marks(one.running().catalogue, marks)


def test_a_purge_forgets_the_data(one: PlacedStack, marks: list[str]) -> None:
    _write(one.running().catalogue, "before the purge", marks)
    _require_marks(one.running().catalogue, marks)
    assert one.down(purge=True)
    assert not one.project.home.exists()
    marks.clear()
    one.up()
    assert read_everywhere(one.running().catalogue) == everywhere([])
    _write(one.running().catalogue, "after the purge", marks)
    _require_marks(one.running().catalogue, marks)


def _write(catalogue: Catalogue, mark: str, marks: list[str]) -> None:
    write_everywhere(catalogue, mark)
    marks.append(mark)


def _require_marks(catalogue: Catalogue, marks: list[str]) -> None:
    """Temporal lists a workflow a moment after it acknowledged it; the others are given that moment too."""
    deadline_s = time.monotonic() + SETTLES_WITHIN_S
    while (found := read_everywhere(catalogue)) != everywhere(marks):
        assert time.monotonic() < deadline_s, (found, marks)


def _await_dead(former: dict[str, ProcessId]) -> None:
    """A process that is just being killed may still answer."""
    for name, process in former.items():
        wait_until(lambda process=process: not process.is_alive(), SETTLES_WITHIN_S, f"the death of {name}")


def _all_healthy_once_started(one: PlacedStack) -> bool:
    supervisor = one.running().supervisor
    for name, child in supervisor.children().items():
        if child.state is ChildState.WAITING:
            supervisor.start(name)
    return _all_healthy(one)


def _processes(one: PlacedStack) -> dict[str, ProcessId]:
    """Of the services that run now, not of jobs."""
    children = one.running().supervisor.children()
    return {name: child.process for name, child in children.items() if child.process and not child.is_job}


def _all_healthy(one: PlacedStack) -> bool:
    return _unhealthy(one) == {}


def _unhealthy(one: PlacedStack) -> dict[str, Health]:
    return {row.name: row for row in one.running().health(LOOKS_WITHIN_S) if not row.is_healthy}


def _clients(service: str) -> set[str]:
    """Those of the platform that may say themselves that they cannot work without it. All edges go by Toxiproxy."""
    return {client for client, into in EDGES if service in (into, "toxiproxy")}


def _ports_of(catalogue: Catalogue) -> list[int]:
    things = (*catalogue.services, *catalogue.edges)
    pages = [urlsplit(page).port or 0 for service in catalogue.services for page in service.pages.values()]
    return [*{thing.address.port for thing in things}, *{edge.upstream.port for edge in catalogue.edges}, *pages]
