"""Errors are one line: where, why, what to do."""

from pathlib import Path

import pytest

from chaos_aura.core.errors import BadInput, ChaosAuraError, MachineLacks, PortTaken, ServiceUnhealthy


def test_one_line() -> None:
    assert str(ChaosAuraError("redis", "is gone", "run: chaos-aura up")) == "redis: is gone; run: chaos-aura up"
    assert str(ChaosAuraError("redis", "is gone")) == "redis: is gone"


def test_every_part_can_be_read_and_bad_input_has_an_exit_code_of_its_own() -> None:
    error = BadInput("a", "b", "c")
    assert (error.where, error.why, error.remedy, error.exit_code) == ("a", "b", "c", 2)
    assert ChaosAuraError("a", "b").exit_code == 1


def test_a_taken_port_is_an_unhealthy_service() -> None:
    assert issubclass(PortTaken, ServiceUnhealthy)


def test_what_the_system_refused_is_told_with_its_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "none").read_bytes()
    line = f"{tmp_path}/none: No such file or directory; put that right, then run it again"
    assert str(MachineLacks.because(missing.value)) == line
    with Path("/dev/full").open("wb", buffering=0) as full, pytest.raises(OSError, match="No space") as crowded:
        full.write(b"x")
    line = "a log: No space left on device; make room on that disk, then run it again"
    assert str(MachineLacks.because(crowded.value, "a log")) == line
    assert str(MachineLacks.because(TimeoutError("timed out"))).startswith("chaos-aura: timed out; ")
