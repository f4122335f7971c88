"""The pool as the API tells it: what there is, what is free, who holds what."""

import json
from collections import defaultdict
from typing import Any

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings.http1 import get_json
from chaos_aura.pings.wire import connected
from chaos_aura.record.stores import Pool

_PATH = "/gpus"


def read_pool(catalogue: Catalogue, timeout_s: float) -> Pool:
    """PingFailed when the pool could not be asked."""
    address = catalogue.service("api").address
    with connected("api", address, timeout_s) as wire:
        document = get_json(wire, address, _PATH)
    try:
        return _pool(document)
    except (KeyError, TypeError, ValueError) as cause:
        raise PingFailed(f"api at {address}", f"{_PATH} tells of no pool: {json.dumps(document)[:80]}") from cause


def _pool(document: Any) -> Pool:
    held: dict[str, list[str]] = defaultdict(list)
    for holder in document["holders"]:
        held[str(holder["allocation_id"])].append(str(holder["gpu_id"]))
    return Pool(
        {str(name): int(count) for name, count in document["total"].items()},
        {str(name): int(count) for name, count in document["free"].items()},
        {name: tuple(sorted(gpu_ids)) for name, gpu_ids in held.items()},
    )
