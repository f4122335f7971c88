"""Sets the clock of a service wrong while it runs: through the file that its process reads its clock's error from."""

from injectors.clock.injector import ClockInjector

__all__ = ["ClockInjector"]
