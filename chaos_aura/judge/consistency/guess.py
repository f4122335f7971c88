"""Which model a history is of, by the functions that occur in it."""

from collections.abc import Iterable, Mapping
from typing import Any

from chaos_aura.judge.consistency.models import CasRegister, Kv, Lease, Mutex, Register

_BY_FUNCTIONS = (Register, CasRegister, Kv)


def guessed(rows: Iterable[Any]) -> str:
    """Its name; empty when none fits. A lock of which somebody is the owner is a lease."""
    functions, has_owner = set(), False
    for row in rows:
        if isinstance(row, Mapping) and isinstance(row.get("process"), int) and isinstance(row.get("f"), str):
            functions.add(row["f"])
            value = row.get("value")
            has_owner = has_owner or (row["f"] in Mutex.functions and isinstance(value, Mapping | str))
    if functions and functions <= Mutex.functions and not has_owner:
        return Mutex.name
    for model in (*_BY_FUNCTIONS, Lease):
        if functions and functions <= model.functions:
            return model.name
    return ""
