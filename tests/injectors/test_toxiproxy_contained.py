"""A Toxiproxy in a container: only the one that was meant is hurt, and only one of ours that comes back is ended."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until
from external_places import PROXY, PROXY_PORT, TOXIPROXY, behind_toxiproxy, discovered
from foreign_project import REDIS, ForeignProject
from local_stack import PlacedStack
from silent_proxy import silent_before
from toxiproxy_cases import fault

from chaos_aura.containers.container import Container
from chaos_aura.core.catalogue import DOCKER, EXTERNAL, Catalogue
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Undo
from chaos_aura.core.project_file import FILE
from chaos_aura.faults.contract import Case
from chaos_aura.faults.ground import Ground
from chaos_aura.stack import ports
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.kept_catalogue import write_catalogue
from injectors.toxiproxy import ToxiproxyInjector

type Foreign = Callable[..., ForeignProject]

EDGE = f"clients.{REDIS}"
API_PORT = 8474
_WELL_WITHIN_S = 60


@pytest.fixture
def shop(foreign: Foreign, whole_cache: Cache, tmp_path: Path) -> Iterator[Callable[..., ForeignProject]]:
    """A project whose Toxiproxy is met where it was when it comes back."""
    reserved = ports.choose(2, random.Random())
    edit_in = behind_toxiproxy(whole_cache.toxiproxy, tmp_path)

    def make(restart: str = "always") -> ForeignProject:
        def edit(document: dict[str, Any]) -> None:
            edit_in(document)
            inside = zip(reserved.ports, (API_PORT, PROXY_PORT), strict=True)
            rows = [f"127.0.0.1:{outside}:{port}" for outside, port in inside]
            document["services"][TOXIPROXY].update(ports=rows, restart=restart)

        return foreign(edit=edit)

    yield make
    reserved.release()


def case_of(place: PlacedStack, whose: str) -> Case:
    assert place.document("status")["healthy"]
    catalogue = Catalogue.from_json(place.project.catalogue.read_text())
    write_catalogue(place.project, replace(catalogue, stack=whose))
    injector = ToxiproxyInjector(Ground(place.project.home, place.environ))
    return Case(injector, fault("latency", EDGE), catalogue.edge(EDGE), str(place.project.home))


@contextmanager
def deadlocked(case: Case, server: Container) -> Iterator[tuple[Undo, Undo]]:
    """The lease as it is, and as it is for who asks a Toxiproxy that keeps silent about this proxy."""
    undo = case.injected()
    assert server.process
    with case.healing_what_fails(undo), silent_before(server.published[API_PORT], PROXY, server.process) as address:
        yield undo, replace(undo, data={**undo.data, "server": str(address)})


@pytest.mark.parametrize(
    ("whose", "restart", "why"),
    [(EXTERNAL, "always", "somebody else's"), (EXTERNAL, "no", "somebody else's"), (DOCKER, "no", "no restart policy")],
)
def test_one_that_is_not_ours_or_does_not_come_back_is_not_ended(
    shop: Callable[..., ForeignProject], tmp_path: Path, whose: str, restart: str, why: str
) -> None:
    project = shop(restart)
    case, [server] = case_of(discovered(tmp_path / "project", project), whose), project.containers(TOXIPROXY)
    with deadlocked(case, server) as (undo, silent):
        with pytest.raises(TargetUnfit, match=f"{why}.*docker restart {server.name} "):
            case.injector.heal(silent)
        assert project.container(TOXIPROXY).life == server.life
        assert not case.injector.gone(undo)
        project.engine.api.restart(server.name, timeout=1)
        case.healed(undo)
    wait_until(project.is_well, _WELL_WITHIN_S, "it is well")


def test_one_of_ours_that_comes_back_is_ended(shop: Callable[..., ForeignProject], tmp_path: Path) -> None:
    project = shop()
    case, [server] = case_of(discovered(tmp_path / "project", project), DOCKER), project.containers(TOXIPROXY)
    with deadlocked(case, server) as (undo, silent):
        case.injector.heal(silent)
        assert project.container(TOXIPROXY).life != server.life
        assert "was deadlocked and had to be killed" in case.await_gone(undo).seen
    wait_until(project.is_well, _WELL_WITHIN_S, "it is well")


def test_one_of_another_project_at_that_address_is_not_hurt(
    foreign: Foreign, whole_cache: Cache, tmp_path: Path
) -> None:
    edit = behind_toxiproxy(whole_cache.toxiproxy, tmp_path)
    project, other = foreign(edit=edit), foreign(edit=edit)
    place = discovered(tmp_path / "project", project)
    file, [own], [strange] = place.project.root / FILE, project.containers(TOXIPROXY), other.containers(TOXIPROXY)
    text, address = file.read_text(), strange.published[API_PORT]
    file.write_text(text.replace(str(own.published[API_PORT]), str(address)))
    why = f"container {own.name} publishes nothing at {address}, so that whatever answers there is somebody else's"
    assert why in place.command("status").stdout
    refused = place.command("inject", "latency", "-t", EDGE, "--for", "1s")
    assert refused.returncode != 0
    assert why in refused.stderr
    file.write_text(text)
    assert place.document("status")["healthy"]
