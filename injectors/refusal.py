"""What could be done when it was asked may no longer be: said again, as an error, when it is prepared."""

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Capability


def refuse_unless(capability: Capability, where: str) -> None:
    if not capability:
        raise TargetUnfit(where, capability.why, capability.remedy)
