"""Refuses every question for a name, to the engine's own name server and to any other, at once."""

from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.containers.networks import Inside
from chaos_aura.core.fault import Fault
from injectors.docker.network.answered_names import EMBEDDED, AnsweredNames, uses_embedded
from injectors.docker.network.passing import families_of, refuse_without_network, rule_tools
from injectors.docker.network.rules import V4, Rule, Rules
from injectors.docker.network.sign import Sign
from injectors.docker.network.spot import Made

_AT_ONCE = {"udp": "REJECT", "tcp": "REJECT --reject-with tcp-reset"}
_WORDS = "no name is resolved, the question is refused at once; names in its /etc/hosts still are"


@dataclass(frozen=True, slots=True)
class DnsFailureRecipe:
    def writes(self, fault: Fault) -> str:
        del fault
        return "names"

    def tools(self, fault: Fault, container: Container) -> tuple[str, ...]:
        del fault
        return rule_tools(container)

    def make(self, fault: Fault, container: Container, lease_id: str, inside: Inside) -> Made:
        del fault, inside
        refuse_without_network(container)
        anywhere = [
            Rule("OUTPUT", f"-p {protocol} -m {protocol} --dport 53", target, family)
            for family in families_of(container)
            for protocol, target in _AT_ONCE.items()
        ]
        # The engine's own has left port 53 before these rules are asked: its address was rewritten on the way.
        own = [Rule("OUTPUT", f"-d {EMBEDDED}/32 -p {name}", target, V4) for name, target in _AT_ONCE.items()]
        signs: tuple[Sign, ...] = (AnsweredNames(container.id[:12]),) if uses_embedded(container) else ()
        unseen = "" if signs else "; its name servers are strangers, who are not asked, so only read back"
        return Made(Rules(lease_id, (*own, *anywhere)), signs, f"{_WORDS}{unseen}")
