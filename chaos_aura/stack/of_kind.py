"""A whole operation on the stack that is meant: each kind has its own, and only that one is loaded."""

from collections.abc import Callable, Mapping
from contextlib import suppress

from chaos_aura.core.catalogue import DOCKER, EXTERNAL, LOCAL
from chaos_aura.core.errors import BadInput, StackDown
from chaos_aura.core.project import Project
from chaos_aura.core.stack_choice import stack_said
from chaos_aura.stack.docker.places import MARK
from chaos_aura.stack.down import bring_down
from chaos_aura.stack.external.refusing import not_ours
from chaos_aura.stack.progress import Progress
from chaos_aura.stack.running import RunningStack, read_catalogue
from chaos_aura.stack.supervisor.client import SupervisorClient
from chaos_aura.stack.up import Arrival, Wanted, bring_up


def bring_up_any(kind: str, wanted: Wanted, progress: Progress) -> Arrival:
    """`kind`: local or docker. One project has one stack at a time."""
    if kind == EXTERNAL:
        raise not_ours()
    refuse_another(kind, wanted.project)
    if kind == LOCAL:
        return bring_up(wanted, progress)
    from chaos_aura.stack.docker.up import bring_up as bring_up_containers  # noqa: PLC0415

    return bring_up_containers(wanted, progress)


def kind_to_start(project: Project, environ: Mapping[str, str]) -> str:
    """Where nobody has said which, that which was started last and not ended."""
    last = recorded(project)
    return stack_said(project.root, environ) or (last if last in (LOCAL, DOCKER) else LOCAL)


def bring_down_any(project: Project, environ: Mapping[str, str], *, purge: bool, on_wait: Callable[[], None]) -> bool:
    """Whichever of ours is there, whatever is meant. Of somebody else's only what was noted of it is forgotten.

    A local one first: whether there is an engine has nothing to do with it. The folder goes last.
    """
    kind, was_running = recorded(project), False
    if kind != DOCKER:
        was_running = bring_down(project, purge=False, on_wait=on_wait)
    if kind == DOCKER or ((kind != LOCAL or purge) and (project.home / MARK).exists()):
        from chaos_aura.stack.docker.down import bring_down as bring_down_containers  # noqa: PLC0415

        was_running |= bring_down_containers(project, environ, purge=purge, on_wait=on_wait)
    if purge:
        bring_down(project, purge=True, on_wait=on_wait)
    return was_running


def recorded(project: Project) -> str:
    """The kind of the stack that was started last and not ended; empty when there is none, or nobody can tell."""
    with suppress(BadInput):
        return read_catalogue(project).stack
    return ""


def refuse_another(kind: str, project: Project) -> None:
    """BadInput while the other one is up. An engine that does not answer is no proof that nothing runs there."""
    other = DOCKER if kind == LOCAL else LOCAL
    try:
        if other == LOCAL:
            SupervisorClient(project.home).pid()
        elif recorded(project) == DOCKER:
            RunningStack.of(project)
        else:
            return
    except StackDown:
        return
    raise BadInput("stack", f"the {other} one is up", f"run: chaos-aura down, then: chaos-aura up --stack {kind}")
