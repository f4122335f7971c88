"""Whether an engine brings a container back whose process has ended by itself, and whether it has."""

import signal
from datetime import datetime

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.keeper import ended
from chaos_aura.core.fault import YES, Capability, Proof, no
from injectors.docker.lifecycle.leaving import was_told_to_end
from injectors.docker.one import Known

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


def former_ended(known: Known, now: Container) -> Proof:
    """The process that it had; without a look at that, the life of its container."""
    if known.process_id:
        alive = known.process_id.is_alive()
        return Proof(not alive, f"process {known.process_id.pid} {'lives' if alive else 'is dead'}")
    return Proof(not known.lives_on(now), f"is {now.status.value}, started {now.started_at}")


def is_left(engine: Engine, known: Known, now: Container, since_s: float) -> bool:
    """To lie there, by its policy or by its engine, in the life that was hurt: nobody but us will start it."""
    return is_given_up_on(now) or (now.life == known.life and is_abandoned(engine, now, since_s))


def back(engine: Engine, known: Known, now: Container, since_s: float) -> Proof:
    """Its end of this fault: it runs again, its engine is about to start it, or somebody else wants it stopped."""
    if now.status is Status.RESTARTING:
        return Proof(True, f"is being started again by its engine ({ended(now)})")
    if is_given_up_on(now):
        return Proof(False, f"is {now.status.value}: its restart policy has given up")
    if is_left(engine, known, now, since_s):
        return Proof(False, f"is {now.status.value}: its engine takes it for stopped by hand")
    if not now.is_running:
        return Proof(True, f"is {now.status.value} by somebody else: it was not this fault")
    if known.lives_on(now) and known.process_id and not known.process_id.is_alive():
        return Proof(False, f"ended, which its engine has not noticed yet (process {known.process_id.pid})")
    how = "still" if now.life == known.life else "again"
    return Proof(True, f"runs {how}, as process {now.pid}", {"runs_as": now.pid})
