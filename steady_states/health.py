"""That services do their work, and the platform says that it is ready. For `probes.health`."""

from typing import Any

from chaos_aura.core.verdict import Judgement, failed, passed, unknown
from steady_states.border import judging

__all__ = [
    "every_service_is_healthy",
    "the_platform_is_at_least_degraded",
    "the_platform_is_ready",
    "the_service_is_healthy",
]

_READY, _DEGRADED = "ready", "degraded"
_KNOWN = (_READY, _DEGRADED, "away", "silent")


@judging
def the_service_is_healthy(value: Any = None) -> Judgement:
    """One service does its work. For `service_health`."""
    return _told(value) if _is_healthy(value) else failed(_why(value))


@judging
def every_service_is_healthy(value: Any = None) -> Judgement:
    """Every service does its work. For `all_services`."""
    services = list(value["services"].values())
    if not services:
        return unknown("there is no service")
    if ill := [each for each in services if not _is_healthy(each)]:
        return failed(*map(_why, ill))
    return passed(f"all {len(services)} services are healthy")


@judging
def the_platform_is_ready(value: Any = None) -> Judgement:
    """The platform says that it is ready, with all it needs. For `platform_readiness`."""
    return _says(value, (_READY,))


@judging
def the_platform_is_at_least_degraded(value: Any = None) -> Judgement:
    """The platform says that it is ready, or works without a store. For `platform_readiness`."""
    return _says(value, (_READY, _DEGRADED))


def _says(value: Any, enough: tuple[str, ...]) -> Judgement:
    status = value["status"]
    if status not in _KNOWN:
        return unknown(f"the platform says {status!r}, which nobody knows")
    away = ", ".join(name for name, answers in value["answers"].items() if answers is not True)
    told = f"the platform is {status}" + (f": {away} away" if away else "")
    return passed(told) if status in enough else failed(told)


def _is_healthy(value: Any) -> bool:
    if not isinstance(value["healthy"], bool):
        raise TypeError(f"healthy is {value['healthy']!r}")
    return bool(value["healthy"])


def _told(value: Any) -> Judgement:
    return passed(f"{value['service']} is healthy")


def _why(value: Any) -> str:
    return f"{value['service']}: {value['detail']}"
