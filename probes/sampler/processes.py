"""One look at all processes, for two kinds of sample: the machine twice a second, weight once."""

from collections.abc import Mapping
from pathlib import Path

from chaos_aura.record.samples import MACHINE, WEIGHT, Samples
from probes.sampler.census import take_census
from probes.sampler.echo import Echo
from probes.sampler.machine import Machine
from probes.sampler.ours import Ours, containers_of, keepers_of
from probes.sampler.weight import Weight

_WEIGHS_EVERY = 2  # looks


class Processes:
    """`services`: the number of each one's process, as far as it is known; may be replaced at any time."""

    def __init__(self, samples: Samples, home: Path, controller: int, *, is_contained: bool = False) -> None:
        self.services: Mapping[str, int] = {}
        self._samples = samples
        self._echo = Echo()
        self._ours = Ours(home, controller)
        self._is_contained = is_contained
        self._machine = Machine(self._ours)
        self._weight = Weight(home, controller)
        self._looks = 0

    def look(self, late_s: float) -> bool:
        """Whether both have been sampled. How late it was woken is part of the echo."""
        echo_s = self._echo.round_trip_s() + late_s
        census = take_census()
        if self._is_contained:
            self._ours.keepers = keepers_of(census, self.services.values())
            self._ours.containers |= frozenset(name for pid in self.services.values() for name in containers_of(pid))
        if (seen := self._machine.look(census)) is not None:
            self._samples.add(MACHINE, **seen, echo_s=round(echo_s, 6))
        self._looks += 1
        if self._looks % _WEIGHS_EVERY == 0:
            for name, row in self._weight.look(census, self.services).items():
                self._samples.add(WEIGHT, of=name, **row)
        return self._looks > 2 * _WEIGHS_EVERY
