"""What `inject` would do. Nothing has been touched."""

from dataclasses import dataclass

from chaos_aura.core.catalogue import Target
from chaos_aura.core.fault import Fault
from chaos_aura.faults.injector import Injector


@dataclass(frozen=True, slots=True)
class Plan:
    fault: Fault
    target: Target
    injector: Injector
    touches: tuple[str, ...]
