"""How much the platform can carry on this machine: whole cycles a second, each an allocation asked for and given back.

A closed loop on purpose: it asks how much comes out when as much as possible goes in. Measured once and kept in
`capacity.json` of the stack's folder, until what it was measured on is no more. What is measured beside other work is
less than the truth, and is not kept.
"""

import http.client
import json
import math
import os
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from chaos_aura.core.address import Address
from chaos_aura.core.errors import BadInput, MachineLacks, ServiceUnhealthy
from chaos_aura.load.closed_loop import ClosedLoop, asked

CAPACITY = "capacity.json"
VARIABLE = "CHAOS_AURA_CAPACITY"
MEASURED, DISTURBED = "measured", "measured beside other work"
_INVENTORY_WITHIN_S = 5.0
_AGAIN_FOR_S, _AGAIN_AFTER_S = 15.0, 0.3
_BUSY = 503
_REMEDY = "look at it: chaos-aura status"


@dataclass(frozen=True, slots=True)
class MeasuredOn:
    """What the capacity depends on. `inventory` is how many GPUs there are of each type."""

    cpus: int
    workers: int
    inventory: Mapping[str, int]
    version: str

    @classmethod
    def here(cls, workers: int, inventory: Mapping[str, int], version: str) -> "MeasuredOn":
        return cls(len(os.sched_getaffinity(0)), workers, dict(inventory), version)


@dataclass(frozen=True, slots=True)
class Capacity:
    """`windows_per_s` is what each stretch gave, whose median it is; `origin`: how it was measured, or who said so."""

    cycles_per_s: float
    windows_per_s: Sequence[float] = ()
    origin: str = MEASURED


def measure_capacity(
    url: str, tag: str, seconds: float = 10.0, callers: int = 16, *, warm_s: float = 2.0, window_s: float = 2.0
) -> Capacity:
    """ServiceUnhealthy when it carries nothing. Whatever was granted has been given back."""
    types = _types(inventory_of(url))
    loop = ClosedLoop(_address(url), tag, types)
    threads = [threading.Thread(target=loop.go_on, daemon=True) for _ in range(callers)]
    for thread in threads:
        thread.start()
    try:
        windows = _watched(loop, seconds, warm_s, window_s)
    finally:
        loop.is_over.set()
        for thread in threads:
            thread.join()
    if not (median := statistics.median(windows)):
        raise ServiceUnhealthy(url, f"carries nothing: {loop.last_trouble}", _REMEDY)
    return Capacity(round(median, 3), tuple(round(each, 3) for each in windows))


def capacity_of(
    home: Path,
    url: str,
    tag: str,
    on: MeasuredOn,
    environ: Mapping[str, str],
    *,
    is_disturbed: Callable[[], bool],
    measure: Callable[[str, str], Capacity] = measure_capacity,
) -> Capacity:
    """As the environment says, else as it was measured before on the same, else measured now, which takes seconds."""
    if said := environ.get(VARIABLE):
        return Capacity(_said(said), origin=VARIABLE)
    path = home / CAPACITY
    known = _known(path, on)
    if known is None:
        was_disturbed = is_disturbed()
        known = measure(url, tag)
        if was_disturbed:
            return replace(known, origin=DISTURBED)
        _keep(path, known, on)
    return known


def inventory_of(url: str) -> dict[str, int]:
    """How many GPUs there are of each type. ServiceUnhealthy when nobody says."""
    return _gpus(url, "total")


def free_of(url: str) -> dict[str, int]:
    """How many nobody holds."""
    return _gpus(url, "free")


def _gpus(url: str, which: str) -> dict[str, int]:
    """A worker that is held up for a moment answers the next time; whoever is not there is not asked again."""
    address, until_s = _address(url), time.monotonic() + _AGAIN_FOR_S
    while True:
        with closing(http.client.HTTPConnection(address.host, address.port, timeout=_INVENTORY_WITHIN_S)) as connection:
            reply = asked(connection, "GET", "/gpus")
        counts = reply.document.get(which)
        if isinstance(counts, Mapping):
            return {str(name): int(count) for name, count in counts.items()}
        if reply.status != _BUSY or time.monotonic() > until_s:
            raise ServiceUnhealthy(url, f"GET /gpus was not answered: {reply.reason}", _REMEDY)
        time.sleep(_AGAIN_AFTER_S)


def _address(url: str) -> Address:
    try:
        return Address.parse(urlsplit(url).netloc)
    except ValueError as cause:
        raise BadInput("load", f"url is {url!r}", "give http://HOST:PORT") from cause


def _types(inventory: Mapping[str, int]) -> list[str]:
    """In turn, each as often as there are of it: callers who hold one each then hold half of every type, or less."""
    turns = [name for name, count in inventory.items() for _ in range(count // 2)]
    if not turns:
        raise BadInput("load", f"half of {dict(inventory)} is nothing", "give the pool two GPUs of a type, or more")
    step = next(each for each in range(max(1, len(turns) // 3), len(turns) + 1) if math.gcd(each, len(turns)) == 1)
    return [turns[nth * step % len(turns)] for nth in range(len(turns))]


def _watched(loop: ClosedLoop, seconds: float, warm_s: float, window_s: float) -> list[float]:
    time.sleep(warm_s)
    windows = []
    for _ in range(max(1, round(seconds / window_s))):
        began_s, before = time.monotonic(), loop.done  # in this order: who is held up between them counts too little
        time.sleep(window_s)
        windows.append((loop.done - before) / (time.monotonic() - began_s))
    return windows


def _said(text: str) -> float:
    try:
        per_s = float(text)
        if not (math.isfinite(per_s) and per_s > 0):
            raise ValueError(text)
    except ValueError as cause:
        raise BadInput(VARIABLE, f"is {text!r}", "give cycles a second, as 12.5, or unset it") from cause
    return per_s


def _known(path: Path, on: MeasuredOn) -> Capacity | None:
    """None when there is none, none of the same, or none that can be read."""
    try:
        row = json.loads(path.read_text(encoding="utf-8"))
        if row["on"] != asdict(on):
            return None
        return Capacity(_said(str(row["cycles_per_s"])), tuple(row["windows_per_s"]))
    except (OSError, ValueError, KeyError, TypeError, BadInput):
        return None


def _keep(path: Path, capacity: Capacity, on: MeasuredOn) -> None:
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        new.write_text(json.dumps({**asdict(capacity), "on": asdict(on)}, indent=2) + "\n", encoding="utf-8")
        new.replace(path)
    except OSError as cause:
        raise MachineLacks.because(cause) from cause
