"""Whole hypotheses to reuse: each gives the JSON of a `steady-state-hypothesis`, to be pasted into an experiment."""

from typing import Any

__all__ = ["platform_is_well", "platform_is_well_and_recovered"]


def platform_is_well() -> dict[str, Any]:
    """Every service is healthy, the platform ready, no breaker open, the pool balanced."""
    return {
        "title": "The platform is well",
        "probes": [
            _asked("every service is healthy", "health.all_services", "health.every_service_is_healthy"),
            _asked("the platform is ready", "health.platform_readiness", "health.the_platform_is_ready"),
            _asked("no breaker is open", "breakers.breaker_states", "breakers.no_breaker_is_open"),
            _asked("the pool is balanced", "consistency.pool_balance", "consistency.the_pool_is_balanced"),
        ],
    }


def platform_is_well_and_recovered(within_s: float = 30) -> dict[str, Any]:
    """The same; and it recovers so soon, nothing acknowledged is lost, no GPU has two owners."""
    well = platform_is_well()
    within = {"seconds": within_s}
    return {
        "title": f"The platform is well, and recovers within {within_s:g} s",
        "probes": [
            *well["probes"],
            _asked("recovers in time", "recovery.recovery_times", "recovery.recovers_within", within),
            _asked("nothing is lost", "consistency.agreement", "consistency.nothing_acknowledged_is_lost"),
            _asked("no GPU has two owners", "consistency.agreement", "consistency.no_gpu_has_two_owners"),
        ],
    }


def _asked(name: str, probe: str, tolerance: str, arguments: dict[str, Any] | None = None) -> dict[str, Any]:
    """Chaos Toolkit adds `value` to the tolerance's arguments, so there must be some."""
    return {
        "type": "probe",
        "name": name,
        "provider": _provider("probes", probe, {}),
        "tolerance": {
            "type": "probe",
            "name": name,
            "provider": _provider("steady_states", tolerance, arguments or {}),
        },
    }


def _provider(package: str, path: str, arguments: dict[str, Any]) -> dict[str, Any]:
    module, _, function = path.rpartition(".")
    return {"type": "python", "module": f"{package}.{module}", "func": function, "arguments": dict(arguments)}
