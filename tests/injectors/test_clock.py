"""Clocks of real services set wrong and right again, read from the services themselves."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from awaiting import wait_until
from clients import kafka
from clock_cases import awaited, injector, skew
from hurting import is_well, paused, process_of, runs_anew, unwell
from local_stack import PlacedStack
from store_witnesses import is_off

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service, Target
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Capability, Fault, Undo
from chaos_aura.faults.contract import Case, InjectorContract
from chaos_aura.stack.running import RunningStack
from injectors.clock.file import READ_AGAIN_WITHIN_S, ClockFile
from injectors.clock.reading import Clock

Place = Callable[..., PlacedStack]

_MOVABLE = ("redis", "worker", "api", "projection", "kafka", "neo4j")
_OF_EACH_SORT = ("redis", "worker", "neo4j")
_STARTS_FAST = "redis"
_DAY_S = 86_400.0
_WITHIN_S = 60.0
_CONTROLLER_WITHIN_MS = 10_000
_ANY = "of-a-jumping-clock"
_NOT_FOR_EVER_S = 30.0  # 2 are the promise, and this process may be kept from the processor besides
_HEALER = """
import json, sys
from pathlib import Path
from chaos_aura.core.fault import Undo
from chaos_aura.faults.ground import Ground
from injectors.clock import ClockInjector
ClockInjector(Ground(Path(sys.argv[1]), {})).heal(Undo.from_dict(json.load(sys.stdin)))
"""


class TestClock(InjectorContract):
    @pytest.fixture(params=_OF_EACH_SORT)
    def case(self, request: pytest.FixtureRequest, stack: RunningStack) -> Case:
        name: str = request.param
        ends = name == _STARTS_FAST
        return Case(
            injector(stack),
            skew(name, 120.0),
            stack.catalogue.service(name),
            str(stack.project.home),
            restart=(lambda: _restart(stack, name)) if ends else None,
            remove=(lambda: _end(stack, name)) if ends else None,
            restore=lambda: _bring_back(stack, name),
            why_not_ended="" if ends else "as with the one that starts fast",
            in_force_within_s=_WITHIN_S,
            gone_within_s=_WITHIN_S,
            hurts=is_off(stack, name, 120.0),
        )


@pytest.mark.parametrize("offset_s", [-120.0, 3600.0, -3600.0, _DAY_S, -_DAY_S])
def test_every_jump_is_seen_and_borne_by_all_at_once(stack: RunningStack, offset_s: float) -> None:
    one = injector(stack)
    undos = {name: prepared(stack, name, offset_s) for name in _MOVABLE}
    try:
        for undo in undos.values():
            one.inject(undo)
        for name, undo in undos.items():
            proof = awaited(one.in_force, undo)
            assert proof, f"{name}: {proof.seen}"
            assert abs(proof.facts["off_s"] - offset_s) < 0.5 + proof.facts["error_s"], name
            assert f"{abs(offset_s):.0f}" in proof.seen
            assert ("ahead" if offset_s > 0 else "behind") in proof.seen
        wait_until(lambda: is_well(stack), _WITHIN_S, f"all bear it, but {unwell(stack)}")
    finally:
        for undo in undos.values():
            one.heal(undo)
    for name, undo in undos.items():
        gone = awaited(one.gone, undo)
        assert gone, f"{name}: {gone.seen}"
    start_again_if_its_controller_waits(stack)


def start_again_if_its_controller_waits(stack: RunningStack) -> None:
    """For the time it had, as docs/faults.md tells. Else no later test could make a topic."""
    admin = kafka.KafkaAdminClient(
        bootstrap_servers=stack.catalogue.service("kafka").uri, request_timeout_ms=_CONTROLLER_WITHIN_MS
    )
    try:
        admin.create_topics({_ANY: {"num_partitions": 1, "replication_factor": 1}}, timeout_ms=_CONTROLLER_WITHIN_MS)
    except kafka.errors.TopicAlreadyExistsError:
        return
    except kafka.errors.KafkaError:
        _restart(stack, "kafka")
        wait_until(lambda: is_well(stack), _WITHIN_S, f"all is well again, but {unwell(stack)}")
    finally:
        admin.close()


def test_a_service_that_is_started_again_has_it_again(stack: RunningStack) -> None:
    one, undo = injector(stack), prepared(stack, "redis", 120.0)
    one.inject(undo)
    try:
        _restart(stack, "redis")
        proof = one.in_force(undo)
        assert proof, proof.seen
        assert not one.gone(undo)
    finally:
        one.heal(undo)
    assert awaited(one.gone, undo)


def test_one_that_may_just_be_starting_is_not_yet_believed(stack: RunningStack) -> None:
    one, undo = injector(stack), prepared(stack, "redis", 120.0)

    def seen_early() -> str:
        """Of one just healed. Nothing when this process was kept from looking until that may be believed."""
        began_s = time.monotonic()
        one.heal(undo)
        early = one.gone(undo)
        if time.monotonic() - began_s > READ_AGAIN_WITHIN_S / 2:
            one.inject(undo)
            return ""
        assert not early
        return early.seen

    one.inject(undo)
    _end(stack, "redis")
    try:
        assert "may have read" in wait_until(seen_early, _WITHIN_S, "it is looked at early")
        late = awaited(one.gone, undo)
        assert late
        assert "is dead, nobody answers" in late.seen
    finally:
        _bring_back(stack, "redis")


def test_it_goes_on_answering_an_hour_behind(stack: RunningStack) -> None:
    one, undo = injector(stack), prepared(stack, "neo4j", -3600.0)
    one.inject(undo)
    try:
        assert awaited(one.in_force, undo)
        for _ in range(20):
            facts = one.in_force(undo).facts
            assert abs(facts["off_s"] + 3600) < 0.5 + facts["error_s"]
    finally:
        one.heal(undo)
    assert awaited(one.gone, undo)


@pytest.mark.parametrize("name", ["temporal", "toxiproxy"])
def test_static_programs_cannot(stack: RunningStack, name: str) -> None:
    capability = can(stack, name, 120.0)
    assert not capability
    assert "static Go program" in capability.why


@pytest.mark.parametrize(
    ("name", "offset_s", "why"),
    [
        ("redis", 2.9, "too little to be proven"),
        ("redis", -2.9, "too little to be proven"),
        ("redis", 0.0, "too little to be proven"),
        ("kafka", 7 * _DAY_S, "would delete its events for good"),
    ],
)
def test_what_it_refuses(stack: RunningStack, name: str, offset_s: float, why: str) -> None:
    capability = can(stack, name, offset_s)
    assert not capability
    assert why in capability.why
    assert "offset_s" in capability.remedy
    with pytest.raises(TargetUnfit, match=why):
        prepared(stack, name, offset_s)


def test_the_bounds_of_what_it_refuses(stack: RunningStack) -> None:
    assert can(stack, "redis", 3.0)
    assert can(stack, "redis", -3.0)
    assert can(stack, "kafka", 6 * _DAY_S)
    assert can(stack, "kafka", -7 * _DAY_S)


def test_what_has_no_clock(stack: RunningStack) -> None:
    one = injector(stack)
    edge = stack.catalogue.edge("worker.redis")
    assert "an edge has no clock" in one.can(skew(edge.name, 120.0), edge).why
    stranger = Service("etcd", Address("127.0.0.1", 1), "", "1")
    assert "no known way to read the clock of etcd" in one.can(skew("etcd", 120.0), stranger).why
    redis = stack.catalogue.service("redis")
    assert "does no pause" in one.can(Fault("pause", "redis", {}, 10), redis).why


def test_a_second_skew_is_refused(stack: RunningStack) -> None:
    one, undo = injector(stack), prepared(stack, "redis", 120.0)
    again = prepared(stack, "redis", 60.0)
    one.inject(undo)
    try:
        assert awaited(one.in_force, undo)
        with pytest.raises(TargetUnfit, match=r"its clock is 1[12]\d\.\d+ s ahead already"):
            prepared(stack, "redis", 60.0)
        with pytest.raises(TargetUnfit, match="was changed meanwhile"):
            one.inject(again)
    finally:
        one.heal(undo)
    assert awaited(one.gone, undo)


def test_what_a_stranger_wrote_stays(stack: RunningStack) -> None:
    one, undo = injector(stack), prepared(stack, "redis", 120.0)
    file = ClockFile(Path(undo.data["file"]))
    one.inject(undo)
    try:
        file.write("+50\n")
        one.heal(undo)
        assert file.read() == "+50\n"
        assert awaited(one.gone, undo)
        assert not one.in_force(undo)
    finally:
        file.write("+0\n")
    assert awaited(one.gone, undo)


def test_by_hand(stack: RunningStack) -> None:
    one, undo = injector(stack), prepared(stack, "redis", 120.0)
    one.inject(undo)
    assert awaited(one.in_force, undo)
    subprocess.run(["sh", "-ec", undo.by_hand], check=True, timeout=_WITHIN_S)
    assert awaited(one.gone, undo)


def test_what_a_killed_writer_left_is_removed(stack: RunningStack) -> None:
    undo = prepared(stack, "redis", 120.0)
    file = Path(undo.data["file"])
    ended = subprocess.Popen(["true"])
    ended.wait()
    left, other = (file.with_name(f".clock.new-by-{end}") for end in (ended.pid, os.getpid()))
    left.touch()
    other.touch()
    injector(stack).heal(undo)
    assert not left.exists()
    assert other.exists()
    other.unlink()


def test_one_that_does_not_answer_is_an_error_and_not_gone(stack: RunningStack) -> None:
    one, undo = injector(stack), prepared(stack, "redis", 120.0)
    with paused(stack, "redis"):
        for look in (one.gone, one.in_force):
            began_s = time.monotonic()
            with pytest.raises(TargetUnfit, match="redis: does not tell its time"):
                look(undo)
            assert time.monotonic() - began_s < _NOT_FOR_EVER_S


def test_a_stack_without_the_library_runs_and_cannot(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    one = place()
    with monkeypatch.context() as missing:
        missing.setitem(sys.modules, "libfaketime", None)
        one.up("redis")
        wait_until(lambda: one.running().health()[0].is_healthy, _WITHIN_S, "it is healthy")
        lacking = can(one.running(), "redis", 120.0)
        assert not lacking
        assert "libfaketime is not installed" in lacking.why
        assert "pip install 'chaos-aura[local]'" in lacking.remedy
    without = can(one.running(), "redis", 120.0)
    assert not without
    assert without.why == "redis was started without a clock of its own"
    assert "chaos-aura down, then chaos-aura up" in without.remedy
    with pytest.raises(TargetUnfit, match="without a clock of its own"):
        prepared(one.running(), "redis", 120.0)
    one.down()
    one.up("redis")
    assert can(one.running(), "redis", 120.0)


def test_it_heals_with_the_stack_down_and_purged(place: Place) -> None:
    one = place()
    one.up("redis")
    stack = one.running()
    mine, undo = injector(stack), prepared(stack, "redis", 120.0)
    mine.inject(undo)
    assert awaited(mine.in_force, undo)
    target = stack.catalogue.service("redis")
    one.down()
    assert "is not running" in mine.can(skew("redis", 120.0), target).why
    assert not mine.gone(undo)
    argv = [sys.executable, "-P", "-c", _HEALER, str(one.project.home)]
    subprocess.run(argv, input=json.dumps(undo.to_dict()), text=True, check=True, timeout=_WITHIN_S)
    assert ClockFile(Path(undo.data["file"])).read() == "+0\n"
    assert awaited(mine.gone, undo)
    one.down(purge=True)
    mine.heal(undo)
    assert mine.gone(undo)


@pytest.mark.parametrize("protocol", ["redis", "bolt", "http", "kafka"])
@pytest.mark.parametrize(
    "answer", [b"", b"\0" * 64, b"\xff" * 64, b"HTTP/1.1 200 OK\r\n\r\n{}", b"*2\r\n$1\r\nx\r\n$1\r\ny\r\n"]
)
def test_garbled_answers_are_one_clear_line(protocol: str, answer: bytes) -> None:
    with _answering(answer) as address, pytest.raises(TargetUnfit) as told:
        Clock("it", address, protocol).read()
    assert str(told.value).startswith("it: does not tell its time at 127.0.0.1:")
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("protocol", ["redis", "bolt", "http", "kafka"])
def test_silence_is_not_waited_for(protocol: str) -> None:
    began_s = time.monotonic()
    with _answering(None) as address, pytest.raises(TargetUnfit):
        Clock("it", address, protocol).read()
    assert time.monotonic() - began_s < _NOT_FOR_EVER_S


def can(stack: RunningStack, name: str, offset_s: float) -> Capability:
    return injector(stack).can(skew(name, offset_s), stack.catalogue.service(name))


def prepared(stack: RunningStack, name: str, offset_s: float) -> Undo:
    target: Target = stack.catalogue.service(name)
    return injector(stack).prepare(skew(name, offset_s), target, "01TEST")


def _restart(stack: RunningStack, name: str) -> None:
    former = process_of(stack, name)
    os.kill(former.pid, 9)
    wait_until(lambda: runs_anew(stack, name, former), _WITHIN_S, f"{name} runs anew")
    wait_until(lambda: name not in unwell(stack), _WITHIN_S, f"{name} is well")


def _end(stack: RunningStack, name: str) -> None:
    former = process_of(stack, name)
    stack.supervisor.stop(name)
    wait_until(lambda: not former.is_alive(), _WITHIN_S, f"{name} has ended")


def _bring_back(stack: RunningStack, name: str) -> None:
    stack.supervisor.start(name)
    wait_until(lambda: name not in unwell(stack), _WITHIN_S, f"{name} is well")


@contextmanager
def _answering(answer: bytes | None) -> Iterator[Address]:
    """Whatever it is told it says this, and hangs up; None: it says nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(ConnectionError), listening.accept()[0] as connection:
                if answer is None:
                    while connection.recv(1000):
                        pass
                else:
                    connection.sendall(answer)

        server = threading.Thread(target=serve)
        server.start()
        yield Address("127.0.0.1", listening.getsockname()[1])
        server.join(timeout=10)
