"""A part of a result, read with care: it may be missing, null, or of another version."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from chaos_aura.report.plain_text import one_line


@dataclass(frozen=True, slots=True)
class Part:
    """`Part(result)["recovery"]["detected"]["at_s"].number`: None when any of these is not there."""

    _value: object

    def __getitem__(self, key: str) -> "Part":
        return Part(self._value.get(key)) if isinstance(self._value, Mapping) else Part(None)

    @property
    def is_there(self) -> bool:
        return self._value is not None

    @property
    def text(self) -> str:
        """Empty when it is none."""
        return one_line(self._value) if isinstance(self._value, str) else ""

    @property
    def word(self) -> str:
        """Of whatever is a single value."""
        return one_line(str(self._value)) if isinstance(self._value, str | int | float) else ""

    @property
    def number(self) -> float | None:
        if isinstance(self._value, bool) or not isinstance(self._value, int | float):
            return None
        try:
            number = float(self._value)
        except OverflowError:
            return None
        return number if math.isfinite(number) else None

    @property
    def parts(self) -> "tuple[Part, ...] | None":
        """Of a list; None when it is none."""
        return tuple(Part(each) for each in self._value) if isinstance(self._value, list | tuple) else None

    @property
    def members(self) -> "tuple[tuple[str, Part], ...] | None":
        """Of an object, by name; None when it is none."""
        if not isinstance(self._value, Mapping):
            return None
        return tuple((one_line(str(name)), Part(each)) for name, each in self._value.items())
