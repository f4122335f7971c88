"""The border to an injector, whose code may be a stranger's and raise anything: a user sees a line."""

from collections.abc import Callable

from chaos_aura.core.errors import ChaosAuraError, PlugInBroken


def bordered[T](injector: str, method: str, call: Callable[[], T]) -> T:
    """PlugInBroken for whatever is no ChaosAuraError."""
    try:
        return call()
    except ChaosAuraError:
        raise
    except Exception as cause:
        why = f"method `{method}` failed ({type(cause).__name__}: {cause})"
        raise PlugInBroken(f"injector {injector}", why, "mend the plug-in") from cause
