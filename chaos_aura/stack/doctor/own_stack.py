"""The stack of this project: whether it runs, and what its folder takes."""

from collections.abc import Iterator

from chaos_aura.core.errors import ChaosAuraError, StackDown
from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.holdings import size_of
from chaos_aura.stack.doctor.room import size_text
from chaos_aura.stack.doctor.scene import Scene, is_there
from chaos_aura.stack.running import RunningStack
from chaos_aura.supervision.state import ChildState


def look_at_stack(scene: Scene) -> Iterator[Finding]:
    home = scene.project.home
    room = f"{home}, {size_text(size_of(home))}" if is_there(home) else f"{home} is not made yet"
    try:
        stack = RunningStack.of(scene.project)
    except StackDown:
        yield Finding("stack", Group.CACHE, State.OK, f"not running; {room}")
        return
    except ChaosAuraError as trouble:
        seen, remedy = (
            f"{trouble.where}: {trouble.why}; {room}",
            trouble.remedy or "chaos-aura down, then chaos-aura up",
        )
        yield Finding("stack", Group.CACHE, State.BROKEN, seen, "nothing is known of its services", remedy)
        return
    wanted = {service.name for service in stack.catalogue.services}
    children = [child for name, child in stack.keeper.children().items() if name in wanted]
    alive = [child for child in children if child.state is ChildState.RUNNING]
    seen = f"{len(alive)} of {len(children)} services run; {room}"
    if len(alive) == len(children):
        yield Finding("stack", Group.CACHE, State.OK, seen)
    else:
        down = ", ".join(child.name for child in children if child not in alive)
        yield Finding("stack", Group.CACHE, State.LIMITED, seen, f"down: {down}", "chaos-aura status, chaos-aura up")
