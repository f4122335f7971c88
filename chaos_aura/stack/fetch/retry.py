"""Another try at a source that was out of reach: three more, each after a longer wait."""

from collections.abc import Callable

from chaos_aura.stack.fetch.sources import Unreachable
from chaos_aura.stack.fetch.stop import Stop

_WAITS_S = (0.2, 0.6, 1.8)


def until_reached[T](attempt: Callable[[], T], stop: Stop) -> T:
    """Raises the last Unreachable. For attempts only that go on where the last one broke off, or begin anew."""
    for wait_s in _WAITS_S:
        try:
            return attempt()
        except Unreachable:
            stop.sleep(wait_s)
    return attempt()
