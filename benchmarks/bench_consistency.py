"""How fast histories are judged, from the file to the verdict, on one core. Goals: 300,000 operations/s of leases or
more, a million of them in 5 s.

The peer is the raw operation in the same run: the same file read, and each line made a value by orjson. How it grows
with the length of the history and with how many go on at once is shown; beside it the general search, on registers and
on a part of the same leases. CPU time is counted: a neighbour's turn is none of ours.

BENCH_OPERATIONS=100000 makes it shorter.
"""

import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from chaos_aura.judge.consistency.check import check
from chaos_aura.judge.consistency.jepsen import read_ops
from chaos_aura.judge.consistency.leases.judging import check_leases
from chaos_aura.judge.consistency.leases.rows import blocks
from chaos_aura.judge.consistency.models import Lease, Register
from chaos_aura.judge.consistency.verdict import Validity

_MOST = int(os.environ.get("BENCH_OPERATIONS", "1000000"))
_AT_ONCE = (2, 8, 16, 64)
_USUAL = 16
_GOAL_PER_S = 300_000
_GOAL_MILLION_S = 5.0
_SEARCHED = (1_000, 10_000)
_SEARCH_WITHIN_S = 20.0

type Row = dict[str, Any]


def leases(operations: int, at_once: int) -> Iterator[Row]:
    """So many clients, each of which asks for one of twice as many GPUs, holds it, and gives it back."""
    some = random.Random(operations * at_once)
    free = [f"a100-{number}" for number in range(2 * at_once)]
    having: dict[int, tuple[str, str]] = {}
    waiting: dict[int, str] = {}
    now_ns = owners = token = begun = 0
    while begun < operations or waiting:
        now_ns += some.randrange(1_000, 100_000)
        client = some.randrange(at_once)
        row: Row = {"process": client, "time": now_ns}
        if client in waiting and client in having:
            owner, gpu = having.pop(client)
            free.append(gpu)
            del waiting[client]
            yield {**row, "type": "ok", "f": "release", "value": {"owner": owner}}
        elif client in waiting:
            token += 1
            having[client] = (waiting.pop(client), free.pop(some.randrange(len(free))))
            yield {**row, "type": "ok", "f": "acquire", "value": {"keys": [having[client][1]], "token": token}}
        elif begun < operations:
            begun += 1
            if client in having:
                waiting[client] = having[client][0]
                yield {**row, "type": "invoke", "f": "release", "value": {"owner": waiting[client]}}
            else:
                owners += 1
                waiting[client] = f"01kb7q9x3m-{owners}"
                asked = {"owner": waiting[client], "kind": "a100", "count": 1}
                yield {**row, "type": "invoke", "f": "acquire", "value": asked}


def registers(operations: int, at_once: int) -> Iterator[Row]:
    """One register, three readings to a write; each takes effect somewhere between its two lines."""
    some = random.Random(operations * at_once)
    doing: dict[int, tuple[str, int | None, bool]] = {}
    value, begun, now_ns = None, 0, 0
    while begun < operations or doing:
        now_ns += 1_000
        client = some.randrange(at_once)
        row: Row = {"process": client, "time": now_ns}
        if client not in doing:
            if begun < operations:
                begun += 1
                f, asked = ("write", begun) if some.random() < 0.25 else ("read", None)
                doing[client] = (f, asked, False)
                yield {**row, "type": "invoke", "f": f, "value": asked}
            continue
        f, told, is_done = doing[client]
        if is_done:
            del doing[client]
            yield {**row, "type": "ok", "f": f, "value": told}
        else:
            value = told if f == "write" else value
            doing[client] = (f, value, True)


def written(rows: Iterator[Row], path: Path) -> Path:
    with path.open("wb") as file:
        while some := list(islice(rows, 10_000)):
            file.write(b"".join(orjson.dumps(row) + b"\n" for row in some))
    return path


def took_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def raw(path: Path) -> None:
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)


def swept(path: Path) -> Callable[[], None]:
    def content() -> Iterator[bytes]:
        with path.open("rb") as file:
            yield from blocks(file)

    def work() -> None:
        assert check_leases(content, Lease()).validity is Validity.VALID

    return work


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.jsonl"
        print("leases in one pass, file to verdict   at once   operations/s     CPU s   of raw reading")
        rates = {}
        for operations, at_once in _sizes():
            written(leases(operations, at_once), path)
            raw_s, ours_s = min(took_s(lambda: raw(path)) for _ in range(3)), _best(swept(path), operations)
            rate = operations / ours_s
            rates[operations, at_once] = rate
            print(
                f"{operations:>21,} {at_once:>23} {rate:>14,.0f} {ours_s:>9.3f} {ours_s / raw_s:>15.2f} x", flush=True
            )
        print("\nthe general search                    at once   operations/s     CPU s")
        for name, rows, model in (("register", registers, Register()), ("lease", leases, Lease())):
            for operations in _SEARCHED:
                for at_once in _AT_ONCE:
                    _search(name, written(rows(operations, at_once), path), model, operations, at_once)
    return _judged(rates)


def _sizes() -> Iterator[tuple[int, int]]:
    for operations in (1_000, 10_000, 100_000, 1_000_000):
        if operations <= _MOST:
            yield operations, _USUAL
    yield from ((min(100_000, _MOST), at_once) for at_once in _AT_ONCE if at_once != _USUAL)


def _best(work: Callable[[], None], operations: int) -> float:
    return min(took_s(work) for _ in range(3 if operations >= 100_000 else 10))


def _search(name: str, path: Path, model: Any, operations: int, at_once: int) -> None:
    ops = read_ops(path.read_bytes().splitlines(), name).ops
    began_s = time.process_time()
    found = check(ops, model, time_limit_s=_SEARCH_WITHIN_S)
    ours_s = time.process_time() - began_s
    said = (
        f"{operations / ours_s:>14,.0f} {ours_s:>9.3f}" if found.validity is Validity.VALID else f"{found.validity:>14}"
    )
    print(f"{name:<12} {operations:>8,} {at_once:>23} {said}", flush=True)


def _judged(rates: dict[tuple[int, int], float]) -> int:
    longest = max(rates)
    million_s = 1_000_000 / rates[longest]
    print(f"\ngoals: {_GOAL_PER_S:,} operations/s, a million in {_GOAL_MILLION_S:g} s")
    print(f"found: {rates[longest]:,.0f} operations/s at {longest[0]:,}; a million in {million_s:.2f} s")
    return 0 if rates[longest] >= _GOAL_PER_S and million_s <= _GOAL_MILLION_S else 1


if __name__ == "__main__":
    sys.exit(main())
