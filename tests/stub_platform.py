"""`python -P stub_platform.py`: the platform's API with a pool of its own, which misbehaves when and how it is told to.

It reads one line of JSON (the fields of `Wishes`), says its port, and ends with its input. `GET /stub` tells when it
misbehaved, by the clock that all processes of a machine share. Whether it does is decided once for each request, when
that has been read: a request that comes in between two moments of its record was treated accordingly.

    refuse  503 with a reason that says that nothing was done        hang    no answer until it is well again
    slow    the right answer, late                                   reset   the connection is torn
    leak    says released and keeps them; "no capacity" from then on, for ever
    keep    says released and keeps them, as long as it lasts: then they are free
    double  gives one request what another one holds, once
"""

import asyncio
import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

TOTAL = {"t4": 40, "v100": 20, "a100": 16, "h100": 8}
REFUSE, HANG, SLOW, RESET, LEAK, KEEP, DOUBLE = "refuse", "hang", "slow", "reset", "leak", "keep", "double"
_REASON = "overloaded"
_STUB, _GPUS = "/stub", "/gpus"  # whoever looks on must see it as it is
_LOOKS_EVERY_S = 0.001
_NS = 1e9
_WITHIN_S = 20.0


@dataclass(frozen=True)
class Wishes:
    """`how` it misbehaves while there is a file in `folder`, and for `after_s` more; a file may name its own way.

    `outages` are times by the monotonic clock, from when to when, and how, one after another.
    """

    how: str = REFUSE
    folder: str = ""
    after_s: float = 0.0
    slow_s: float = 3.0
    everything: bool = False  # also the page that tells of its pool
    total: dict[str, int] = field(default_factory=lambda: dict(TOTAL))
    taken: bool = False  # all of it, by somebody else, from the beginning
    outages: list[tuple[int, int, str]] = field(default_factory=list)


@dataclass
class Mood:
    """How it behaves just now, and since when."""

    wishes: Wishes
    story: list[dict[str, Any]] = field(default_factory=list)
    _last_told_ns: int = 0
    _last_how: str = ""

    def now(self) -> str:
        """Empty while it is well."""
        at_ns = time.monotonic_ns()
        how = self._scheduled(at_ns) or self._told(at_ns)
        before = self.story[-1]["how"] if self.story and self.story[-1]["until_ns"] is None else ""
        if how != before:
            if before:
                self.story[-1]["until_ns"] = at_ns
            if how:
                self.story.append({"how": how, "from_ns": at_ns, "until_ns": None})
        return how

    def schedule(self, outages: list[tuple[int, int, str]]) -> None:
        self.wishes.outages.extend(outages)

    def _scheduled(self, at_ns: int) -> str:
        outages = self.wishes.outages
        while outages and outages[0][1] <= at_ns:
            outages.pop(0)
        return outages[0][2] if outages and outages[0][0] <= at_ns else ""

    def _told(self, at_ns: int) -> str:
        if how := self._in_folder():
            self._last_told_ns, self._last_how = at_ns, how
        elif self._last_how and at_ns - self._last_told_ns >= self.wishes.after_s * _NS:
            self._last_how = ""
        return self._last_how

    def _in_folder(self) -> str:
        if not self.wishes.folder:
            return ""
        with suppress(OSError):  # not there yet, or gone between two looks
            for path in Path(self.wishes.folder).iterdir():
                return path.read_text(encoding="utf-8").strip() or self.wishes.how
        return ""


class Refused(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Pool:
    """Who holds what. Like the real one it decides each request once."""

    def __init__(self, total: dict[str, int], taken: bool = False) -> None:
        self.total = total
        self.held: dict[str, list[str]] = {}
        self.kept: dict[str, list[str]] = {}  # given back, and not taken back
        everything = [f"{kind}-{nth}" for kind, count in total.items() for nth in range(count)]
        self.others: dict[str, list[str]] = {"others": everything if taken else []}
        self.ended: dict[str, list[str]] = {}
        self.refused: set[str] = set()
        self.leaks = False
        self.doubled: list[str] = []

    def page(self) -> dict[str, Any]:
        holders = [
            (name, gpu) for held in (self.held, self.kept, self.others) for name, gpus in held.items() for gpu in gpus
        ]
        used = Counter(gpu.rpartition("-")[0] for gpu in {gpu for _, gpu in holders})
        return {
            "total": self.total,
            "free": {name: count - used[name] for name, count in self.total.items()},
            "holders": [{"allocation_id": name, "gpu_id": gpu} for name, gpu in holders],
        }

    def grant(self, asked: dict[str, Any], doubles: bool) -> tuple[int, list[str]]:
        name = str(asked["request_id"])
        if known := self.held.get(name) or self.ended.get(name):
            return 200, known
        if self.leaks or name in self.refused:
            self.refused.add(name)
            raise Refused(409, "no_capacity")
        self.held[name] = self._others(asked) if doubles and not self.doubled else self._free(asked)
        return 201, self.held[name]

    def release(self, name: str, keeps: bool) -> None:
        if name in self.ended:
            raise Refused(409, "already_released")
        if name in self.refused:
            raise Refused(409, "was_refused")
        if name not in self.held:
            raise Refused(404, "not_found")
        self.ended[name] = self.held.pop(name)
        if keeps or self.leaks:
            self.kept[name] = self.ended[name]

    def state(self, name: str) -> dict[str, Any]:
        if gpus := self.held.get(name):
            return {"state": "granted", "grant": {"gpu_ids": gpus}}
        if gpus := self.ended.get(name):
            return {"state": "released", "grant": {"gpu_ids": gpus}}
        if name in self.refused:
            return {"state": "refused", "decision": {"reason": "no_capacity"}}
        raise Refused(404, "not_found")

    def _free(self, asked: dict[str, Any]) -> list[str]:
        kind, count = str(asked["gpu_type"]), int(asked["count"])
        used = {gpu for held in (self.held, self.kept, self.others) for gpus in held.values() for gpu in gpus}
        free = [gpu for nth in range(self.total[kind]) if (gpu := f"{kind}-{nth}") not in used]
        if len(free) < count:
            self.refused.add(str(asked["request_id"]))
            raise Refused(409, "no_capacity")
        return free[:count]

    def _others(self, asked: dict[str, Any]) -> list[str]:
        """Of the one that was granted last, who will hold them for longest."""
        for name, gpus in reversed(self.held.items()):
            if gpus[0].startswith(f"{asked['gpu_type']}-") and len(gpus) == asked["count"]:
                self.doubled = [name, str(asked["request_id"]), *gpus]
                return list(gpus)
        return self._free(asked)


class Stub:
    def __init__(self, wishes: Wishes) -> None:
        self.mood, self.pool = Mood(wishes), Pool(wishes.total, wishes.taken)
        self._wishes = wishes
        self._watching: asyncio.Task[None] | None = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await self._answered(reader, writer):
                await writer.drain()
        writer.close()

    async def _answered(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
        method, path, _ = head.split(" ", 2)
        lengths = [line.split(":")[1] for line in head.split("\r\n") if line.lower().startswith("content-length:")]
        body = json.loads(await reader.readexactly(int(lengths[0]))) if lengths else {}
        mood = self.mood.now()
        if mood != KEEP and not self.pool.leaks:
            self.pool.kept = {}
        how = "" if path == _STUB or (path == _GPUS and not self._wishes.everything) else mood
        if how == RESET:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return False
        if how == SLOW:
            await asyncio.sleep(self._wishes.slow_s)
        if how == HANG:
            await self._until_well()
        try:
            status, document = self._decided(method, path, body, how)
        except Refused as refused:
            status, document = refused.status, {"error": {"reason": refused.reason, "message": refused.reason}}
        content = json.dumps(document).encode()
        writer.write(
            b"HTTP/1.1 %d -\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
            % (status, len(content), content)
        )
        return True

    async def _until_well(self) -> None:
        """One looks for all: many that looked would make it slow when it is well again."""
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._watch())
        await asyncio.shield(self._watching)

    async def _watch(self) -> None:
        while self.mood.now() == HANG:
            await asyncio.sleep(_LOOKS_EVERY_S)

    def _decided(self, method: str, path: str, body: dict[str, Any], how: str) -> tuple[int, dict[str, Any]]:
        if how == REFUSE:
            raise Refused(503, _REASON)
        self.pool.leaks = self.pool.leaks or how == LEAK
        status, document = 200, {}
        match method, path.strip("/").split("/"):
            case "GET", ["stub"]:
                document = {"story": self.mood.story, "doubled": self.pool.doubled, "held": list(self.pool.held)}
            case "POST", ["stub"]:
                self.mood.schedule([(int(low), int(high), str(way)) for low, high, way in body["outages"]])
            case "GET", ["gpus"]:
                document = self.pool.page()
            case "GET", ["readyz"]:
                document = {"status": "ready", "dependencies": {}}
            case "POST", ["allocations"]:
                status, gpu_ids = self.pool.grant(body, how == DOUBLE)
                document = {"state": "granted", "grant": {"gpu_ids": gpu_ids}}
            case "DELETE", ["allocations", name]:
                self.pool.release(name, how == KEEP)
                document = {"state": "released"}
            case "GET", ["allocations", name]:
                document = self.pool.state(name)
            case _:
                raise Refused(404, "not_found")
        return status, document


async def main() -> None:
    stub = Stub(Wishes(**json.loads(sys.stdin.readline())))
    server = await asyncio.start_server(stub.serve, "127.0.0.1", 0, backlog=2048)
    sys.stdout.write(json.dumps({"port": server.sockets[0].getsockname()[1]}) + "\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)  # until whoever started it closes that
    os._exit(0)  # whatever hangs


@dataclass(frozen=True)
class StubPlatform:
    """As whoever started it knows it."""

    process: "subprocess.Popen[str]"
    port: int

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def held(self) -> list[str]:
        """What nobody has given back. What it keeps all the same is in its pool only."""
        return list(self.page("/stub")["held"])

    def story(self) -> list[dict[str, Any]]:
        """`[{"how": "refuse", "from_ns": ..., "until_ns": ...}]`; no end while it goes on."""
        return list(self.page("/stub")["story"])

    def schedule(self, outages: Sequence[tuple[int, int, str]]) -> None:
        """By the monotonic clock."""
        request = Request(f"http://{self.address}/stub", json.dumps({"outages": outages}).encode())
        with urlopen(request, timeout=_WITHIN_S) as answer:
            answer.read()

    def page(self, path: str) -> dict[str, Any]:
        with urlopen(f"http://{self.address}{path}", timeout=_WITHIN_S) as answer:
            return dict(json.load(answer))


@contextmanager
def stub_platform(**wishes: Any) -> Iterator[StubPlatform]:
    """What it is told goes in by its input: by its command line it would be taken for a part of a stack's folder."""
    command = [sys.executable, "-P", __file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps(asdict(Wishes(**wishes))) + "\n")
            process.stdin.flush()
            yield StubPlatform(process, int(json.loads(process.stdout.readline())["port"]))
        finally:
            process.kill()


if __name__ == "__main__":
    asyncio.run(main())
