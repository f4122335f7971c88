"""What a run has to show for its verdict. What judges it is imported only by a run that has something to judge."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chaos_aura.judge.exactly_once import ExactlyOnce
    from chaos_aura.judge.recovery import Outage
    from chaos_aura.run.sampler import Sampler
    from chaos_aura.run.tenants import Tenants
    from chaos_aura.run.watching import Watched


@dataclass
class Evidence:
    """Each is None until it is known, or where there is nothing to know."""

    tenants: "Tenants | None" = None
    sampler: "Sampler | None" = None
    outage: "Outage | None" = None
    watched: "Watched | None" = None
    consistency: "ExactlyOnce | None" = None

    def close(self, *, is_hurried: bool) -> None:
        """Whatever became of the run. Somebody who has pressed Ctrl-C does not wait for tenants."""
        if self.tenants is not None:
            if is_hurried:
                self.tenants.leave()
            self.tenants.stop()
        if self.sampler is not None:
            self.sampler.stop()
