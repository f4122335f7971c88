"""Switches that are thrown while the platform runs, so that an experiment can show what each protection is worth.

A file wins over the environment, the environment over the defaults. Sample of the file:
{"circuit_breakers": false, "council_size": 2, "agent_delays_s": {"lnn_cost_optimizer": 5}, "failing_agents": []}
In the environment: CHAOS_AURA_FLAG_RETRIES=off, CHAOS_AURA_FLAG_FAILING_AGENTS=lnn_cost_optimizer,lnn_fairness_enforcer
"""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import structlog

from chaos_aura.platform.errors import BadSettings

PREFIX = "CHAOS_AURA_FLAG_"
_LOOK_EVERY_S = 0.05
_WORDS = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
_COUNCIL_SIZES = (1, 2, 3)
_LONGEST_DELAY_S = 3600


@dataclass(frozen=True, slots=True)
class Flags:
    """The last two are drills: a council agent made slow, or made to fail."""

    circuit_breakers: bool = True
    retries: bool = True
    retry_budget: bool = True
    cache: bool = True
    council_size: int = 3
    agent_delays_s: Mapping[str, float] = field(default_factory=dict)
    failing_agents: frozenset[str] = frozenset()


class FlagFile:
    """BadSettings when the environment's flags are wrong; a wrong file only keeps the last good flags, and says so."""

    def __init__(self, path: Path, environ: Mapping[str, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._clock = clock
        self._without_file = flags_in(environ)
        self._flags = self._without_file
        self._seen: bytes | str | None = None  # its bytes, why it could not be read, or None where there was none
        self._look_at_s = clock()
        self._looking = threading.Lock()

    def current(self) -> Flags:
        """Costs next to nothing: the file is looked at every 50 ms at most, by one thread at a time."""
        if self._clock() >= self._look_at_s and self._looking.acquire(blocking=False):
            try:
                self._look_at_s = self._clock() + _LOOK_EVERY_S
                self._look()
            finally:
                self._looking.release()
        return self._flags

    def _look(self) -> None:
        """Compares bytes: two writes within one tick of the file system's clock have the same time."""
        seen = self._read()
        if seen == self._seen:
            return
        self._seen = seen
        try:
            flags = self._parsed(seen)
        except BadSettings as bad:
            structlog.get_logger().error(
                "flags_unusable", file=bad.where, why=bad.why, remedy=bad.remedy, kept=_shown(self._flags)
            )
        else:
            self._take(flags)

    def _read(self) -> bytes | str | None:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as cause:
            return (cause.strerror or type(cause).__name__).lower()

    def _parsed(self, seen: bytes | str | None) -> Flags:
        if seen is None:
            return self._without_file
        if isinstance(seen, str):
            raise BadSettings(str(self._path), seen, "the flags stay as they were")
        return _of_document(self._without_file, str(self._path), seen)

    def _take(self, flags: Flags) -> None:
        before, self._flags = _shown(self._flags), flags
        changed = {key: value for key, value in _shown(flags).items() if before[key] != value}
        if changed:
            structlog.get_logger().info("flags_changed", file=str(self._path), **changed)


def flags_in(environ: Mapping[str, str]) -> Flags:
    """Of the environment alone. BadSettings when one of them cannot be used."""
    told: dict[str, Any] = {}
    for name in sorted(name for name in environ if name.startswith(PREFIX)):
        key = name.removeprefix(PREFIX).lower()
        told[key] = _checked(f"environment variable {name}", key, _untexted(key, environ[name]))
    return replace(Flags(), **told)


def _untexted(key: str, text: str) -> Any:
    """What JSON would have said."""
    if key == "failing_agents":
        return [name.strip() for name in text.split(",") if name.strip()]
    if key in ("agent_delays_s", "council_size"):
        try:
            return json.loads(text)
        except ValueError:
            return text
    return text


def _of_document(otherwise: Flags, where: str, content: bytes) -> Flags:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as cause:
        raise BadSettings(where, f"is not JSON: {cause}") from cause
    if not isinstance(document, dict):
        raise BadSettings(where, "must hold one JSON object", 'sample: {"retries": false}')
    return replace(otherwise, **{key: _checked(where, key, value) for key, value in document.items()})


def _checked(where: str, key: str, value: Any) -> Any:
    known = [each.name for each in fields(Flags)]
    if key not in known:
        raise BadSettings(where, f"knows no flag `{key}`", f"there are: {', '.join(known)}")
    read: Callable[[Any], Any] = _READERS.get(key, _switch)
    try:
        return read(value)
    except ValueError as cause:
        raise BadSettings(where, f"`{key}` {cause}, not {value!r}") from cause


def _switch(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in _WORDS:
        return _WORDS[value.strip().lower()]
    raise ValueError("must be on or off")


def _council_size(value: Any) -> int:
    if isinstance(value, bool) or value not in _COUNCIL_SIZES:
        raise ValueError("must be 1, 2 or 3")
    return int(value)


def _delays_s(value: Any) -> dict[str, float]:
    if not isinstance(value, dict) or not all(_is_delay(each) for each in value.values()):
        raise ValueError(f"must give seconds for each agent, at most {_LONGEST_DELAY_S}")
    return {agent: float(each) for agent, each in value.items()}


def _is_delay(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LONGEST_DELAY_S


def _agents(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("must be a list of agents")
    return frozenset(value)


_READERS: dict[str, Callable[[Any], Any]] = {
    "council_size": _council_size,
    "agent_delays_s": _delays_s,
    "failing_agents": _agents,
}


def _shown(flags: Flags) -> dict[str, Any]:
    shown: dict[str, Any] = {each.name: getattr(flags, each.name) for each in fields(Flags)}
    return shown | {"failing_agents": sorted(flags.failing_agents)}
