"""A Toxiproxy in a container: whether it is the one that was meant, and whether it may be ended."""

from typing import TYPE_CHECKING

from chaos_aura.core.catalogue import DOCKER, EXTERNAL, LOCAL
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from injectors.toxiproxy.plan import Plan
from injectors.toxiproxy.reach import SERVER

if TYPE_CHECKING:
    from chaos_aura.containers.container import Container


def refuse_strange(ground: Ground) -> None:
    """TargetUnfit or MachineLacks where somebody else's may answer at the address of the one that is described."""
    service = ground.catalogue.service(SERVER)
    if ground.stack == EXTERNAL and service.is_contained:
        from chaos_aura.containers.engine import Engine  # noqa: PLC0415 - for who has containers
        from chaos_aura.containers.publishing import refuse_elsewhere  # noqa: PLC0415 - as above

        Engine(ground.environ).refuse_elsewhere()
        refuse_elsewhere(SERVER, ground.containers_of(SERVER), service.address)


def name_of(ground: Ground, process: ProcessId | None) -> str:
    """Of the container whose process it is; empty for one that runs in none."""
    found = _of_process(ground, process) if process else None
    return found.name if found else ""


def refuse_to_end(ground: Ground, plan: Plan) -> None:
    """TargetUnfit for one that nobody starts again, and for whatever is not of a stack of ours."""
    if ground.stack == LOCAL:
        return
    found = _of_process(ground, plan.process)
    if ground.stack != DOCKER or found is None:
        why = "is deadlocked, and somebody else's: it is not ended from here"
    elif not found.comes_back:
        why = "is deadlocked, and has no restart policy: nobody would start it again"
    else:
        return
    name = found.name if found else plan.container
    raise TargetUnfit(f"toxiproxy at {plan.server}", why, f"run: docker restart {name}")


def _of_process(ground: Ground, process: ProcessId | None) -> "Container | None":
    return next((each for each in ground.containers_of(SERVER) if each.process == process), None)
