"""Writes down what each store holds of the run, once its load has ended."""

import os
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.record.stores import FILE, KAFKA, NEO4J, POOL, Pool, Stores
from probes.pool import read_pool
from probes.sampler.decisions import Decisions
from probes.sampler.events import Events

_POOL_WITHIN_S = 10.0
_OURS = ("local", "docker")


def write_stores(folder: Path, stores: Stores) -> None:
    """Whole or not at all."""
    part = folder / f"{FILE}.part"
    part.write_bytes(stores.to_json())
    os.replace(part, folder / FILE)  # noqa: PTH105 - says that it replaces


def read_all(catalogue: Catalogue, tag: str, decisions: Decisions, events: Events) -> Stores:
    """Side by side. Never raises for a store that cannot be read: that is told in `missing`. What the stack
    does not have is `absent`.
    """
    reads: Mapping[str, Callable[[], Any]] = {
        POOL: lambda: read_pool(catalogue, _POOL_WITHIN_S),
        NEO4J: lambda: decisions.of_run(tag),
        KAFKA: events.of_run,
    }
    absent = tuple(name for name in (NEO4J, KAFKA) if not uses(catalogue, name))
    missing: dict[str, str] = {}
    found: dict[str, Any] = {POOL: Pool(), NEO4J: {}, KAFKA: {}}
    with ThreadPoolExecutor() as side_by_side:
        running = {name: side_by_side.submit(read) for name, read in reads.items() if name not in absent}
        for name, read in running.items():
            try:
                found[name] = read.result()
            except ChaosAuraError as cause:
                missing[name] = str(cause)
    return Stores(time.monotonic_ns(), found[POOL], found[NEO4J], found[KAFKA], missing, absent)


def uses(catalogue: Catalogue, store: str) -> bool:
    """A stack of ours runs our platform, which uses every store, also where one was not started."""
    return catalogue.stack in _OURS or any(each.name == store for each in catalogue.services)
