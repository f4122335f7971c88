"""The border to an injector, whose code may be a stranger's and raise anything: a user sees a line."""

import signal
from collections.abc import Callable
from traceback import walk_tb

from chaos_aura.core.errors import ChaosAuraError, PlugInBroken


def bordered[T](injector: str, method: str, call: Callable[[], T]) -> T:
    """PlugInBroken for whatever is no ChaosAuraError."""
    try:
        return call()
    except ChaosAuraError:
        raise
    except (Exception, SystemExit) as cause:
        if is_told_exit(cause):
            raise
        why = f"method `{method}` failed ({in_a_line(cause)})"
        raise PlugInBroken(f"injector {injector}", why, "mend the plug-in") from cause


def in_a_line(cause: BaseException) -> str:
    """`ValueError: why`, however many lines a stranger's code has made of it."""
    return " ".join(f"{type(cause).__name__}: {cause}".split())


def is_told_exit(cause: BaseException) -> bool:
    """An exit that a signal asked for, and no stranger: its handler runs in whatever the main thread is doing."""
    if not isinstance(cause, SystemExit):
        return False
    handlers = {getattr(signal.getsignal(number), "__code__", None) for number in signal.valid_signals()}
    return any(frame.f_code in handlers for frame, _ in walk_tb(cause.__traceback__))
