"""Errors are one line: where, why, what to do."""

from chaos_aura.core.errors import BadInput, ChaosAuraError, PortTaken, ServiceUnhealthy


def test_one_line() -> None:
    assert str(ChaosAuraError("redis", "is gone", "run: chaos-aura up")) == "redis: is gone; run: chaos-aura up"
    assert str(ChaosAuraError("redis", "is gone")) == "redis: is gone"


def test_every_part_can_be_read_and_bad_input_has_an_exit_code_of_its_own() -> None:
    error = BadInput("a", "b", "c")
    assert (error.where, error.why, error.remedy, error.exit_code) == ("a", "b", "c", 2)
    assert ChaosAuraError("a", "b").exit_code == 1


def test_a_taken_port_is_an_unhealthy_service() -> None:
    assert issubclass(PortTaken, ServiceUnhealthy)
