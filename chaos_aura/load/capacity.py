"""temporary"""

from types import SimpleNamespace


def capacity_of(home, url, environ):
    return SimpleNamespace(cycles_per_s=12.0)
