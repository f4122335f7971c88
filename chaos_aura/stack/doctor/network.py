"""Faults in the kernel's network: namespaces, traffic control, packet filter, each tried where nobody else is."""

import json
import shutil
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.program import ask
from chaos_aura.stack.doctor.scene import Scene

_TRIAL = Path(__file__).with_name("private_network.py")
_WITHIN_S = 10.0
_EDGES_DO = "latency, throttle and partition on edges need none of it"
_AS_USER = "works only in namespaces of this user's own: no rule on the machine's loopback"
_PACKET_LOSS = ("packet_loss",)


@dataclass(frozen=True)
class _Steps:
    """What the trial said, by step: `{"netem": {"ok": False, "said": "Error: ..."}}`."""

    told: Mapping[str, Mapping[str, Any]]

    def worked(self, step: str) -> bool:
        return bool(self.told.get(step, {}).get("ok"))

    def said(self, step: str) -> str:
        return str(self.told.get(step, {}).get("said") or "it was not reached")

    @property
    def as_user(self) -> bool:
        return self.worked("namespace") and self.told["namespace"]["said"] == "user"


def look_at_network(scene: Scene) -> Iterator[Finding]:
    tc, iptables = (shutil.which(name, path=scene.wide_path) or "" for name in ("tc", "iptables"))
    told = ask([sys.executable, "-I", "-S", str(_TRIAL), tc, iptables], within_s=_WITHIN_S)
    rows = [json.loads(line) for line in told.out.splitlines()]
    steps = _Steps({row["step"]: row for row in rows})
    if told.code or not rows:
        raise OSError(told.last_line)
    yield _namespaces(steps)
    yield from (_discipline(name, tc, steps) for name in ("netem", "tbf"))
    yield _packet_filter(iptables, steps)


def _namespaces(steps: _Steps) -> Finding:
    name = "network namespaces"
    if steps.as_user:
        return Finding(
            name, Group.INJECTORS, State.LIMITED, "one was made, as a user of its own", _AS_USER, "run as root"
        )
    if steps.worked("namespace"):
        return Finding(name, Group.INJECTORS, State.OK, "one was made and is gone")
    means = "no faults in the kernel's network; " + _EDGES_DO
    return Finding(
        name, Group.INJECTORS, State.MISSING, steps.said("namespace"), means, "run as root", cannot=_PACKET_LOSS
    )


def _discipline(name: str, tc: str, steps: _Steps) -> Finding:
    what = {"netem": "no delay or loss by the kernel", "tbf": "no rate limit by the kernel"}[name]
    loses = name == "netem" and not (steps.worked("iptables") and not steps.as_user)
    cannot = _PACKET_LOSS if loses else ()
    if not tc:
        return _missing(name, "no tc here", what, "install the package iproute2", cannot)
    if not steps.worked("namespace"):
        return _missing(name, "not tried: no namespace to try it in", what, "run as root", cannot)
    if not steps.worked(name):
        remedy = f"a kernel with sch_{name}: modprobe sch_{name}"
        return _missing(name, f"tc said: {steps.said(name)}", what, remedy, cannot)
    return _worked(name, "tc set it on a loopback of its own", steps, cannot=_PACKET_LOSS if name == "netem" else ())


def _packet_filter(iptables: str, steps: _Steps) -> Finding:
    what = "no rejecting or dropping by the kernel"
    if not iptables:
        return _missing("iptables", "no iptables here", what, "install the package iptables", ())
    if not steps.worked("namespace"):
        return _missing("iptables", "not tried: no namespace to try it in", what, "run as root", ())
    if not steps.worked("iptables"):
        return _missing("iptables", steps.said("iptables"), what, "a kernel with ip_tables and xt_statistic", ())
    return _worked("iptables", "a rule that drops at random was set in a namespace of its own", steps, cannot=())


def _worked(name: str, seen: str, steps: _Steps, cannot: tuple[str, ...]) -> Finding:
    if steps.as_user:
        return Finding(name, Group.INJECTORS, State.LIMITED, seen, _AS_USER, "run as root", cannot=cannot)
    return Finding(name, Group.INJECTORS, State.OK, seen)


def _missing(name: str, seen: str, what: str, remedy: str, cannot: tuple[str, ...]) -> Finding:
    return Finding(name, Group.INJECTORS, State.MISSING, seen, f"{what}; {_EDGES_DO}", remedy, cannot=cannot)
