"""What was measured while the machine itself was noisy is unknown, and nothing else is."""

import json
import time
from pathlib import Path

import pytest
from chaos_run import call

from chaos_aura.core.verdict import Verdict, failed, passed
from chaos_aura.toolkit.noise import excused

_NS = 1_000_000_000


def noisy_ago(folder: Path, from_s: float, until_s: float) -> Path:
    """So many seconds before now, by what the sampler writes: one quiet sample before, noise, a quiet one after."""
    now_ns, step_s = time.monotonic_ns(), 0.5
    path, at_s = folder / "samples.jsonl", from_s
    rows = [{"what": "machine", "at": now_ns - int((from_s + step_s) * _NS), "steal": 0.0}]
    while at_s >= until_s:
        rows.append({"what": "machine", "at": now_ns - int(at_s * _NS), "steal": 0.9})
        at_s -= step_s
    rows.append({"what": "machine", "at": now_ns - int(at_s * _NS), "steal": 0.0})
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("probe", "arguments", "duration_s", "is_excused"),
    [
        ("latency.allocation_latency", {}, 0.0, True),  # of the whole run
        ("latency.allocation_latency", {"window_s": 60}, 0.0, True),
        ("latency.allocation_latency", {"window_s": 5}, 0.0, False),
        ("load.success_rate", {}, 0.0, True),
        ("load.success_rate", {"window_s": 5}, 0.0, False),
        ("latency.service_round_trip", {"service": "redis"}, 1.0, False),
        ("latency.service_round_trip", {"service": "redis"}, 60.0, True),
        ("latency.decision_query_s", {}, 1.0, False),
        ("latency.event_lag_s", {}, 1.0, False),
        ("health.all_services", {}, 60.0, False),  # an answer that was wrong is never excused
    ],
)
def test_noise_half_a_minute_ago_excuses_what_was_measured_then(
    tmp_path: Path, probe: str, arguments: dict[str, object], duration_s: float, is_excused: bool
) -> None:
    samples = noisy_ago(tmp_path, 30, 20)
    module, _, func = f"probes.{probe}".rpartition(".")
    judgement = excused(failed("too late"), call(module, func, arguments=arguments), {"duration": duration_s}, samples)
    assert judgement.verdict is (Verdict.UNKNOWN if is_excused else Verdict.FAIL)
    assert ("noisy for" in str(judgement)) is is_excused


def test_a_pass_stays_one(tmp_path: Path) -> None:
    samples = noisy_ago(tmp_path, 30, 20)
    assert excused(passed("in time"), call("probes.latency", "allocation_latency"), {}, samples) == passed("in time")
