"""Packages that an injector needs, without importing them: that takes long."""

from importlib.util import find_spec

from chaos_aura.core.fault import YES, Capability, no


def are_installed(extra: str, *packages: str) -> Capability:
    """`extra` is the one of chaos-aura that brings them."""
    for package in packages:
        if find_spec(package) is None:
            return no(f"package `{package}` is missing", f"run: pip install 'chaos-aura[{extra}]'")
    return YES
