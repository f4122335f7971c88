"""Takes from the machine, or from a service, what it needs to work: processors, memory, disk, connections."""

from injectors.stress.injector import StressInjector

__all__ = ["StressInjector"]
