"""Hurts services that run in containers, by their engine and in their namespaces."""

from injectors.docker.injector import DockerInjector

__all__ = ["DockerInjector"]
