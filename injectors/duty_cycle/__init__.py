"""Leaves a service a part of a processor, by stopping it many times a second. Needs no right but that of its user."""

from injectors.duty_cycle.injector import DutyCycleInjector

__all__ = ["DutyCycleInjector"]
