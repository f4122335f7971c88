"""The control of Chaos Toolkit that makes a run believable. An experiment declares it:

    "controls": [{"name": "chaos-aura", "provider": {"type": "python", "module": "chaos_aura.toolkit.control",
                  "arguments": {"budget_s": 30}}}]

Chaos Toolkit swallows whatever a control raises, but for an interruption. So every hook catches everything: it becomes
an outcome of the run, and ends it.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from chaoslib.exceptions import InterruptExecution, InvalidActivity
from chaoslib.run import EventHandlerRegistry, RunEventHandler
from chaoslib.types import Activity, Configuration, Control, Experiment, Hypothesis, Journal, Secrets, Settings
from chaoslib.types import Run as ActivityRun

from chaos_aura.core.errors import BadInput, ChaosAuraError, MachineLacks, PingFailed, ServiceUnhealthy, StackDown
from chaos_aura.core.outcome import RunOutcome
from chaos_aura.run.options import Options
from chaos_aura.run.secrecy import Secrecy
from chaos_aura.toolkit.conductor import Conductor
from chaos_aura.toolkit.journal import condemn, hide_secrets, speak_against

_NOT_WELL = (ServiceUnhealthy, PingFailed, StackDown)
_conductors: list[Conductor] = []
_watches: list["_Watch"] = []


class _Watch(RunEventHandler):  # type: ignore[misc]
    """Sees the journal before the run begins and after it is over, which a control does not."""

    def __init__(self) -> None:
        self.journal: Journal | None = None

    def running(  # noqa: PLR0917 - as Chaos Toolkit calls it
        self,
        experiment: Experiment,
        journal: Journal,
        configuration: Configuration,
        secrets: Secrets,
        schedule: Any,
        settings: Settings,
    ) -> None:
        self.journal = journal
        speak_against(journal)
        # Rollbacks always run, also after a failure and an interruption.
        settings.setdefault("runtime", {}).setdefault("rollbacks", {})["strategy"] = "always"

    def finish(self, journal: Journal) -> None:
        conductor = _conductors[-1] if _conductors else None
        try:
            if conductor is None or not conductor.is_concluded:
                condemn(journal)
                if conductor is not None:
                    hide_secrets(journal, conductor.secrecy)
            elif conductor.run is not None:
                conductor.run.folder.write(conductor.run.folder.journal, journal)
        finally:
            _conductors.clear()
            _watches.clear()
            if conductor is not None:
                conductor.close()


def _hook(function: Callable[..., None]) -> Callable[..., None]:
    @wraps(function)
    def guarded(*words: Any, **named: Any) -> None:
        try:
            function(*words, **named)
        except InterruptExecution:
            raise
        except ChaosAuraError as cause:
            _end(str(cause), cause)
        except OSError as cause:  # a folder that is somebody else's, a disk that is full
            _end(str(MachineLacks.because(cause)), cause)
        except Exception as cause:  # noqa: BLE001 - the border: Chaos Toolkit would go on as if nothing had happened
            conductor = _conductors[-1] if _conductors else None
            where = f"control chaos-aura, {function.__name__}"
            _end(conductor.crashed(where, cause) if conductor else f"{where}: {cause}", cause)

    return guarded


def _end(reason: str, cause: Exception) -> None:
    conductor = _conductors[-1] if _conductors else None
    if conductor is not None and conductor.run is not None:
        conductor.run.verdicts.against(_outcome(cause, conductor.followed.has_run_method), reason)
    raise InterruptExecution(reason) from cause


def _outcome(cause: Exception, has_run_method: bool) -> RunOutcome:
    if has_run_method:
        return RunOutcome.INCONCLUSIVE
    return RunOutcome.BASELINE_NOT_MET if isinstance(cause, _NOT_WELL) else RunOutcome.NOT_INJECTED


def validate_control(control: Control) -> None:
    """For `chaos validate`: an argument that is misspelt would not hold."""
    try:
        _refuse_partial(control)
        Options.check(control["provider"].get("arguments") or {})
    except ChaosAuraError as cause:
        raise InvalidActivity(str(cause)) from cause


def _refuse_partial(control: Control) -> None:
    """One that does not see all of a run can vouch for none of it."""
    is_ours = (control.get("provider") or {}).get("module") == __name__
    if is_ours and (control.get("scope") or control.get("automatic") is False):
        why = "has a `scope`, or is not `automatic`, and so would see only a part of the run"
        raise BadInput("control chaos-aura", why, "declare it without them, at the top of the experiment")


def configure_control(event_registry: EventHandlerRegistry | None = None, **_given: Any) -> None:
    if event_registry is not None and not _watches:
        _watches.append(_Watch())
        event_registry.register(_watches[-1])


@_hook
def before_experiment_control(
    context: Experiment, configuration: Configuration = None, secrets: Secrets = None, **arguments: Any
) -> None:
    if _conductors:  # declared twice, as in an experiment and in the settings
        return
    if not _watches or _watches[-1].journal is None:
        raise ChaosAuraError("control chaos-aura", "does not see the journal", "run it by `chaos run`")
    for control in context.get("controls") or ():
        _refuse_partial(control)
    _conductors.append(Conductor(context, configuration, secrets))
    _conductors[-1].begin(arguments)


@_hook
def before_hypothesis_control(context: Hypothesis, **_arguments: Any) -> None:
    _conducting().followed.hypothesis_begins()


@_hook
def after_hypothesis_control(context: Hypothesis, state: Any = None, **_arguments: Any) -> None:
    _conducting().followed.hypothesis_ended(state)


@_hook
def before_method_control(context: Experiment, **_arguments: Any) -> None:
    _conducting().followed.method_begins()


@_hook
def before_activity_control(context: Activity, **_arguments: Any) -> None:
    _conducting().followed.activity_begins()


@_hook
def after_activity_control(context: Activity, state: ActivityRun | None = None, **_arguments: Any) -> None:
    _conducting().followed.activity_ended(context, state)


@_hook
def after_method_control(context: Experiment, state: Any = None, **_arguments: Any) -> None:
    _conducting().method_is_over()


@_hook
def before_rollback_control(context: Experiment, **_arguments: Any) -> None:
    _conducting().followed.rollbacks_begin()


@_hook
def after_rollback_control(context: Experiment, state: Any = None, **_arguments: Any) -> None:
    _conducting().followed.rollbacks_ended()


@_hook
def after_experiment_control(context: Experiment, state: Journal, secrets: Secrets = None, **_arguments: Any) -> None:
    conductor = _conductors[-1] if _conductors else None
    if conductor is None or conductor.run is None:
        condemn(state)
        hide_secrets(state, Secrecy(secrets))
        return
    if not conductor.is_concluded:
        conductor.conclude(state)


def _conducting() -> Conductor:
    if not _conductors or _conductors[-1].run is None:
        raise ChaosAuraError("control chaos-aura", "was never begun", "its preflight says why")
    return _conductors[-1]


__all__ = [
    "after_activity_control",
    "after_experiment_control",
    "after_hypothesis_control",
    "after_method_control",
    "after_rollback_control",
    "before_activity_control",
    "before_experiment_control",
    "before_hypothesis_control",
    "before_method_control",
    "before_rollback_control",
    "configure_control",
    "validate_control",
]
