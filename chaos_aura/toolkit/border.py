"""Where our errors become Chaos Toolkit's: its journal has one line with what, where, why, and what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from chaoslib.exceptions import ActivityFailed

from chaos_aura.core.errors import ChaosAuraError, MachineLacks


@contextmanager
def activity() -> Iterator[None]:
    """What the system refuses, a folder that is somebody else's or one file too many, is told as any other error."""
    try:
        yield
    except ChaosAuraError as cause:
        raise ActivityFailed(str(cause)) from cause
    except OSError as cause:
        raise ActivityFailed(str(MachineLacks.because(cause))) from cause
