"""Injectors on the shared stack: somebody who holds their helpers, and the service that most of them strike."""

import subprocess
from collections.abc import Iterator

import pytest
from standing_reaper import standing_reaper

from chaos_aura.core.catalogue import Service
from chaos_aura.stack.running import RunningStack


@pytest.fixture
def reaper(stack: RunningStack) -> Iterator["subprocess.Popen[bytes]"]:
    with standing_reaper(stack.project.home) as one:
        yield one


@pytest.fixture
def redis(stack: RunningStack) -> Service:
    return stack.catalogue.service("redis")
