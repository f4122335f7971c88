"""How long it takes to lay what the stores hold beside the history of a run, and in how much memory.

The peer is the raw operation in the same run: the same files read, and each line made a value by orjson. How it grows
from a thousand allocations to a million is shown; beyond a few thousand the run is sorted out by files. Each length is
judged by a process of its own, whose most memory in use is told. CPU time is counted.

BENCH_ALLOCATIONS=100000 makes it shorter.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import BinaryIO

import orjson

from chaos_aura.judge.exactly_once import exactly_once_of
from chaos_aura.record.batches import batches
from chaos_aura.record.rows import OF_ALLOCATIONS, Event, Recorded, file_of, line_of
from chaos_aura.record.stores import Context, Past, Pool, Stores

_MOST = int(os.environ.get("BENCH_ALLOCATIONS", "1000000"))
_TAG, _TENANTS, _GPUS = "run", 8, 40
_WINDOW = 16
_ADDS = {
    "requested": {"requested": 1},
    "decided": {"decided": 1},
    "granted": {"granted": 1, "held:t4": 1, "quoted_micro_usd": 512},
    "released": {"released": 1, "held:t4": -1, "gpu_ms:t4": 1500, "used_micro_usd": 217},
}


def write_run(folder: Path, allocations: int) -> Stores:
    """Of allocations that were all granted and given back, with the stores of a platform that makes no mistake."""
    with (folder / "history-load.jsonl").open("wb") as history:
        files = {store: (folder / file_of(store)).open("wb") for store in OF_ALLOCATIONS}
        for nth in range(allocations):
            _write_one(nth, history, files)
        for file in files.values():
            file.close()
    newest: dict[str, list[Past]] = {}
    for nth in range(max(0, allocations - _WINDOW * _TENANTS), allocations):
        newest.setdefault(_tenant(nth), []).append(Past(f"{_TAG}-{nth}", nth, "approved"))
    count = allocations // _TENANTS
    usage = {name: amount * count for adds in _ADDS.values() for name, amount in adds.items()} | {"held:t4": 0}
    tenants = [_tenant(nth) for nth in range(_TENANTS)]
    pool = Pool({"t4": _GPUS}, {"t4": _GPUS}, {})
    contexts = {tenant: Context(tuple(newest[tenant][-_WINDOW:])) for tenant in tenants}
    return Stores(1, pool, contexts, dict.fromkeys(tenants, usage))


def _write_one(nth: int, history: BinaryIO, files: dict[str, BinaryIO]) -> None:
    name, gpu, tenant, at = f"{_TAG}-{nth}", f"t4-{nth % _GPUS}", _tenant(nth), nth * 1_000_000
    asked = {"request_id": name, "tenant": tenant, "gpu_type": "t4"}
    for what, began, answered in (("allocate", at, {"gpu_ids": [gpu]}), ("release", at + 9_000_000, {})):
        op = f"{what}-{nth}"
        invoked = {"op": op, "is": "invoke", "at": began, "due": began, "by": tenant, "what": what, "value": asked}
        history.write(orjson.dumps(invoked) + b"\n")
        history.write(orjson.dumps({"op": op, "is": "ok", "at": began + 1_000_000, "value": answered}) + b"\n")
    files["neo4j"].write(line_of(name, Recorded(1, "released", (gpu,), tenant, nth, "approved")))
    for offset, (kind, adds) in enumerate(_ADDS.items()):
        files["kafka"].write(line_of(name, Event(kind, f"{name}:{kind}", 0, 4 * nth + offset, tenant, adds, (gpu,))))
    files["temporal"].write(line_of(name, "completed"))


def _tenant(nth: int) -> str:
    return f"{_TAG}-t{nth % _TENANTS}"


def judge(folder: Path) -> None:
    """In a process of its own: what it took, as JSON."""
    stores = Stores.of(orjson.loads((folder / "stores.json").read_bytes()))
    before_mb, began_s = _most_mb(), time.process_time()
    with batches(folder, OF_ALLOCATIONS) as (some, sorter):
        found = exactly_once_of(some, stores, _TAG, sorter.buckets("holds"))
        buckets = sorter.count
    told = {"took_s": time.process_time() - began_s, "mb": _most_mb(), "before_mb": before_mb, "buckets": buckets}
    sys.stdout.write(json.dumps({**told, "passed": found.agreement.judgement.has_passed and bool(found.ownership)}))


def raw_s(folder: Path) -> float:
    began_s = time.process_time()
    for path in sorted(folder.glob("*.jsonl")):
        with path.open("rb") as file:
            for line in file:
                orjson.loads(line)
    return time.process_time() - began_s


def _most_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    sys.stdout.write("what the stores hold beside the history\n")
    allocations = 1_000
    while allocations <= _MOST:
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            (folder / "stores.json").write_bytes(write_run(folder, allocations).to_json())
            size_mb = sum(path.stat().st_size for path in folder.iterdir()) / 1024 / 1024
            raw = raw_s(folder)
            done = subprocess.run([sys.executable, __file__, made], capture_output=True, text=True, check=True)
            told = json.loads(done.stdout)
        assert told["passed"]
        sys.stdout.write(
            f"  {allocations:>9,} allocations, {size_mb:6.0f} MB: {told['took_s']:7.2f} s, {told['took_s'] / raw:4.1f} "
            f"times the raw reading; {told['mb']:5.0f} MB of memory at most, {told['before_mb']:.0f} before; "
            f"{told['buckets']} buckets\n"
        )
        sys.stdout.flush()
        allocations *= 10


if __name__ == "__main__":
    judge(Path(sys.argv[1])) if sys.argv[1:] else main()
