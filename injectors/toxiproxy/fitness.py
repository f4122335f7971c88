"""Looks at an edge before it is hurt: how its round trip is, and whether a fault there could be proven at all."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from chaos_aura.core.catalogue import Edge
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Fault
from injectors.toxiproxy.exchange import Exchange, Question
from injectors.toxiproxy.expecting import Baseline, is_seen_soon, sign_of, wanted_size
from injectors.toxiproxy.greetings import greeting_for
from injectors.toxiproxy.mixture import refuses, toxics_for
from injectors.toxiproxy.plan import EdgePlan
from injectors.toxiproxy.sign import Shown, Sign
from injectors.toxiproxy.toxic import ProxyState

_ANSWERS_WITHIN_MS = 1000.0


class Telling(Protocol):
    def proxy_beside[R](self, name: str, do: Callable[[], R]) -> tuple[ProxyState | None, R]: ...


def plan_for(edge: Edge, fault: Fault, lease_id: str, server: Telling) -> EdgePlan:
    """TargetUnfit when the edge is not as it must be."""
    question = _question(edge, fault)
    proxy, through = server.proxy_beside(edge.proxy, lambda: question.ask(edge.address))
    if proxy is None:
        raise _unfit(edge, f"Toxiproxy has no proxy {edge.proxy}", "see: chaos-aura status")
    if not proxy.enabled:
        raise _unfit(edge, "its proxy is disabled already", "end what has disabled it, or: chaos-aura heal")
    baseline, sign = _expected(edge, fault, proxy, question, through)
    plan = EdgePlan.of(edge, toxics_for(fault, lease_id), refuses(fault), baseline, sign)
    return replace(plan, had_others=bool(proxy.toxics))


def _expected(
    edge: Edge, fault: Fault, proxy: ProxyState, question: Question, through: Exchange
) -> tuple[Baseline, Sign]:
    if question.is_satisfied_by(through):
        return _sharpest(edge, fault, question, through)
    directly, others = question.ask(edge.upstream), proxy.others(())
    if not others or not question.is_satisfied_by(directly):
        why = f"no round trip to be hurt: {through}; directly: {directly}"
        raise _unfit(edge, why, f"make {edge.service} well first: chaos-aura status")
    # Hurt already, so that it shows nothing more.
    hurt = f"before it already: {through} ({', '.join(others)})"
    return _baseline(directly), Sign(Shown.NOTHING, why_not=hurt)


def _question(edge: Edge, fault: Fault) -> Question:
    greeting = greeting_for(edge.speaks, edge.scheme)
    if greeting is None:
        raise _unfit(edge, f"nobody here knows how to ask {edge.service}, so nothing could be proven", "")
    question = Question(greeting, wanted_size(fault, greeting), _ANSWERS_WITHIN_MS)
    return replace(question, end_within_ms=_ANSWERS_WITHIN_MS) if fault.kind == "slow_close" else question


def _sharpest(edge: Edge, fault: Fault, question: Question, first: Exchange) -> tuple[Baseline, Sign]:
    """Asks once more where a quicker round trip would let the fault be seen sooner: the first question to an idle
    server takes long."""
    sign = sign_of(fault, question.size, _baseline(first))
    if is_seen_soon(sign):
        return _baseline(first), sign
    again = question.ask(edge.address)
    if not question.is_satisfied_by(again) or again.after_ms >= first.after_ms:
        return _baseline(first), sign
    return _baseline(again), sign_of(fault, question.size, _baseline(again))


def _baseline(exchange: Exchange) -> Baseline:
    return Baseline(exchange.after_ms, exchange.end_ms)


def _unfit(edge: Edge, why: str, remedy: str) -> TargetUnfit:
    return TargetUnfit(f"edge {edge.name}", why, remedy)
