"""How an edge is looked at before it is hurt: asked again only while a quicker answer would make the proof quicker."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from awaiting import wait_until
from toxiproxy_cases import fault

from chaos_aura.core.address import on_loopback
from chaos_aura.core.catalogue import Edge
from chaos_aura.core.errors import TargetUnfit
from injectors.toxiproxy.fitness import plan_for
from injectors.toxiproxy.plan import EdgePlan
from injectors.toxiproxy.toxic import ProxyState

_SLOW_S = 0.2
_WITHIN_S = 30
_LEAST_SILENCE_MS = 5


@contextmanager
def redis_that_wakes_up(slow_answers: int) -> Iterator[tuple[Edge, list[bytes]]]:
    """Its first answers are slow. Comes with what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(1000))
                    if len(asked) <= slow_answers:
                        time.sleep(_SLOW_S)  # not a wait: this is what it is
                    size = int(asked[-1].split(b"\r\n")[3][1:])
                    connection.sendall(b"$%d\r\n%s\r\n" % (size, b"x" * size))

        thread = threading.Thread(target=serve)
        thread.start()
        address = on_loopback(server.getsockname()[1])
        try:
            yield Edge("worker", "redis", address, address, "redis"), asked
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


class Well:
    """A Toxiproxy whose every proxy is there and unhurt."""

    def proxy_beside[R](self, name: str, do: Callable[[], R]) -> tuple[ProxyState, R]:
        return ProxyState(name, True, ()), do()


def planned(slow_answers: int, kind: str, **parameters: Any) -> tuple[EdgePlan, int]:
    """And how often it was asked. Another one where a busy machine kept an answer back for longer than is waited."""

    def tried() -> tuple[EdgePlan, int] | None:
        with redis_that_wakes_up(slow_answers) as (edge, asked):
            try:
                plan = plan_for(edge, fault(kind, edge.name, **parameters), "01J", Well())
            except TargetUnfit as cause:
                if "no answer within 1000.0 ms" not in cause.why:
                    raise
                return None
        return plan, len(asked)

    return wait_until(tried, _WITHIN_S, "it is answered in time")


def test_a_server_that_was_idle_is_asked_again() -> None:
    def planned_by_the_quicker() -> EdgePlan | None:
        """None when a busy machine made the second answer no quicker than the first."""
        plan, asked = planned(1, "partition")
        assert asked == 2
        return plan if plan.baseline.answer_ms < _SLOW_S * 1000 else None

    plan = wait_until(planned_by_the_quicker, _WITHIN_S, "the quicker answer counts")
    assert plan.sign.within_ms >= _LEAST_SILENCE_MS


@pytest.mark.parametrize(("kind", "parameters"), [("partition", {"how": "refused"}), ("reset", {}), ("limit_data", {})])
def test_what_happens_at_once_needs_no_quick_answer(kind: str, parameters: dict[str, Any]) -> None:
    plan, asked = planned(1, kind, **parameters)
    assert asked == 1
    assert plan.baseline.answer_ms >= _SLOW_S * 1000


def test_one_that_stays_slow_is_taken_as_it_is() -> None:
    """The proof then waits for so much longer."""
    plan, asked = planned(99, "blackhole")
    assert asked == 2
    assert plan.sign.within_ms > plan.baseline.answer_ms >= _SLOW_S * 1000
