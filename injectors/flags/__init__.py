"""The platform's own switches, thrown in the file that its processes look at."""

from injectors.flags.injector import FlagsInjector

__all__ = ["FlagsInjector"]
