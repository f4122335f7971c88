"""Writes down what each store holds of the run, once its load has ended."""

import os
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_aura.core.catalogue import EXTERNAL, Catalogue
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.record.rows import KAFKA, NEO4J, TEMPORAL, Recorded, whole
from chaos_aura.record.stores import FILE, POOL, REDIS, USAGE, Pool, Stores
from probes.packages import require
from probes.pool import read_pool
from probes.sampler.decisions import Decisions
from probes.sampler.events import Events
from probes.sampler.workflows import RunWorkflows

_POOL_WITHIN_S = 10.0
_REDIS_WITHIN_S = 5.0
_OURS = ("local", "docker")
# Where the platform is somebody else's, its workflows, contexts and usage may be called anything.
_ONLY_OF_OURS = (TEMPORAL, REDIS, USAGE)
_ABSENT_POSSIBLY = (NEO4J, KAFKA, *_ONLY_OF_OURS)


@dataclass(frozen=True)
class Dump:
    """Of one run, as often as wanted."""

    catalogue: Catalogue
    folder: Path
    tag: str
    decisions: Decisions
    events: Events
    workflows: RunWorkflows

    def write(self) -> None:
        """Never raises for a store that cannot be read: that is told in `missing`. What the stack does not have is
        `absent`. OSError when it could not be written.
        """
        absent = tuple(name for name in _ABSENT_POSSIBLY if not uses(self.catalogue, name))
        missing: dict[str, str] = {}
        found: dict[str, Any] = {POOL: Pool(), REDIS: {}, USAGE: {}}
        # Which tenants there are, Kafka and Neo4j know: so Redis comes after them.
        for reads in self._reads():
            wanted = {name: read for name, read in reads.items() if name not in absent}
            found |= _side_by_side(wanted, missing)
        write_stores(self.folder, Stores(time.monotonic_ns(), found[POOL], found[REDIS], found[USAGE], missing, absent))

    def _reads(self) -> Iterable[Mapping[str, Callable[[], Any]]]:
        tenants: set[str] = set()
        yield {
            POOL: lambda: read_pool(self.catalogue, _POOL_WITHIN_S),
            NEO4J: lambda: self._write_rows(NEO4J, _noting(self.decisions.of_run(self.tag), tenants)),
            KAFKA: lambda: tenants.update(self.events.write_all()),
            TEMPORAL: lambda: self._write_rows(TEMPORAL, self.workflows.of_run(self.tag)),
        }
        yield {REDIS: lambda: self._from_redis("contexts", tenants), USAGE: lambda: self._from_redis("usage", tenants)}

    def _write_rows(self, store: str, rows: Iterable[tuple[str, Recorded | str]]) -> None:
        with whole(self.folder, store) as file:
            for name, row in rows:
                file.add(name, row)

    def _from_redis(self, what: str, tenants: Iterable[str]) -> Any:
        require("redis")
        from probes.redis_client import RedisStore  # noqa: PLC0415 - 0.4 s

        redis = RedisStore(self.catalogue.service("redis").address, _REDIS_WITHIN_S)
        try:
            return redis.contexts(tenants) if what == "contexts" else redis.usage(tenants)
        finally:
            redis.close()


def write_stores(folder: Path, stores: Stores) -> None:
    """Whole or not at all."""
    part = folder / f"{FILE}.part"
    part.write_bytes(stores.to_json())
    os.replace(part, folder / FILE)  # noqa: PTH105 - says that it replaces


def uses(catalogue: Catalogue, store: str) -> bool:
    """A stack of ours runs our platform, which uses every store, also where one was not started. No tenant of ours asks
    anything of services that are somebody else's, so there is nothing to be looked for in them.
    """
    if catalogue.stack in _OURS:
        return True
    if catalogue.stack == EXTERNAL:
        return False
    return store not in _ONLY_OF_OURS and any(each.name == store for each in catalogue.services)


def _side_by_side(reads: Mapping[str, Callable[[], Any]], missing: dict[str, str]) -> dict[str, Any]:
    found = {}
    with ThreadPoolExecutor() as threads:
        running = {name: threads.submit(read) for name, read in reads.items()}
        for name, read in running.items():
            try:
                found[name] = read.result()
            except ChaosAuraError as cause:
                missing[name] = str(cause)
    return found


def _noting(rows: Iterable[tuple[str, Recorded]], tenants: set[str]) -> Iterable[tuple[str, Recorded]]:
    for name, row in rows:
        if row.tenant:
            tenants.add(row.tenant)
        yield name, row
