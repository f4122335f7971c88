"""Whether an engine brings a container back whose process has ended by itself."""

import signal
from datetime import datetime

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.core.fault import YES, Capability, no
from injectors.docker.lifecycle.leaving import was_told_to_end

_ON_FAILURE = "on-failure"
_KILLED = 128 + signal.SIGKILL


def comes_back(now: Container, instead: str) -> Capability:
    """By its restart policy. `instead`: what else could be done to one that has none."""
    if not now.comes_back:
        why = f"{now.name} has no restart policy: nobody would start it again"
        return no(why, f"give it one (docker update --restart always {now.name}), or {instead}")
    if is_given_up(now):
        return no(
            f"{now.name} has used up the {_most(now)} restarts of its policy",
            f"restart it by hand (docker restart {now.name}), or {instead}",
        )
    return YES


def is_given_up(now: Container) -> bool:
    """So often its engine has started it again that it will not do so any more."""
    return 0 < _most(now) <= now.restarts


def is_given_up_on(now: Container) -> bool:
    """It lies there, and not because somebody has stopped it."""
    return now.status is Status.EXITED and is_given_up(now)


def is_abandoned(engine: Engine, now: Container, since_s: float) -> bool:
    """Killed as by a crash, and its engine leaves it so, although nobody has told it to end in this life since then.

    To an engine, whoever was sent any signal by `docker kill`, a SIGHUP say, is stopped by hand from then on.
    """
    if now.status is not Status.EXITED or now.exit_code != _KILLED:
        return False
    began_s = datetime.fromisoformat(now.started_at).timestamp()
    return not was_told_to_end(engine, now, max(since_s, began_s))


def _most(now: Container) -> int:
    policy = now.host_config.get("RestartPolicy") or {}
    return int(policy.get("MaximumRetryCount") or 0) if policy.get("Name") == _ON_FAILURE else 0
