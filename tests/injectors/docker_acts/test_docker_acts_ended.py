"""Containers and processes that are ended: who dies and how, who lives on, who comes back and who must not."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from awaiting import wait_until
from docker_victims import WITHIN_S, Victims
from process_cases import injected
from test_docker_acts import fault_of
from test_docker_acts_healed import healed, struck

from chaos_aura.containers.container import Status
from chaos_aura.containers.happened import START, happened, now_s
from injectors.docker import DockerInjector

Make = Callable[..., Victims]
_KILLED = str(128 + signal.SIGKILL)
_LONG_S = 30


def ends_of(these: Victims, since_s: float) -> list[str]:
    """With which code its process ended each time, as its engine remembers."""
    told = {
        "since": f"{since_s:.6f}",
        "until": f"{now_s(these.engine):.6f}",
        "filters": {"container": these.now().id, "event": "die"},
    }
    return [row["Actor"]["Attributes"]["exitCode"] for row in these.engine.api.events(**told, decode=True)]


def crash(these: Victims, name: str) -> None:
    """Its process, as no engine would end it."""
    os.kill(these.engine.inspect(name).pid, signal.SIGKILL)


def test_of_a_container_only_the_process_that_is_meant_is_killed(made: Make) -> None:
    these = made(words=("with-child",))
    former = these.now()
    wait_until(lambda: these.ask("child") == "S", WITHIN_S, "it sleeps")
    injector = DockerInjector(these.ground)
    undo = injected(injector, fault_of("kill_inside", process="sleep"), these.target)
    assert these.ask("child") == "Z"
    healed(injector, undo)
    assert these.now().life == former.life
    assert these.now().process == former.process


@pytest.mark.parametrize("kind", ["restart", "stop"])
@pytest.mark.parametrize(
    ("words", "grace_s", "code"),
    [(("ends-when-told",), _LONG_S, "0"), ((), 1, _KILLED)],
    ids=["who ends", "who does not"],
)
def test_who_is_told_to_end_has_its_grace_for_it(
    made: Make, kind: str, words: tuple[str, ...], grace_s: int, code: str
) -> None:
    these = made(words=words)
    former, since_s = these.now(), now_s(these.engine)
    injector, undo = struck(these, kind, grace_s=grace_s)
    if kind == "stop":
        healed(injector, undo)
    these.await_well()
    assert these.now().life != former.life
    assert these.now().restarts == 0, "its restart policy was not needed"
    assert ends_of(these, since_s) == [code]
    healed(injector, undo)
    assert ends_of(these, since_s) == [code]


@pytest.mark.parametrize(("kind", "given"), [("stop", {"grace_s": 1}), ("kill", {"comes_back": False})])
def test_what_is_to_stay_down_no_policy_brings_back(made: Make, kind: str, given: dict[str, Any]) -> None:
    """Meanwhile it does bring back another one that has crashed later."""
    these = made()
    other = these.stranger(f"{these.project}-other", restart_policy={"Name": "always"})
    since_s = now_s(these.engine)
    injector, undo = struck(these, kind, **given)
    crash(these, other.name)
    wait_until(lambda: these.engine.inspect(other.id).restarts > 0, WITHIN_S, "the other one is started again")
    assert these.now().status is Status.EXITED
    assert these.now().restarts == 0
    assert not happened(these.engine, these.now().id, since_s).has(START)
    healed(injector, undo)
    these.await_well()
