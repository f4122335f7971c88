"""What keeps us from looking at a process is one line for people, and never taken for its end."""

from collections.abc import Iterator
from contextlib import contextmanager

from chaos_aura.core.errors import MachineLacks


@contextmanager
def looking() -> Iterator[None]:
    """Around whatever reads /proc; a decorator, too. No descriptor left, for one: MachineLacks says which file."""
    try:
        yield
    except OSError as cause:
        raise MachineLacks.because(cause) from cause
