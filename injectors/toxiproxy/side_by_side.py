"""Several things at once, so that three edges take no longer than one."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from chaos_aura.core.errors import ChaosAuraError


def side_by_side[T, R](do: Callable[[T], R], things: Sequence[T]) -> list[R]:
    """Raises the first error, in the order of the things, when all are done."""
    if len(things) == 1:
        return [do(things[0])]
    with ThreadPoolExecutor(len(things)) as threads:
        try:
            futures = [threads.submit(do, thing) for thing in things]
        except RuntimeError:  # a process that ends starts no thread any more
            return [do(thing) for thing in things]
    return [future.result() for future in futures]


def failures[T](do: Callable[[T], None], things: Sequence[T]) -> list[tuple[T, ChaosAuraError]]:
    """One that fails does not spare the others the attempt."""

    def attempt(thing: T) -> ChaosAuraError | None:
        try:
            do(thing)
        except ChaosAuraError as failure:
            return failure
        return None

    found = side_by_side(attempt, things)
    return [(thing, failure) for thing, failure in zip(things, found, strict=True) if failure]
