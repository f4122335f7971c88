"""The process that is a service now, as its supervisor tells it."""

from chaos_aura.core.catalogue import Edge, Target
from chaos_aura.core.errors import ChaosAuraError, TargetUnfit
from chaos_aura.core.fault import YES, Capability, no
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.ground import Ground
from chaos_aura.supervision.state import ChildState

CONTAINERS = "docker"  # the injector whose matter they are
_BRING_UP = "run: chaos-aura up"


def is_supervised(ground: Ground, target: Target) -> Capability:
    """Yes for each service that has a process of its own here, whether it runs or not."""
    if isinstance(target, Edge):
        return no("a path has no process", f"name the service: {target.service}")
    if target.is_contained:
        return contained(target.name)
    try:
        kept = ground.supervision.children()
    except ChaosAuraError as cause:
        return no(f"{cause.where} {cause.why}", cause.remedy)
    if target.name not in kept:
        return no(f"no supervised process is {target.name}", f"there are: {', '.join(kept) or 'none'}")
    return YES


def contained(service: str) -> Capability:
    why = f"{service} runs in a container, which no supervisor of ours keeps"
    return no(why, f"leave it to the injector {CONTAINERS}", left_to=CONTAINERS)


def running(ground: Ground, service: str) -> ProcessId:
    """TargetUnfit names the state of one that does not run, or is about to end."""
    child = ground.supervision.children().get(service)
    if child is None:
        raise TargetUnfit(service, "no supervised process has this name", _BRING_UP)
    if child.state is not ChildState.RUNNING:
        end = f" ({child.last_end})" if child.last_end else ""
        raise TargetUnfit(service, f"does not run: it is {child.state.value}{end}", _BRING_UP)
    if child.process is None or not child.process.is_alive():
        raise just_ended(service)
    return child.process


def just_ended(service: str) -> TargetUnfit:
    return TargetUnfit(service, "does not run: its process has just ended", "try again")


def end_of(process: ProcessId, service: str) -> TargetUnfit:
    return TargetUnfit(service, f"process {process.pid} ended before the fault could be injected", "try again")
