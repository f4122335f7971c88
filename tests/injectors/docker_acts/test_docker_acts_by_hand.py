"""What a person types when nothing else heals a container: the command itself, in a shell."""

import subprocess
from collections.abc import Callable

import pytest
from docker_victims import WITHIN_S, Victims
from test_docker_acts import CASES, KNOWN, case_of

# What is momentary is over by itself: its command brings back who has stayed down all the same.
LASTING = [name for name, (kind, given) in CASES.items() if not KNOWN[kind].is_momentary(KNOWN[kind].read(given))]


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", LASTING)
def test_by_hand_it_is_healed_as_well(made: Callable[..., Victims], standing: object, name: str) -> None:
    case = case_of(made, *CASES[name])
    undo = case.injected()
    with case.healing_what_fails(undo, case.restore):
        done = subprocess.run(undo.by_hand, shell=True, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        assert done.returncode == 0, f"{undo.by_hand}: {done.stderr}"
        case.await_gone(undo)
        case.healed(undo)
