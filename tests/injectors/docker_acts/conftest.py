"""Victims in containers, each gone after its test with whatever was done to it."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest
from awaiting import wait_until
from docker_victims import WITHIN_S, Victims, victims
from local_stack import processes_in
from standing_reaper import standing_reaper

from chaos_aura.containers.engine import Engine


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """Whoever works in it must have ended by itself when it is left."""
    folder = tmp_path / ".chaos-aura"
    folder.mkdir()
    try:
        yield folder
        wait_until(lambda: not processes_in(folder), WITHIN_S, "no process is left in the folder")
    finally:
        for process in processes_in(folder):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)


@pytest.fixture
def standing(home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Stands in for the reaper: helpers hold on to it."""
    with standing_reaper(home) as one:
        yield one


@pytest.fixture
def made(engine: Engine, base_image: str, docker_mark: str, home: Path) -> Iterator[Callable[..., Victims]]:
    """`made(count=2, settings={"init": True})`"""
    with ExitStack() as entered:

        def make(**wanted: Any) -> Victims:
            return entered.enter_context(victims(engine, base_image, docker_mark, home, **wanted))

        yield make
