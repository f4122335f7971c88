"""Takes from a running process what the kernel lets it have: open files, the size of a file."""

from injectors.limits.injector import LimitsInjector

__all__ = ["LimitsInjector"]
