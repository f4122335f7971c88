"""Lets a service have less of the processor or of memory, by a control group of its own."""

from injectors.cgroup.injector import CgroupInjector

__all__ = ["CgroupInjector"]
