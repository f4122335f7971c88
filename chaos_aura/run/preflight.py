"""What must be true before anything is hurt: our own modules, no leftovers, a stack that is up and well."""

import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path

import chaos_aura
from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import BadInput, MachineLacks, StackDown
from chaos_aura.core.project import Project
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.leftovers import await_end_of_leftovers
from chaos_aura.faults.reaper.mending import watch_over_what_is_left
from chaos_aura.stack.progress import Progress
from chaos_aura.stack.running import RunningStack

_OURS = ("injectors", "probes", "steady_states")
_LOCAL = "local"


def refuse_strangers(names: Iterable[str] = _OURS) -> None:
    """A stranger's package of the same name in the way would measure, judge and inject in our name."""
    home = Path(chaos_aura.__file__).resolve().parent.parent
    for name in names:
        spec = importlib.util.find_spec(name)
        origin = Path(spec.origin).resolve() if spec and spec.origin else None
        if origin is None:
            raise MachineLacks(name, "is not installed", "install chaos-aura again")
        if origin.parent.parent != home:
            why = f"is somebody else's: {origin}"
            raise MachineLacks(f"package {name}", why, "run elsewhere, or take that folder from PYTHONPATH")


def mend_leftovers(home: Path) -> list[str]:
    """Ends what a dead run left. What is open all the same belongs to somebody who lives, and is told."""
    ground = Ground(home, {})
    if not ground.folder.is_dir():
        return []
    watch_over_what_is_left(home)
    ledger = Ledger(ground.folder)
    await_end_of_leftovers(ledger)
    return [f"{lease.fault} (lease {lease.id})" for lease in ledger.open_leases()]


def stack_up(project: Project, environ: Mapping[str, str], services: tuple[str, ...], progress: Progress) -> Catalogue:
    """The catalogue of a stack in which all that is wanted does its work; one of ours is started where it is not up."""
    catalogue = _present(project)
    if catalogue is not None and catalogue.stack != _LOCAL:
        return _with(catalogue, services)
    if catalogue is None or not _is_well(project, services):
        _bring_up(project, environ, services, progress)
    return _with(RunningStack.of(project).catalogue, services)


def _with(catalogue: Catalogue, services: Iterable[str]) -> Catalogue:
    for name in services:
        catalogue.service(name)
    return catalogue


def _present(project: Project) -> Catalogue | None:
    """None where there is no stack, or a local one that does not run."""
    try:
        catalogue = Ground(project.home, {}).catalogue
    except StackDown:
        return None
    if catalogue.stack != _LOCAL:
        return catalogue
    try:
        return RunningStack.of(project).catalogue
    except StackDown:
        return None


def _is_well(project: Project, services: tuple[str, ...]) -> bool:
    """A catalogue lists every service, also those that were not started."""
    rows = RunningStack.of(project).health()
    return all(row.is_healthy for row in rows if not services or row.name in services)


def _bring_up(project: Project, environ: Mapping[str, str], services: tuple[str, ...], progress: Progress) -> None:
    # What fetches and starts is imported only by a run that has to start something.
    from chaos_aura.stack.cache import Cache  # noqa: PLC0415
    from chaos_aura.stack.manifest import Manifest  # noqa: PLC0415
    from chaos_aura.stack.selection import ALL, refuse_unknown  # noqa: PLC0415
    from chaos_aura.stack.up import Wanted, bring_up  # noqa: PLC0415

    refuse_unknown(services)
    wanted = Wanted(project, Cache.of_user(environ), Manifest.bundled(), environ, services or ALL)
    bring_up(wanted, progress)


def refuse_unknown_bystanders(catalogue: Catalogue, bystanders: Iterable[str]) -> None:
    """A safeguard on a service that is not there would watch over nothing."""
    known = {service.name for service in catalogue.services}
    for name in bystanders:
        if name not in known:
            raise BadInput(f"bystander {name}", "is no service of this stack", f"there are: {', '.join(sorted(known))}")
