"""Programs that are run inside a container."""

import threading
import time
from collections.abc import Callable

import pytest
from awaiting import wait_until

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine, NoSuchContainer
from chaos_aura.containers.inside import Done, NoSuchTool, begin_inside, run_inside, user_able_to
from chaos_aura.core.errors import NotAnswered, TargetUnfit

_NOBODY = "65534"
_SEEN_WITHIN_S = 5

type Contain = Callable[..., Container]


def test_what_it_said_and_how_it_ended(engine: Engine, contain: Contain) -> None:
    running = contain()
    assert run_inside(engine, running, ("echo", "hello there")) == Done(0, "hello there\n")
    failed = run_inside(engine, running, ("sh", "-c", "echo out; echo wrong >&2; exit 3"))
    assert failed.code == 3
    assert sorted(failed.said.split()) == ["out", "wrong"]
    assert Done(3, "one\ntwo\n\n").last_line == "two"
    assert run_inside(engine, running, ("false",)).last_line == "exit 1"


def test_much_is_heard_whole(engine: Engine, contain: Contain) -> None:
    assert len(run_inside(engine, contain(), ("head", "-c", "3000000", "/dev/zero")).said) == 3_000_000


def test_it_is_run_by_whom_it_was_told(engine: Engine, contain: Contain) -> None:
    running = contain()
    assert run_inside(engine, running, ("id", "-u")).said == "0\n"
    assert run_inside(engine, running, ("id", "-u"), user=_NOBODY).said == f"{_NOBODY}\n"


@pytest.mark.parametrize("tool", ["no-such-tool", "/no/such/tool"])
def test_a_tool_that_is_missing_is_told(engine: Engine, contain: Contain, tool: str) -> None:
    running = contain()
    with pytest.raises(NoSuchTool) as refused:
        run_inside(engine, running, (tool, "-x"))
    assert refused.value.where == running.name
    assert refused.value.why == f"has no `{tool}` inside"


@pytest.mark.parametrize("script", ["no-such-tool", "exec /no/such/sh", "echo 'sh: not found'; exit 127"])
def test_what_a_script_does_not_find_is_its_own_affair(engine: Engine, contain: Contain, script: str) -> None:
    done = run_inside(engine, contain(), ("sh", "-c", script))
    assert done.code == 127
    assert "not found" in done.said


def test_a_program_that_runs_on_is_told_in_time(engine: Engine, contain: Contain) -> None:
    running = contain()
    began_s = time.monotonic()
    with pytest.raises(NotAnswered, match=f"{running.name}: `sleep` inside did not end within 0.5 s"):
        run_inside(engine, running, ("sleep", "1000"), within_s=0.5)
    assert time.monotonic() - began_s < 5


def test_a_program_that_is_frozen_under_way_is_told_in_time(engine: Engine, contain: Contain) -> None:
    running, mark = contain(), "7171"

    def freeze_when_it_runs() -> None:
        own = Engine(engine.environ)
        wait_until(lambda: mark in str(own.api.top(running.id)["Processes"]), _SEEN_WITHIN_S, "it runs")
        own.api.pause(running.id)

    freezing = threading.Thread(target=freeze_when_it_runs)
    freezing.start()
    with pytest.raises(NotAnswered, match=f"did not end within {_SEEN_WITHIN_S} s"):
        run_inside(engine, running, ("sleep", mark), within_s=_SEEN_WITHIN_S)
    freezing.join()
    assert engine.inspect(running.id).status is Status.PAUSED
    engine.api.unpause(running.id)


def test_where_nothing_can_be_run_the_engine_says_why(engine: Engine, contain: Contain) -> None:
    running = contain()
    engine.api.pause(running.id)
    with pytest.raises(TargetUnfit, match=f"{running.name}: the engine refused: .* is paused"):
        run_inside(engine, running, ("true",))
    engine.api.unpause(running.id)
    engine.api.kill(running.id)
    with pytest.raises(TargetUnfit, match=f"{running.name}: the engine refused: .* is not running"):
        run_inside(engine, running, ("true",))
    engine.api.remove_container(running.id)
    with pytest.raises(NoSuchContainer, match=f"{running.name}: No such container"):
        run_inside(engine, running, ("true",))


def test_what_is_begun_is_not_awaited(engine: Engine, contain: Contain) -> None:
    running = contain()
    began_s = time.monotonic()
    begin_inside(engine, running, ("sleep", "1001"))
    assert time.monotonic() - began_s < 5

    def runs() -> bool:
        return any("sleep 1001" in " ".join(each) for each in engine.api.top(running.id)["Processes"])

    wait_until(runs, 5, "it runs")


def test_who_may_do_it(engine: Engine, contain: Contain) -> None:
    running = contain()
    assert user_able_to(engine, running, "[ -w /etc ]") == ""
    assert user_able_to(engine, running, "false") is None
