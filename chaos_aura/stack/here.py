"""The stack of a project, whichever is meant, for whoever only looks at it."""

from collections.abc import Mapping

from chaos_aura.core.catalogue import EXTERNAL
from chaos_aura.core.project import Project
from chaos_aura.core.stack_choice import stack_meant
from chaos_aura.stack.external.stack import ExternalStack
from chaos_aura.stack.running import RunningStack

type AnyStack = RunningStack | ExternalStack


def stack_here(project: Project, environ: Mapping[str, str]) -> AnyStack:
    """StackDown when one of ours does not run."""
    if stack_meant(project.root, environ) == EXTERNAL:
        return ExternalStack.of(project, environ)
    return RunningStack.of(project)
