"""Faults on edges, done by the stack's own Toxiproxy: every edge is one of its proxies."""

from injectors.toxiproxy.injector import ToxiproxyInjector

__all__ = ["ToxiproxyInjector"]
