"""What chaos-aura does not do to services of somebody else: it starts none, ends none, and reads none of their data."""

from collections.abc import Mapping

from chaos_aura.core.catalogue import EXTERNAL
from chaos_aura.core.errors import BadInput
from chaos_aura.core.project import Project
from chaos_aura.core.project_file import FILE
from chaos_aura.core.stack_choice import stack_meant

_REMEDY = "use what it is run with, such as docker compose; or, for a stack of ours: CHAOS_AURA_STACK=local"
_OURS = "for a stack of ours: CHAOS_AURA_STACK=local"


def not_ours() -> BadInput:
    return BadInput("external stack", f"is not ours to start or to end: {FILE} describes somebody else's", _REMEDY)


def refuse_what_only_ours_have(what: str, project: Project, environ: Mapping[str, str]) -> None:
    """BadInput where somebody else's services are meant. `what`: the command whose answers only our platform has."""
    if stack_meant(project.root, environ) == EXTERNAL:
        raise BadInput(what, f"reads what our own platform wrote, and {FILE} describes somebody else's services", _OURS)
