"""What must be true before anything is hurt: our own modules, no leftovers, a stack that is up and well.

Most runs find all of it as it should be, so what mends it is imported only where something is to be mended.
"""

import importlib.util
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from chaos_aura.containers.of_stack import keeper_of
from chaos_aura.core.catalogue import DOCKER, EXTERNAL, LOCAL, Catalogue
from chaos_aura.core.errors import BadInput, MachineLacks, PingFailed, StackDown
from chaos_aura.core.project import Project
from chaos_aura.core.stack_choice import VARIABLE, checked_stack, stack_meant
from chaos_aura.faults.glance import is_all_over
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.place import LEDGER
from chaos_aura.pings import of_service
from chaos_aura.run.external import answering, describe_external
from chaos_aura.stack.progress import Progress
from chaos_aura.supervision.client import Supervision
from chaos_aura.supervision.state import ChildState

_HOME = Path(__file__).resolve().parents[2]
_OURS = ("injectors", "probes", "steady_states")
_PING_WITHIN_S = 5.0


def refuse_strangers(names: Iterable[str] = _OURS) -> None:
    """A stranger's package of the same name in the way would measure, judge and inject in our name."""
    for name in names:
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None:
            raise MachineLacks(name, "is not installed", "install chaos-aura again")
        if origin.parent.parent != _HOME:
            why = f"is somebody else's: {origin}"
            raise MachineLacks(f"package {name}", why, "run elsewhere, or take that folder from PYTHONPATH")


def mend_leftovers(home: Path) -> list[str]:
    """Ends what a dead run left. What is open all the same belongs to somebody who lives, and is told."""
    folder = Ground(home, {}).folder
    if is_all_over(folder / LEDGER):
        return []
    from chaos_aura.faults.ledger import Ledger  # noqa: PLC0415

    if not (ledger := Ledger(folder)).open_leases():
        return []
    from chaos_aura.faults.leftovers import await_end_of_leftovers  # noqa: PLC0415
    from chaos_aura.faults.reaper.mending import watch_over_what_is_left  # noqa: PLC0415

    watch_over_what_is_left(home)
    await_end_of_leftovers(ledger)
    return [f"{lease.fault} (lease {lease.id})" for lease in ledger.open_leases()]


def stack_up(
    project: Project, environ: Mapping[str, str], services: tuple[str, ...], progress: Progress
) -> tuple[Catalogue, bool]:
    """The catalogue of a stack in which all that is wanted does its work; one of ours is started where it is not up,
    nobody else's.
    And whether something had to be started.
    """
    if external := describe_external(project, environ):
        return answering(external, services), False
    catalogue = _present(project.home, environ)
    is_ours = catalogue is not None and catalogue.stack in (LOCAL, DOCKER)
    was_down = catalogue is None or (is_ours and not _is_well(project.home, environ, catalogue, services))
    if was_down or catalogue is None:
        kind = environ.get(VARIABLE) or (catalogue.stack if catalogue else stack_meant(project.root, environ))
        _bring_up(kind, project, environ, services, progress)
        catalogue = Ground(project.home, {}).catalogue
    for name in services:
        catalogue.service(name)
    return catalogue, was_down


def running(project: Project, environ: Mapping[str, str]) -> Catalogue:
    """Of a stack of ours as it is, whatever is down in it; nothing is started. StackDown where a run would start one,
    BadInput where it may not.
    """
    if catalogue := _present(project.home, environ):
        return catalogue
    from chaos_aura.stack.of_kind import refuse_another  # noqa: PLC0415 - for who has none

    refuse_another(stack_meant(project.root, environ), project)
    raise StackDown(f"stack of {project.root}", "is not running", "run: chaos-aura up")


def refuse_unknown_bystanders(catalogue: Catalogue, bystanders: Iterable[str]) -> None:
    """A safeguard on a service that is not there would watch over nothing."""
    known = {service.name for service in catalogue.services}
    for name in bystanders:
        if name not in known:
            raise BadInput(f"bystander {name}", "is no service of this stack", f"there are: {', '.join(sorted(known))}")


def _present(home: Path, environ: Mapping[str, str]) -> Catalogue | None:
    """None where there is no stack, or a local one that does not run, or another one than is asked for."""
    try:
        catalogue = Ground(home, {}).catalogue
        if catalogue.stack == LOCAL:
            Supervision(home).pid()
    except StackDown:
        return None
    if catalogue.stack == EXTERNAL:  # meant at some other time
        return None
    return catalogue if environ.get(VARIABLE, catalogue.stack) in ("", catalogue.stack) else None


def _is_well(home: Path, environ: Mapping[str, str], catalogue: Catalogue, services: tuple[str, ...]) -> bool:
    """Each by one real operation, side by side. A catalogue lists every service, also those that were not started."""
    names = services or tuple(service.name for service in catalogue.services)
    children = keeper_of(home, environ).children()
    if any(name not in children or children[name].state is not ChildState.RUNNING for name in names):
        return False
    with ThreadPoolExecutor(len(names)) as side_by_side:
        return all(side_by_side.map(lambda name: _answers(catalogue, name), names))


def _answers(catalogue: Catalogue, name: str) -> bool:
    try:
        of_service.ping(catalogue, name, _PING_WITHIN_S)
    except PingFailed:
        return False
    return True


def _bring_up(
    kind: str, project: Project, environ: Mapping[str, str], services: tuple[str, ...], progress: Progress
) -> None:
    from chaos_aura.stack.cache import Cache  # noqa: PLC0415
    from chaos_aura.stack.manifest import Manifest  # noqa: PLC0415
    from chaos_aura.stack.of_kind import bring_up_any  # noqa: PLC0415
    from chaos_aura.stack.selection import ALL, refuse_unknown  # noqa: PLC0415
    from chaos_aura.stack.up import Wanted  # noqa: PLC0415

    refuse_unknown(services)
    wanted = Wanted(project, Cache.of_user(environ), Manifest.bundled(), environ, services or ALL)
    bring_up_any(checked_stack(kind, VARIABLE), wanted, progress)
