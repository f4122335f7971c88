"""A dry run of the actions: nothing is touched, not even a stack that is down. What would be is found out, and whatever
would refuse it.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.outcome import RunOutcome
from chaos_aura.run.external import answering, describe_external, refuse_load
from chaos_aura.run.preflight import refuse_unknown_bystanders, running
from chaos_aura.run.run import Run
from chaos_aura.toolkit.planned import Planned

if TYPE_CHECKING:
    from chaos_aura.core.catalogue import Catalogue
    from chaos_aura.stack.external.stack import ExternalStack


class Rehearsal:
    """`would_touch`: what each fault would touch, or why it would not."""

    def __init__(self) -> None:
        self.would_touch: list[dict[str, Any]] = []
        self.has_stack = True

    def rehearse(self, run: Run, plan: Callable[[], Sequence[Planned]], loads: str) -> None:
        """`loads`: the action that asks for GPUs, where there is one. Whatever is wrong, the rest is looked at, too."""
        planned: Sequence[Planned] = ()
        with _told(run):
            planned = plan()
        try:
            external = describe_external(run.project, os.environ)
            catalogue = external.catalogue if external else running(run.project, os.environ)
        except ChaosAuraError as cause:
            _tell(run, str(cause))
            self.has_stack = False
            self.would_touch = [each.unknown(str(cause)) for each in planned]
            return
        _refuse_unfit(run, catalogue, external, loads)
        with _told(run):
            self._plan_faults(run, planned)

    def _plan_faults(self, run: Run, planned: Sequence[Planned]) -> None:
        if not planned:
            return
        from chaos_aura.toolkit import session  # noqa: PLC0415 - for who would hurt something

        current = session.current()
        for each in planned:
            self.would_touch.append(touch := each.would_touch(current))
            if "wrong" in touch:
                name = f"{each.kind} of {each.target}"
                _tell(run, f"{name} would be refused: {touch['wrong'].removeprefix(f'{name}: ')}")

    def tell_unmet(self, run: Run, name: str, why: str) -> None:
        """Without a stack no probe holds, and why is told already."""
        if self.has_stack:
            _tell(run, f"the hypothesis is not met: {name}: {why}")


def _refuse_unfit(run: Run, catalogue: "Catalogue", external: "ExternalStack | None", loads: str) -> None:
    """As the preflight of a run would. A stack of ours is started by that, so who is down in it refuses nothing."""
    with _told(run):
        if external:
            answering(external, run.options.services)
        for name in run.options.services:
            catalogue.service(name)
    with _told(run):
        if loads:
            from chaos_aura.load.packages import refuse_missing_packages  # noqa: PLC0415 - for who has a load

            refuse_load(catalogue, loads)
            refuse_missing_packages()
    with _told(run):
        refuse_unknown_bystanders(catalogue, run.options.bystanders)


@contextmanager
def _told(run: Run) -> Iterator[None]:
    try:
        yield
    except ChaosAuraError as cause:
        _tell(run, str(cause))


def _tell(run: Run, reason: str) -> None:
    run.verdicts.against(RunOutcome.DRY, reason)
