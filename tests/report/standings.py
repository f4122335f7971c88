"""Runs as they stand in the middle."""

from typing import Any

from chaos_aura.run.standing import FaultNow, LoadNow, Phase, Standing

SERVICES = ("redis", "kafka", "neo4j", "temporal", "toxiproxy", "api", "worker", "projection")


def usual(phase: Phase = Phase.BASELINE, since_s: float = 3.0, **others: Any) -> Standing:
    told: dict[str, Any] = {
        "at_most_s": 10.0,
        "load": LoadNow(4.5, 3),
        "success_rate": 1.0,
        "p95_s": 0.41,
        "breakers": {"neo4j": "closed", "redis": "closed", "kafka": "closed"},
        "health": dict.fromkeys(SERVICES, True),
    }
    return Standing(phase, since_s, **told | others)


def hurt(since_s: float = 8.2, **others: Any) -> Standing:
    told: dict[str, Any] = {
        "at_most_s": 15.0,
        "faults": (FaultNow("stop neo4j", "in force", since_s),),
        "success_rate": 0.9829,
        "p95_s": 0.812,
        "breakers": {"redis": "closed", "kafka": "closed", "neo4j": "open"},
        "health": dict.fromkeys(SERVICES, True) | {"neo4j": False},
    }
    return usual(Phase.FAULT, since_s, **told | others)
