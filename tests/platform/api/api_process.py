"""The real process of the API, without a stack: everything that it asks is away, or hangs."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from awaiting import wait_until
from hurting import is_stopped

_WITHIN_S = 60.0
STORES = ("temporal", "neo4j", "redis", "kafka")


@dataclass(frozen=True)
class ApiProcess:
    process: "subprocess.Popen[bytes]"
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def log(self) -> list[dict[str, Any]]:
        """Without a line that is just being written."""
        whole, _, _ = (self.folder / "log").read_bytes().rpartition(b"\n")
        return [json.loads(line) for line in whole.splitlines()]

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    @contextmanager
    def held_still(self) -> Iterator[None]:
        """What comes meanwhile it finds all at once."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            wait_until(lambda: is_stopped(self.process), _WITHIN_S, "every thread of the API is stopped")
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def unread(self) -> int:
        """How many connections have sent what it has not read yet, by the kernel."""
        table = Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]
        ours = [fields for fields in map(str.split, table) if int(fields[1].partition(":")[2], 16) == self.port]
        return sum(int(fields[4].partition(":")[2], 16) > 0 for fields in ours if fields[3] == "01")


@contextmanager
def api_process(folder: Path, hanging: tuple[str, ...] = ()) -> Iterator[ApiProcess]:
    """What hangs takes connections and never answers; the rest refuses them."""
    with ExitStack() as entered:
        ports = {name: entered.enter_context(_nobody(hangs=name in hanging)) for name in STORES}
        port = entered.enter_context(_nobody(hangs=False, reusable=True))
        settings = folder / "settings.json"
        settings.write_text(json.dumps(_settings(folder, ports, port)), encoding="utf-8")
        log = entered.enter_context((folder / "log").open("wb"))
        argv = [sys.executable, "-P", "-m", "chaos_aura.platform.api", str(settings)]
        process = subprocess.Popen(argv, cwd=folder, env=dict(os.environ), stdout=log, stderr=log)
        one = ApiProcess(process, folder, port)
        try:
            wait_until(lambda: process.poll() is not None or _is_alive(one), _WITHIN_S, "an API that is alive")
            assert process.poll() is None, (folder / "log").read_text(encoding="utf-8")
            yield one
        finally:
            process.kill()
            process.wait()


def _settings(folder: Path, ports: dict[str, int], port: int) -> dict[str, object]:
    addresses = {name: f"127.0.0.1:{each}" for name, each in ports.items()}
    schemes = {"neo4j": f"bolt://{addresses['neo4j']}", "redis": f"redis://{addresses['redis']}"}
    return {"process": "api", "home": str(folder), "listen": f"127.0.0.1:{port}", **addresses, **schemes}


@contextmanager
def _nobody(*, hangs: bool, reusable: bool = False) -> Iterator[int]:
    """A port that is taken, so that no other server can come there."""
    with socket.socket() as taken:
        if reusable:
            taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 0))
        if hangs:
            taken.listen(512)
        yield taken.getsockname()[1]


def _is_alive(api: ApiProcess) -> bool:
    try:
        return httpx.get(f"{api.url}/healthz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
