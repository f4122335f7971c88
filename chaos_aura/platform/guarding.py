"""Guards as every process of the platform has them: with its flags, its metrics, its events."""

from chaos_aura.platform.flags import FlagFile
from chaos_aura.platform.guards import Guard, Policy
from chaos_aura.platform.observe import Observer, metrics


class CallMeter:
    """Counts and times what guards do."""

    def tried(self, dependency: str, outcome: str, seconds: float) -> None:
        metrics.dependency_call_seconds.labels(dependency=dependency, outcome=outcome).observe(seconds)

    def retried(self, dependency: str) -> None:
        metrics.retries_total.labels(dependency=dependency).inc()


def guard_of(dependency: str, policy: Policy, flags: FlagFile, observer: Observer) -> Guard:
    observer.expect(dependency)
    return Guard(dependency, flags=flags.current, policy=policy, notice=observer.notice, watcher=CallMeter())
