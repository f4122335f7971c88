"""Results as docs/runs.md has them, one of each outcome."""

import copy
from typing import Any

OUTCOMES = {
    "passed": "pass",
    "failed": "fail",
    "baseline not met": "unknown",
    "fault not injected": "unknown",
    "fault not held": "unknown",
    "fault not healed": "fail",
    "inconclusive": "unknown",
    "interrupted": "unknown",
    "dry": "unknown",
}
TITLE = "Tenants keep getting GPUs while Neo4j is stopped for 15 s"
FOLDER = "/projects/gpus/.chaos-aura/runs/20261129T093012-neo4j_down"
AGAIN = "CHAOS_AURA_SEED=68576 chaos run experiments/neo4j_down.json"
_PASSED: dict[str, Any] = {
    "schema": 1,
    "id": "20261129T093012-neo4j_down",
    "outcome": "passed",
    "verdict": "pass",
    "reasons": ["recovered within 2.25 to 2.31 s of 30 s", "no GPU had two owners", "nothing acknowledged was lost"],
    "experiment": {"file": "experiments/neo4j_down.json", "title": TITLE, "sha256": "0" * 64, "tags": ["neo4j"]},
    "again": AGAIN,
    "began_at": "2026-11-29T09:30:12.120+00:00",
    "ended_at": "2026-11-29T09:31:23.420+00:00",
    "took_s": 71.3,
    "seed": 68576,
    "judgements": [
        {"what": "recovery", "verdict": "pass", "reasons": ["recovered within 2.25 to 2.31 s of 30 s"]},
        {"what": "consistency", "verdict": "pass", "reasons": ["no GPU had two owners"]},
        {"what": "hypothesis", "verdict": "pass", "reasons": []},
    ],
    "faults": [
        {
            "lease": "01KB7Q9X3M",
            "kind": "stop",
            "target": "neo4j",
            "parameters": {},
            "injector": "process",
            "asked_s": 21.0,
            "in_force_s": 21.12,
            "healed_s": 36.24,
            "seen": "the supervisor says stopped",
            "gone": "a new process runs",
        }
    ],
    "recovery": {
        "state": "recovered",
        "budget_s": 30.0,
        "counts_from": "healed",
        "degraded": {"low_s": 0.25, "at_s": 0.31, "high_s": 0.33},
        "detected": {"low_s": 0.92, "at_s": 0.92, "high_s": 0.92},
        "recovered": {"low_s": 17.37, "at_s": 17.43, "high_s": 17.43},
        "recovered_from_healed": {"low_s": 2.25, "at_s": 2.31, "high_s": 2.31},
    },
    "operations": {
        "allocate": {"ok": 311, "fail": 4, "info": 2, "good": 300, "slow": 3, "bad": 14}
        | {"p50_ms": 212.4, "p95_ms": 611.0, "p99_ms": 1311.9},
        "release": {"ok": 309, "fail": 0, "info": 2, "good": 307, "slow": 2, "bad": 2}
        | {"p50_ms": 48.1, "p95_ms": 120.0, "p99_ms": 340.0},
        "canary": {"ok": 1402, "fail": 18, "info": 0, "good": 1402, "slow": 0, "bad": 18}
        | {"p50_ms": 1.2, "p95_ms": 3.4, "p99_ms": 9.2},
    },
    "consistency": {"acknowledged": 311, "lost": [], "doubled": [], "disagreeing": [], "leaked": {}},
    "load": {
        "shape": "baseline",
        "capacity_per_s": 15.0,
        "capacity_origin": "measured",
        "rate_per_s": 4.5,
        "due": 317,
        "begun": 317,
    }
    | {"lag_p99_ms": 1.2},
    "machine": {"cpus": 2, "memory_mb": 7900, "kernel": "6.1", "python": "3.12.1", "noisy_s": 0.0},
    "git": {"revision": "1b52640", "dirty": False},
    "versions": {"chaos-aura": "0.1.0", "redis": "7.0.15"},
    "folder": FOLDER,
}
_NOTHING_WAS_HURT: dict[str, Any] = {"faults": [], "recovery": None, "consistency": None, "judgements": []}
_CHANGED: dict[str, dict[str, Any]] = {
    "passed": {},
    "failed": {
        "reasons": [
            "still bad 3.1 s after its budget of 30 s",
            "2 acknowledged allocations are lost: 01kb7q9x3m-17, 01kb7q9x3m-19",
            *(
                f"the history's operation {number} was answered with a status that nobody expects"
                for number in range(5)
            ),
        ],
        "judgements": [
            {"what": "recovery", "verdict": "fail", "reasons": ["still bad 3.1 s after its budget of 30 s"]},
            {"what": "consistency", "verdict": "fail", "reasons": ["2 acknowledged allocations are lost"]},
            {"what": "hypothesis", "verdict": "pass", "reasons": []},
        ],
        "recovery": _PASSED["recovery"]
        | {"state": "not recovered in time", "recovered": None}
        | {"recovered_from_healed": {"low_s": 33.1, "at_s": None, "high_s": None}},
        "consistency": {
            "acknowledged": 311,
            "lost": ["01kb7q9x3m-17", "01kb7q9x3m-19"],
            "doubled": [{"gpu": "a100-3", "by": "01kb7q9x3m-4", "and": "01kb7q9x3m-9"}],
            "disagreeing": [],
            "leaked": {"t4": 2},
        },
    },
    "baseline not met": _NOTHING_WAS_HURT | {"reasons": ["neo4j did not answer: connection refused"], "load": None},
    "fault not injected": {"reasons": ["stop neo4j: still running after 5 tries"], "recovery": None},
    "fault not held": {"reasons": ["stop neo4j was in force for 4.2 s of 15 s"]},
    "fault not healed": {"reasons": ["stop neo4j: not proven gone within 30 s"], "recovery": None},
    "inconclusive": {
        "reasons": ["the machine was noisy for 12.4 s, and without what was late then it would have passed"],
        "machine": _PASSED["machine"] | {"noisy_s": 12.4},
    },
    "interrupted": _NOTHING_WAS_HURT | {"reasons": ["SIGINT while the fault was in force; it was healed"]},
    "dry": _NOTHING_WAS_HURT
    | {
        "reasons": ["a dry run touches nothing"],
        "operations": None,
        "load": None,
        "faults": [
            {"kind": "latency", "target": "worker.neo4j", "parameters": {"latency_ms": 200}, "injector": "toxiproxy"}
            | {"touches": ["the toxics of proxy worker.neo4j"]}
        ],
    },
}
_FAULTS = {"fault not injected": {"in_force_s": None, "healed_s": None}, "fault not healed": {"healed_s": None}}


def result_of(outcome: str) -> dict[str, Any]:
    result = copy.deepcopy(_PASSED | _CHANGED[outcome] | {"outcome": outcome, "verdict": OUTCOMES[outcome]})
    if changed := _FAULTS.get(outcome):
        result["faults"][0].update(changed)
    return result
