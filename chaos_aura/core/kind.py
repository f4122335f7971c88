"""What can be done to a thing, and what one has to say for it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chaos_aura.core.errors import BadInput

Value = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Parameter:
    """`Parameter("latency_ms", float, "how much later each answer comes", default=100.0, least=0.0, most=60_000.0)`

    One without a default must be given. A text may be limited to some choices. `sample`: what makes the kind possible
    where anything does, for who asks only whether it is; needed where the default, or 1, may be too much or too little.
    """

    name: str
    type: type
    sentence: str
    default: Value | None = None
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    sample: Value | None = None

    def read(self, value: Any) -> Value:
        """From JSON, or from the text of a command line. ValueError says why not."""
        read: Value = _READERS[self.type](value)
        if isinstance(read, int | float) and not isinstance(read, bool):
            self._check_bounds(read)
        if self.choices and read not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}")
        return read

    def describe(self) -> str:
        """`latency_ms=100 (0 to 60000): how much later each answer comes`"""
        bounds = _bounds(self.least, self.most) or " | ".join(self.choices)
        given = "" if self.default is None else f"={_shown(self.default)}"
        return f"{self.name}{given}" + (f" ({bounds})" if bounds else "") + f": {self.sentence}"

    def _check_bounds(self, value: float) -> None:
        below = self.least is not None and value < self.least
        if math.isnan(value) or below or (self.most is not None and value > self.most):
            raise ValueError(f"must be {_bounds(self.least, self.most) or 'a number'}")


@dataclass(frozen=True, slots=True)
class Kind:
    """A word that people use: `latency`. The sentence starts with a verb.

    One that is momentary happens once and needs nobody to end it: what it struck comes back by itself. `momentary_if`
    names a parameter, true or false, that decides it. One that is `repairable` may be put right by the system itself,
    which is an end of it and no loss. `needs`: what would make it possible where no injector does it.
    """

    name: str
    sentence: str
    parameters: tuple[Parameter, ...] = ()
    momentary: bool = False
    momentary_if: str = ""
    repairable: bool = False
    needs: str = ""

    def is_momentary(self, parameters: Mapping[str, Value]) -> bool:
        return self.momentary or bool(self.momentary_if and parameters[self.momentary_if])

    def read(self, given: Any) -> dict[str, Value]:
        """All parameters, those not given by their defaults. BadInput names what is wrong and what there is."""
        known = {parameter.name: parameter for parameter in self.parameters}
        if not isinstance(given, Mapping):
            why = f"its parameters are {given!r}, not names with values"
            raise BadInput(self.name, why, f"there are: {', '.join(known) or 'none'}")
        for name in given:
            if name not in known:
                raise BadInput(self.name, f"has no parameter `{name}`", f"there are: {', '.join(known) or 'none'}")
        read: dict[str, Value] = {}
        for name, parameter in known.items():
            if name in given:
                read[name] = self._read(parameter, given[name])
            elif parameter.default is not None:
                read[name] = parameter.default
            else:
                raise BadInput(self.name, f"needs {name}", f"give {parameter.describe()}")
        return read

    def _read(self, parameter: Parameter, value: Any) -> Value:
        try:
            return parameter.read(value)
        except ValueError as cause:
            raise BadInput(f"{self.name}, {parameter.name}", f"{cause}, not {value!r}", parameter.describe()) from cause


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number")
    try:
        return float(value)
    except (ValueError, OverflowError):
        raise ValueError("must be a number") from None


def _whole(value: Any) -> int:
    number = _number(value)
    if not math.isfinite(number) or number != int(number):
        raise ValueError("must be a whole number")
    return int(number)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a text")
    return value


_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in _WORDS:
        return _WORDS[value.lower()]
    raise ValueError("must be true or false")


_READERS: dict[type, Any] = {float: _number, int: _whole, str: _text, bool: _flag}


def _bounds(least: float | None, most: float | None) -> str:
    match least, most:
        case None, None:
            return ""
        case _, None:
            return f"at least {least:g}"
        case None, _:
            return f"at most {most:g}"
        case _:
            return f"{least:g} to {most:g}"


def _shown(value: Value) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
