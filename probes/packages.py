"""Packages that some probes need, and others do without."""

from importlib.util import find_spec

from chaos_aura.core.errors import MachineLacks


def require(package: str, extra: str = "clients") -> None:
    """Without importing it: that takes long. `extra` is the one of chaos-aura that brings it."""
    if find_spec(package) is None:
        raise MachineLacks(f"package `{package}`", "is missing", f"run: pip install 'chaos-aura[{extra}]'")
