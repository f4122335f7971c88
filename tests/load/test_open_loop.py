"""Things begin when they are due, whatever became of those before; how many may be under way has a bound."""

import time

import gevent
from gevent.event import Event

from chaos_aura.load.open_loop import OpenLoop

MS = 1_000_000


def due(count: int, every_ms: int) -> list[int]:
    now_ns = time.monotonic_ns()
    return [now_ns + nth * every_ms * MS for nth in range(count)]


def test_each_begins_although_none_ends() -> None:
    begun: list[int] = []
    never = Event()

    def begin(nth: int) -> None:
        begun.append(nth)
        never.wait()

    loop = OpenLoop(1000, lambda: None)
    assert loop.run(due(100, 2), begin, Event()) == 100
    gevent.sleep(0)
    assert begun == list(range(100))
    assert len(loop) == 100
    loop.cut()  # which waits for two seconds at most
    loop.join(60)
    assert len(loop) == 0


def test_none_begins_before_it_is_due() -> None:
    early_ns: list[int] = []
    due_ns = due(20, 5)
    OpenLoop(1000, lambda: None).run(due_ns, lambda nth: early_ns.append(due_ns[nth] - time.monotonic_ns()), Event())
    gevent.sleep(0)
    assert len(early_ns) == 20
    assert max(early_ns) <= 0


def test_what_is_beyond_the_bound_is_left_out_and_told() -> None:
    begun: list[int] = []
    left_out: list[int] = []
    never = Event()

    def begin(nth: int) -> None:
        begun.append(nth)
        never.wait()

    loop = OpenLoop(3, lambda: left_out.append(1))
    loop.run(due(10, 1), begin, Event())
    gevent.sleep(0)
    assert (begun, len(left_out)) == ([0, 1, 2], 7)
    loop.cut()


def test_a_backlog_lets_those_that_have_begun_get_their_turn() -> None:
    begun: list[int] = []
    loop = OpenLoop(10_000, lambda: None)
    loop.run([0] * 1000, begun.append, Event())
    assert len(begun) >= 900


def test_none_begins_after_a_stop() -> None:
    begun: list[int] = []
    stopping = Event()
    gevent.spawn_later(0.05, stopping.set)
    count = OpenLoop(10_000, lambda: None).run(due(10_000, 10), begun.append, stopping)
    assert 0 < count < 10_000
    gevent.sleep(0.05)
    assert begun == list(range(count))
