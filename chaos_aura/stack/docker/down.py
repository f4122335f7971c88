"""Ends the stack in containers: afterwards no container and no network of it is left; with `purge` no volume either."""

from collections.abc import Callable, Mapping

from chaos_aura.containers.engine import Engine
from chaos_aura.core.project import Project
from chaos_aura.stack.command_lock import changing
from chaos_aura.stack.docker.sources import Sources
from chaos_aura.stack.docker.up import Stack, variables

_STOP_WITHIN_S = 20


def bring_down(project: Project, environ: Mapping[str, str], *, purge: bool, on_wait: Callable[[], None]) -> bool:
    """Whether there was something to end. The folder stays, with all that is not the containers'."""
    engine = Engine(environ)
    stack = Stack(project, environ, Sources.installed())
    former = stack.containers(engine)
    if not project.home.exists() and not former:
        return False
    with changing(project, on_wait):
        told = variables(stack, former[0].document["Config"]["Image"] if former else "", former)
        volumes = ("--volumes",) if purge else ()
        stack.compose(told).run("down", "--timeout", str(_STOP_WITHIN_S), "--remove-orphans", *volumes)
        project.catalogue.unlink(missing_ok=True)
    return bool(former)
