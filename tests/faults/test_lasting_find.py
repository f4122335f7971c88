"""Where nobody can look for helpers, nobody says that there are none."""

import os
import resource
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from awaiting import wait_until
from fake_home import FakeHome
from standing_reaper import standing_reaper

from chaos_aura.core.errors import MachineLacks
from chaos_aura.core.fault import Fault
from chaos_aura.core.lease import new_lease_id
from chaos_aura.faults.lasting.carrier import Carrier

_GOES_ON = """
    def run(helper):
        helper.wait_to_end()
"""
_FILES = 256
_WITHIN_S = 30


@contextmanager
def descriptors_left(count: int) -> Iterator[None]:
    """For this process, as where it has too many connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (_FILES, hard))
    opened: list[int] = []
    try:
        while True:
            try:
                opened.append(os.open(os.devnull, os.O_RDONLY))
            except OSError:
                break
        for _ in range(count):
            os.close(opened.pop())
        yield
    finally:
        for each in opened:
            os.close(each)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("left", [0, 1])
def test_without_descriptors_a_helper_is_not_gone(home: FakeHome, tmp_path: Path, left: int) -> None:
    """With one left, the folder of all processes can still be read, and none of them."""
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(_GOES_ON))
    carrier = Carrier(home.ground, program)
    undo = carrier.undo(Fault("burn", "redis", {}, 60), new_lease_id(), (), ("works",))
    with standing_reaper(home.home):
        carrier.inject(undo)
        wait_until(lambda: carrier.helper(undo), _WITHIN_S, "its helper lives")
        for look in (carrier.gone, carrier.helper):
            with descriptors_left(left), pytest.raises(MachineLacks, match="Too many open files"):
                look(undo)
        assert not carrier.gone(undo)
        carrier.heal(undo)
        assert carrier.gone(undo)
