"""What chaos-aura does not do to services of somebody else: it starts none and ends none."""

from chaos_aura.core.errors import BadInput
from chaos_aura.core.project_file import FILE

_REMEDY = "use what it is run with, such as docker compose; or, for a stack of ours: CHAOS_AURA_STACK=local"


def not_ours() -> BadInput:
    return BadInput("external stack", f"is not ours to start or to end: {FILE} describes somebody else's", _REMEDY)
