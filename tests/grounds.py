"""What injectors stand on, for a running stack of a test."""

import os

from chaos_aura.faults.ground import Ground
from chaos_aura.stack.running import RunningStack


def ground_of(stack: RunningStack) -> Ground:
    return Ground(stack.project.home, dict(os.environ))
