"""Ends, freezes and restarts the process of a service."""

from injectors.process.injector import ProcessInjector

__all__ = ["ProcessInjector"]
