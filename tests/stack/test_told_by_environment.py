"""Flags and GPUs told by the environment: refused in time when they cannot be used, and not silently unheard."""

import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from awaiting import wait_until
from local_stack import PlacedStack

from chaos_aura.core.errors import BadInput
from chaos_aura.platform import flags as of_platform
from chaos_aura.stack.flags import PREFIX, flag_names_in, refuse_unusable_flags
from chaos_aura.stack.unheard import unheard

Place = Callable[..., PlacedStack]


def test_the_prefix_is_that_of_the_platform() -> None:
    assert PREFIX == of_platform.PREFIX


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("RETRIES", "banana", "`retries` must be on or off, not 'banana'"),
        ("NOSUCH", "1", "knows no flag `nosuch`"),
        ("COUNCIL_SIZE", "4", "`council_size` must be 1, 2 or 3, not 4"),
    ],
)
def test_one_that_cannot_be_used_is_refused_before_anything_is_started(
    place: Place, name: str, value: str, why: str
) -> None:
    one = place()
    told = PlacedStack(one.project, {**one.environ, f"{PREFIX}{name}": value})
    done = told.command("up", "redis")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: environment variable {PREFIX}{name}: {why}")
    assert len(done.stderr.splitlines()) == 1
    assert list(one.project.root.iterdir()) == []
    with pytest.raises(BadInput, match=name):
        refuse_unusable_flags(told.environ)


def test_those_that_can_be_used_are_not_refused() -> None:
    environ = {f"{PREFIX}RETRIES": "off", f"{PREFIX}COUNCIL_SIZE": "2", "CHAOS_AURA_FLAGS": "-", "FLAG": "-"}
    refuse_unusable_flags(environ)
    assert flag_names_in(environ) == (f"{PREFIX}COUNCIL_SIZE", f"{PREFIX}RETRIES")


@pytest.mark.timeout(300)
def test_what_is_told_when_it_is_too_late_is_not_silently_unheard(place: Place) -> None:
    one = place()
    told = replace(one, environ={**one.environ, f"{PREFIX}RETRIES": "off", "CHAOS_AURA_INVENTORY": "t4=3"})
    assert told.up().unheard == ()
    assert _total(told) == {"t4": 3}

    again = replace(told, environ={**told.environ, "CHAOS_AURA_INVENTORY": "t4=4"})
    flags, gpus = json.loads(again.command("up", "--json").stdout)["unheard"]
    assert flags.startswith(f"{PREFIX}RETRIES: what runs keeps the flags that it was started with")
    assert gpus.startswith(
        "CHAOS_AURA_INVENTORY: a stack that runs, and a pool that was made before, keep theirs until"
    )
    assert f"note: {gpus}\n" in again.command("up").stdout
    assert one.up().unheard == ()

    one.down()
    assert unheard({"CHAOS_AURA_INVENTORY": "t4=4"}, one.project, runs=False) == (gpus,)


def test_what_is_told_in_time_is_heard(place: Place) -> None:
    told = {f"{PREFIX}RETRIES": "off", "CHAOS_AURA_INVENTORY": "t4=4"}
    assert unheard(told, place().project, runs=False) == ()


def _total(one: PlacedStack) -> dict[str, int]:
    gpus = f"{one.running().catalogue.service('api').uri}/gpus"

    def told() -> httpx.Response | None:
        answer = httpx.get(gpus, timeout=20)
        return answer if answer.is_success else None

    pool = wait_until(told, 60, "the API told of GPUs, and not that a busy machine lets its pool answer late").json()
    return {gpu_type: count for gpu_type, count in pool["total"].items() if count}
