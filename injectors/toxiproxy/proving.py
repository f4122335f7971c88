"""Judges one edge: what Toxiproxy tells of its proxy, and what a round trip through it shows.

Reading back always decides. Where a round trip cannot tell (another fault is on the edge, the service itself is dead,
or what is done is too fine), the sentence says so.
"""

from dataclasses import dataclass
from typing import Any

from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.fault import Proof
from injectors.toxiproxy.applying import Proxies
from injectors.toxiproxy.exchange import Exchange, Question
from injectors.toxiproxy.greetings import greeting_for
from injectors.toxiproxy.plan import EdgePlan
from injectors.toxiproxy.sign import Shown
from injectors.toxiproxy.toxic import ProxyState

_DIRECTLY_WITHIN_MS = 250.0


def in_force(edge: EdgePlan, server: Proxies) -> Proof:
    """Both at once: the round trip waits for what should not come."""
    if edge.sign.shown is Shown.NOTHING:
        return EdgeProver(edge, server.proxy(edge.proxy)).in_force(None)
    look = _look(edge)
    proxy, through = server.proxy_beside(edge.proxy, lambda: look.ask(edge.address))
    return EdgeProver(edge, proxy).in_force(through)


def gone(edge: EdgePlan, server: Proxies) -> Proof:
    usual = _usual(edge)
    proxy, through = server.proxy_beside(edge.proxy, lambda: usual.ask(edge.address))
    return EdgeProver(edge, proxy).gone(through)


def _look(edge: EdgePlan) -> Question:
    sign = edge.sign
    if sign.shown is Shown.LATE_END:
        return _question(edge, sign.size, edge.normal_ms, sign.within_ms)
    return _question(edge, sign.size, sign.within_ms)


def _usual(edge: EdgePlan) -> Question:
    return _question(edge, edge.sign.size, edge.normal_ms, edge.normal_end_ms)


def _question(edge: EdgePlan, size: int, within_ms: float, end_within_ms: float = 0.0) -> Question:
    greeting = greeting_for(edge.speaks, edge.scheme)
    if greeting is None:
        raise TargetUnfit(f"edge {edge.name}", "no round trip is known for it", "use the same chaos-aura")
    return Question(greeting, size, within_ms, end_within_ms)


@dataclass(frozen=True, slots=True)
class EdgeProver:
    """`proxy`: as Toxiproxy tells of it; None when it has none of that name."""

    edge: EdgePlan
    proxy: ProxyState | None

    def in_force(self, through: Exchange | None) -> Proof:
        """None: nothing can be seen in a round trip."""
        if missing := self._missing():
            return self._proof(False, missing)
        sign = self.edge.sign
        if through is None:
            return self._proof(True, f"{self._made_of}, read back; {sign.why_not}")
        if sign.is_in(through):
            return self._proof(True, f"{sign.words(through)}, {self._before}; {self._made_of}, read back", through)
        if excuse := self._excuse():
            return self._proof(True, f"{self._made_of}, read back; {sign.words(through)}, but {excuse}", through)
        return self._proof(False, f"{self._made_of} is read back, but: {sign.words(through)}", through)

    def gone(self, through: Exchange) -> Proof:
        if left := self._left():
            return self._proof(False, left)
        if _usual(self.edge).is_satisfied_by(through):
            return self._proof(True, f"{through}, {self._before}; nothing of it is read back", through)
        if excuse := self._excuse():
            return self._proof(True, f"nothing of it is read back; {through}, but {excuse}", through)
        return self._proof(False, f"nothing of it is read back, but: {through}, {self._before}", through)

    def _missing(self) -> str:
        """Why what was injected is not what Toxiproxy has."""
        if self.proxy is None:
            return "Toxiproxy has no such proxy"
        if self.edge.disables and self.proxy.enabled:
            return "its proxy is enabled"
        there = {toxic.name: toxic for toxic in self.proxy.toxics}
        for toxic in self.edge.toxics:
            if toxic.name not in there:
                return f"no {toxic.type} `{toxic.name}` on it"
            if there[toxic.name] != toxic:
                return f"`{toxic.name}` is not as it was made: {there[toxic.name].to_dict()}"
        return ""

    def _left(self) -> str:
        if self.proxy is None:
            return ""
        if self.edge.disables and not self.proxy.enabled:
            return "its proxy is still disabled"
        names = {toxic.name for toxic in self.edge.toxics}
        left = [f"{toxic.type} `{toxic.name}`" for toxic in self.proxy.toxics if toxic.name in names]
        return f"still on it: {', '.join(left)}" if left else ""

    def _excuse(self) -> str:
        """Why a round trip says nothing of this fault now; empty when it does."""
        if self.proxy is None:
            return "Toxiproxy has no such proxy"
        if others := self.proxy.others(self.edge.toxics):
            return f"also on it: {', '.join(others)}"
        if not self.proxy.enabled and not self.edge.disables:
            return "its proxy has been disabled"
        usual = _question(self.edge, self.edge.sign.size, _DIRECTLY_WITHIN_MS)
        directly = usual.ask(self.edge.upstream)
        if not usual.is_satisfied_by(directly):
            return f"{self.edge.service} itself: {directly}"
        slow = directly.after_ms > self.edge.normal_ms
        return f"{self.edge.service} itself is slow: {directly}" if slow else ""

    @property
    def _before(self) -> str:
        return f"{self.edge.baseline.answer_ms:.1f} ms before"

    @property
    def _made_of(self) -> str:
        made = [f"{toxic.type} {toxic.stream}" for toxic in self.edge.toxics]
        return "disabled proxy" if self.edge.disables else " and ".join(made)

    def _proof(self, holds: bool, seen: str, through: Exchange | None = None) -> Proof:
        facts: dict[str, Any] = {"baseline_ms": round(self.edge.baseline.answer_ms, 3)}
        if self.proxy is not None:
            facts["enabled"] = self.proxy.enabled
            facts["toxics"] = [toxic.to_dict() for toxic in self.proxy.toxics]
        if through is not None:
            facts["round_trip"] = through.to_dict()
        return Proof(holds, f"{self.edge.name}: {seen}", {self.edge.name: facts})


def all_hold(proofs: list[Proof]) -> Proof:
    """Of a service, each edge must be as asked."""
    failed = [proof for proof in proofs if not proof]
    facts = {name: fact for proof in proofs for name, fact in proof.facts.items()}
    return Proof(not failed, "; ".join(proof.seen for proof in failed or proofs), facts)
