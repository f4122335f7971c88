"""Which processes have a clock of their own, and what is said of those that have none."""

import os

from chaos_aura.core.process import ProcessId
from injectors.clock.process import capability_of


def this_process() -> ProcessId:
    process = ProcessId.of(os.getpid())
    assert process
    return process


def test_a_redis_that_never_has_one_is_not_told_to_be_started_anew() -> None:
    """This process stands in for a server that is not the bundled one."""
    answer = capability_of(this_process(), "redis")
    assert answer.why.startswith("redis is the system's own server, and gets no clock of its own: nobody knows")
    assert answer.remedy == "skew another service: chaos-aura faults clock_skew"


def test_whoever_could_have_one_is_told_how_to_get_it() -> None:
    answer = capability_of(this_process(), "kafka")
    assert answer.why.startswith("kafka was started without a clock of its own")
    assert "chaos-aura down, then chaos-aura up" in answer.remedy
