"""More workers and fewer, on a stack that runs: who starts, who ends, what is told, and that nobody else notices."""

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from awaiting import wait_until
from hurting import is_well
from local_stack import ALL, PlacedStack, placed

from chaos_aura.core.errors import BadInput, SupervisorFailed
from chaos_aura.core.process import ProcessId
from chaos_aura.stack.build import build, make_site, port_names
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.edges import EDGES
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.running import read_catalogue
from chaos_aura.stack.workers import count_of, with_workers
from chaos_aura.supervision.state import ChildState

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]
Place = Callable[..., PlacedStack]
SETTLES_WITHIN_S = 60.0
TWO = ("worker", "worker-2")
THREE = (*TWO, "worker-3")
# Where what they look at answers late, as on a busy machine: then `up` waits for them, too.
MAY_CALL_THEMSELVES_UNREADY = {"api", "worker", "projection"}


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlacedStack]:
    """With one worker, before each test and after it."""
    with placed(tmp_path_factory.mktemp("workers")) as fresh:
        fresh.up()
        yield fresh


@pytest.fixture(autouse=True)
def _one_worker(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "one" in request.fixturenames:
        request.getfixturevalue("one").up(workers=1)


def test_two_more_start_and_nobody_else_notices(one: PlacedStack) -> None:
    former = _processes(one)
    arrival = one.up(workers=3)
    assert arrival.took_s.keys() - MAY_CALL_THEMSELVES_UNREADY == {"worker-2", "worker-3"}
    assert (arrival.was_up, arrival.retired) == (False, ())
    assert _workers(one) == THREE
    assert former.items() <= _processes(one).items()
    wait_until(lambda: is_well(one.running()), SETTLES_WITHIN_S, "every service healthy")
    assert {(edge.client, edge.service) for edge in one.running().catalogue.edges} == set(EDGES)


def test_without_a_number_there_are_as_many_as_there_were(one: PlacedStack) -> None:
    one.up(workers=2)
    former = _processes(one)
    wait_until(lambda: one.up().was_up, SETTLES_WITHIN_S, "nobody found slow, who would be waited for")
    assert (_workers(one), _processes(one)) == (TWO, former)


def test_those_beyond_the_number_end_and_are_told_of_no_more(one: PlacedStack) -> None:
    one.up(workers=3)
    former = _processes(one)
    arrival = one.up(workers=1)
    assert (arrival.was_up, arrival.retired) == (False, ("worker-2", "worker-3"))
    assert arrival.took_s.keys() <= MAY_CALL_THEMSELVES_UNREADY
    assert _processes(one) == {name: process for name, process in former.items() if name not in THREE[1:]}
    assert [row.name for row in one.running().health()] == list(ALL)
    children = one.running().supervisor.children()
    assert {(children[name].state, children[name].last_end) for name in THREE[1:]} == {
        (ChildState.STOPPED, "exited with 0")
    }
    told = wait_until(lambda: _told_to_be_well(one), SETTLES_WITHIN_S, "every service told to be healthy")
    assert "worker-" not in told


def test_one_that_comes_back_listens_where_it_did(one: PlacedStack) -> None:
    one.up(workers=2)
    first = one.running().catalogue.service("worker-2").address
    one.up(workers=1)
    one.up(workers=2)
    assert one.running().catalogue.service("worker-2").address == first


def test_a_killed_one_comes_back_alone(one: PlacedStack) -> None:
    one.up(workers=2)
    former = _processes(one)
    os.kill(former["worker-2"].pid, signal.SIGKILL)
    wait_until(lambda: not former["worker-2"].is_alive(), SETTLES_WITHIN_S, "its death")
    wait_until(lambda: is_well(one.running()), SETTLES_WITHIN_S, "every service healthy")
    others = {name: process for name, process in former.items() if name != "worker-2"}
    assert others.items() <= _processes(one).items()
    assert _processes(one)["worker-2"] != former["worker-2"]


def test_named_it_starts_alone(one: PlacedStack) -> None:
    one.up(workers=3)
    supervisor = one.running().supervisor
    for name in THREE[1:]:
        supervisor.stop(name)
        wait_until(lambda name=name: supervisor.children()[name].process is None, SETTLES_WITHIN_S, f"{name} stopped")
    assert set(one.up("worker-3").took_s) == {"worker-3"}
    assert supervisor.children()["worker-2"].state is ChildState.STOPPED
    others = _processes(one)
    assert one.up("worker").took_s.keys() - MAY_CALL_THEMSELVES_UNREADY - {"worker-3"} == {"worker-2"}
    assert others.items() <= _processes(one).items()


def test_one_that_is_not_wanted_is_refused_and_nothing_is_changed(one: PlacedStack) -> None:
    former = _processes(one)
    with pytest.raises(BadInput, match="worker-3: is not one of 2 workers; run: chaos-aura up --workers 3"):
        one.up("worker-3", workers=2)
    assert (_workers(one), _processes(one)) == (("worker",), former)


def test_a_number_of_workers_for_a_start_without_any_is_refused_and_nothing_is_changed(one: PlacedStack) -> None:
    former = _processes(one)
    with pytest.raises(BadInput, match="--workers: none would be started with redis and kafka; name worker too"):
        one.up("redis", "kafka", workers=2)
    assert (_workers(one), _processes(one)) == (("worker",), former)


def test_the_commands_tell_of_each(one: PlacedStack) -> None:
    def told_to_be_well() -> dict[str, Any] | None:
        document = one.document("up", "--workers", "2")
        return document if document["healthy"] else None

    document = wait_until(told_to_be_well, SETTLES_WITHIN_S, "every service told to be healthy")
    assert [row["name"] for row in document["services"] if row["name"].startswith("worker")] == list(TWO)
    assert document["retired"] == []
    assert one.command("logs", "worker-2", "-n", "5").stdout
    (row,) = [row for row in one.document("doctor")["findings"] if row["subject"] == "stack"]
    assert row["seen"].startswith(f"{len(ALL) + 1} of {len(ALL) + 1} services run; ")
    done = one.command("up", "--workers", "1")
    assert (done.returncode, "ended: worker-2" in done.stdout.splitlines()) == (0, True)
    assert "worker-2: ended" in done.stderr


def test_a_command_killed_in_between_is_completed_by_the_next(one: PlacedStack) -> None:
    """It had said that they are not wanted, and not yet ended them."""
    one.up(workers=3)
    fewer = with_workers(one.running().catalogue, one.project, 1)
    one.project.catalogue.write_text(fewer.to_json(), encoding="utf-8")
    assert set(THREE) <= _processes(one).keys()
    assert one.up().retired == ("worker-2", "worker-3")
    assert not set(THREE[1:]) & _processes(one).keys()


def test_more_that_do_not_get_healthy_leave_it_as_it_was(one: PlacedStack) -> None:
    former = _processes(one)
    settings = one.project.config("worker-2") / "settings.json"
    text = settings.read_text(encoding="utf-8")
    listen = str(with_workers(one.running().catalogue, one.project, 2).service("worker-2").address)
    settings.write_text(text.replace("{", '{"nonsense": 1,', 1), encoding="utf-8")
    try:
        done = one.command("up", "--workers", "2")
    finally:
        settings.write_text(text, encoding="utf-8")
    assert done.returncode == 1
    assert "error: worker-2: does not stay up: exited with 2" in done.stderr
    assert "nonsense" in done.stderr
    assert _workers(one) == ("worker",)
    wait_until(lambda: _processes(one) == former, SETTLES_WITHIN_S, "what was started has ended")
    one.up(workers=2)
    assert str(one.running().catalogue.service("worker-2").address) == listen


def test_a_stack_may_start_with_several(place: Place) -> None:
    several = place()
    several.up("worker", workers=2)
    assert _workers(several) == TWO
    assert several.down()
    several.up("redis")
    assert count_of(read_catalogue(several.project)) == 1


def test_settings_that_are_lost_are_one_clear_line(place: Place) -> None:
    folder = place().project
    site = make_site(folder, Cache.of_user(os.environ), Manifest.bundled(), os.environ, range(1, len(port_names()) + 1))
    folder.make()
    catalogue = build(site, ()).catalogue
    (folder.config("worker-2") / "settings.json").unlink()
    with pytest.raises(SupervisorFailed, match="does not tell where worker-2 listens") as lost:
        with_workers(catalogue, folder, 2)
    assert lost.value.remedy == "run: chaos-aura down, then chaos-aura up"


def _told_to_be_well(one: PlacedStack) -> str:
    done = one.command("status")
    return done.stdout if done.returncode == 0 else ""


def _workers(one: PlacedStack) -> tuple[str, ...]:
    """In the catalogue."""
    services = read_catalogue(one.project).services
    return tuple(service.name for service in services if service.name.startswith("worker"))


def _processes(one: PlacedStack) -> dict[str, ProcessId]:
    children = one.running().supervisor.children()
    return {name: child.process for name, child in children.items() if child.process and not child.is_job}
