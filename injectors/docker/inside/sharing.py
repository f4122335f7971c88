"""Whether the processes that can be reached inside of a container are all its own."""

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import YES, Capability, no

_OTHER = "container:"
_REMEDY = "start it without `pid`, or use stop"


def lives_alone(now: Container) -> Capability:
    """No for one that was put among the processes of others: process 1 and "all of them" are theirs, too."""
    mode = str(now.host_config.get("PidMode") or "")
    if not mode:
        return YES
    whose = f"container {mode.removeprefix(_OTHER)[:12]}" if mode.startswith(_OTHER) else f"its machine (pid: {mode})"
    return no(f"{now.name} shares the processes of {whose}: others than its own would be hurt", _REMEDY)


def is_alone(engine: Engine, now: Container) -> Capability:
    """And nobody was put among its own."""
    if not (answer := lives_alone(now)):
        return answer
    try:
        guests = _guests(engine, now)
    except ChaosAuraError as cause:
        return no(f"{cause.where} {cause.why}", cause.remedy)
    why = f"{', '.join(guests)} shares the processes of {now.name}, and would be hurt, too"
    return no(why, f"stop {', '.join(guests)} first, or use stop") if guests else YES


def _guests(engine: Engine, now: Container) -> list[str]:
    """Names of containers that run among its processes. An engine tells of it only when asked for each."""
    with engine.talking():
        rows = engine.api.containers()
    others = (engine.find(row["Id"]) for row in rows if row["Id"] != now.id)
    return [each.name for each in others if each and each.host_config.get("PidMode") == f"{_OTHER}{now.id}"]
