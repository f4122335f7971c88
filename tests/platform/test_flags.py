"""Flags: who wins, that they change while running, and that a wrong file is told of once and harms nothing."""

import json
import os
import threading
from pathlib import Path

import pytest
from awaiting import wait_until
from structlog.testing import capture_logs

from chaos_aura.platform.errors import BadSettings
from chaos_aura.platform.flags import FlagFile, Flags


class Tick:
    """A clock on which the file may be looked at again with each reading."""

    def __init__(self, step_s: float = 1.0) -> None:
        self.now_s = 0.0
        self.step_s = step_s

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "flags.json"


def flag_file(path: Path, **environ: str) -> FlagFile:
    return FlagFile(path, {f"CHAOS_AURA_FLAG_{name}": value for name, value in environ.items()}, Tick())


def write(path: Path, **flags: object) -> None:
    path.write_text(json.dumps(flags))


def test_without_file_and_environment_everything_is_protected(path: Path) -> None:
    flags = flag_file(path).current()
    assert flags == Flags()
    assert flags.circuit_breakers
    assert flags.retries
    assert flags.retry_budget
    assert flags.cache
    assert flags.council_size == 3
    assert flags.agent_delays_s == {}
    assert flags.failing_agents == frozenset()


def test_the_environment_wins_over_the_defaults(path: Path) -> None:
    told = {
        "CIRCUIT_BREAKERS": "off",
        "RETRIES": "FALSE",
        "RETRY_BUDGET": "0",
        "CACHE": "on",
        "COUNCIL_SIZE": "2",
        "AGENT_DELAYS_S": '{"lnn_cost_optimizer": 2.5}',
        "FAILING_AGENTS": "lnn_cost_optimizer, lnn_fairness_enforcer",
    }
    assert flag_file(path, **told).current() == Flags(
        circuit_breakers=False,
        retries=False,
        retry_budget=False,
        cache=True,
        council_size=2,
        agent_delays_s={"lnn_cost_optimizer": 2.5},
        failing_agents=frozenset({"lnn_cost_optimizer", "lnn_fairness_enforcer"}),
    )


def test_other_variables_are_none_of_its_business(path: Path) -> None:
    assert FlagFile(path, {"RETRIES": "off", "CHAOS_AURA_PROJECT": "x"}).current() == Flags()


def test_the_file_wins_over_the_environment_for_what_it_names(path: Path) -> None:
    write(path, retries=True, council_size=1)
    flags = flag_file(path, RETRIES="off", CACHE="off").current()
    assert (flags.retries, flags.cache, flags.council_size) == (True, False, 1)


def test_a_file_written_changed_and_removed_while_running_is_followed(path: Path) -> None:
    flags = flag_file(path, CACHE="off")
    assert flags.current() == Flags(cache=False)
    write(path, agent_delays_s={"lnn_cost_optimizer": 5}, failing_agents=["lnn_fairness_enforcer"])
    drilled = flags.current()
    assert drilled.agent_delays_s == {"lnn_cost_optimizer": 5.0}
    assert drilled.failing_agents == {"lnn_fairness_enforcer"}
    write(path, cache="on")
    assert flags.current() == Flags()
    path.unlink()
    assert flags.current() == Flags(cache=False)


def test_a_change_of_the_same_length_at_the_same_time_is_seen(path: Path) -> None:
    flags = flag_file(path)
    for size in (1, 2, 3, 2, 1):
        write(path, council_size=size)
        os.utime(path, (1, 1))
        assert flags.current().council_size == size


def test_the_file_is_looked_at_every_50_ms_at_most(path: Path) -> None:
    clock = Tick(step_s=0.0)
    flags = FlagFile(path, {}, clock)
    assert flags.current().cache
    write(path, cache=False)
    clock.now_s = 0.049
    assert flags.current().cache
    clock.now_s = 0.051
    assert not flags.current().cache


def test_a_change_is_logged_with_what_changed(path: Path) -> None:
    flags = flag_file(path)
    write(path, retries=False)
    with capture_logs() as logs:
        flags.current()
        flags.current()
    assert logs == [{"event": "flags_changed", "log_level": "info", "file": str(path), "retries": False}]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"[]", "must hold one JSON object"),
        (b'{"retrys": false}', "knows no flag `retrys`"),
        (b'{"retries": "perhaps"}', "`retries` must be on or off, not 'perhaps'"),
        (b'{"retries": 1}', "`retries` must be on or off, not 1"),
        (b'{"council_size": 4}', "`council_size` must be 1, 2 or 3, not 4"),
        (b'{"council_size": true}', "`council_size` must be 1, 2 or 3, not True"),
        (b'{"agent_delays_s": {"a": -1}}', "`agent_delays_s` must give seconds for each agent"),
        (b'{"agent_delays_s": {"a": NaN}}', "`agent_delays_s` must give seconds for each agent"),
        (b'{"agent_delays_s": {"a": 1' + b"0" * 400 + b"}}", "`agent_delays_s` must give seconds"),
        (b'{"failing_agents": "a"}', "`failing_agents` must be a list of agents, not 'a'"),
        (b'{"cache": false, "retries": null}', "`retries` must be on or off, not None"),
    ],
)
def test_a_wrong_file_keeps_the_last_good_flags_and_is_told_of_once(path: Path, content: bytes, why: str) -> None:
    flags = flag_file(path)
    write(path, council_size=2)
    good = flags.current()
    path.write_bytes(content)
    with capture_logs() as logs:
        assert [flags.current() for _ in range(5)] == [good] * 5
    (line,) = logs
    assert (line["event"], line["log_level"], line["file"]) == ("flags_unusable", "error", str(path))
    assert why in line["why"]
    write(path, council_size=1)
    assert flags.current().council_size == 1, "it does not recover"


def test_an_unreadable_file_keeps_the_last_good_flags_and_is_told_of_once(path: Path) -> None:
    flags = flag_file(path)
    write(path, council_size=2)
    assert flags.current().council_size == 2
    path.unlink()
    path.mkdir()
    with capture_logs() as logs:
        assert [flags.current().council_size for _ in range(5)] == [2] * 5
    assert [line["why"] for line in logs] == ["is a directory"]


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("RETRIES", "perhaps", "`retries` must be on or off"),
        ("RETRYS", "off", "knows no flag `retrys`; there are: circuit_breakers, retries"),
        ("COUNCIL_SIZE", "many", "`council_size` must be 1, 2 or 3, not 'many'"),
        ("AGENT_DELAYS_S", "lnn_cost_optimizer=5", "`agent_delays_s` must give seconds for each agent"),
    ],
)
def test_a_wrong_environment_is_refused_at_the_start(path: Path, name: str, value: str, why: str) -> None:
    with pytest.raises(BadSettings) as bad:
        flag_file(path, **{name: value})
    assert f"environment variable CHAOS_AURA_FLAG_{name}" in str(bad.value)
    assert why in str(bad.value)


def test_readers_in_many_threads_see_a_change_and_never_anything_between(path: Path) -> None:
    flags, stop = FlagFile(path, {}), threading.Event()
    seen: set[int] = set()

    def read() -> None:
        while not stop.is_set():
            seen.add(flags.current().council_size)

    readers = [threading.Thread(target=read, daemon=True) for _ in range(8)]
    for reader in readers:
        reader.start()
    wait_until(lambda: 3 in seen, 20, "the flags of before are seen")
    write(path, council_size=1)
    wait_until(lambda: flags.current().council_size == 1, 20, "the change is seen")
    stop.set()
    for reader in readers:
        reader.join(20)
    assert seen <= {3, 1}
