"""One thing changed in the flags: a whole flag, or one agent among those that a flag names.

Sample: Change("agent_delays_s", "lnn_cost_optimizer", 5.0, is_in_file=False, former=None, otherwise={})
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from injectors.flags.document import Document
from injectors.flags.names import FAILING


@dataclass(frozen=True, slots=True)
class Change:
    """`former` is what the file said of the flag, `otherwise` what holds where it says nothing."""

    flag: str
    agent: str
    value: Any
    is_in_file: bool
    former: Any
    otherwise: Any

    @property
    def before(self) -> Any:
        """Of the whole flag, when this was planned."""
        return self.former if self.is_in_file else self.otherwise

    def says(self) -> str:
        if not self.agent:
            return f"{self.flag}={json.dumps(self.value)}"
        return f"{self.flag} names {self.agent}" + ("" if self.flag == FAILING else f" with {self.value:g}")

    def changes_nothing(self) -> bool:
        """A delay of nothing is none."""
        is_no_delay = bool(self.agent) and self.value == 0 and not self.before.get(self.agent)
        return is_no_delay or self.is_made_in(self.before)

    def is_made_in(self, told: Any) -> bool:
        """`told` is the flag's whole value."""
        if not self.agent:
            return bool(told == self.value) and isinstance(told, bool) == isinstance(self.value, bool)
        if self.flag == FAILING:
            return isinstance(told, list) and self.agent in told
        return isinstance(told, dict) and told.get(self.agent) == self.value

    def is_ours(self, document: Document) -> bool:
        return self.flag in document and self.is_made_in(document[self.flag])

    def make(self, document: Document) -> None:
        document[self.flag] = self._with(document.get(self.flag, self.otherwise))

    def unmake(self, document: Document) -> None:
        """Only ours: what others have added to the same flag stays."""
        left = self._without(document[self.flag])
        if left == self.otherwise and not (self.is_in_file and self.former == self.otherwise):
            del document[self.flag]
        else:
            document[self.flag] = left

    def _with(self, told: Any) -> Any:
        if not self.agent:
            return self.value
        if self.flag == FAILING:
            return sorted({*told, self.agent})
        return {**told, self.agent: self.value}

    def _without(self, told: Any) -> Any:
        if not self.agent:
            return self.before
        if self.flag == FAILING:
            return [name for name in told if name != self.agent]
        others = {name: delay_s for name, delay_s in told.items() if name != self.agent}
        return others | ({self.agent: self.before[self.agent]} if self.agent in self.before else {})

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Change":
        return cls(**row)
