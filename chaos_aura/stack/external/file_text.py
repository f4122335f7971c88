"""A first version of `chaos-aura.toml`, as text with comments, from what was discovered."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from chaos_aura.core.catalogue import EXTERNAL
from chaos_aura.core.project_file import EDGES, LIMITS, SERVICES, STACK, TOXIPROXY
from chaos_aura.stack.external.discovery import Discovered, Found, FoundEdge

_NO_LIMITS = """\
# [{limits}]                       # how far faults may go here
# forbidden_targets = ["{first}"]
# longest_s = 60
"""


def file_text(found: Discovered, limits: Mapping[str, Any]) -> str:
    """`limits`: those that the former file had, which must not get lost."""
    blocks = [
        f"# Written by: chaos-aura discover --compose {found.project}\n"
        "# Look through it, and change what was guessed wrongly. See: chaos-aura status, chaos-aura faults",
        f'[{STACK}]\nkind = "{EXTERNAL}"\n'
        f"compose_project = {_text(found.project)}  # nothing outside it is ever touched",
        *(_service(each) for each in found.services),
        *(_edge(each) for each in found.edges),
        _limits(limits, found),
    ]
    return "\n\n".join(block.rstrip() for block in blocks) + "\n"


def _service(found: Found) -> str:
    if not found.kind:
        return _left_out(found)
    guess, count = found.guess, len(found.containers)
    lines = [f"[{SERVICES}.{found.name}]", f"kind = {_text(found.kind)}"]
    if found.kind == TOXIPROXY:
        lines = [f"[{TOXIPROXY}]"]
    if guess and not guess.has_answered:
        lines.insert(0, f"# Guessed: {_on_one_line(guess.told)}")
    lines.append(f"address = {_text(str(found.address))}")
    if guess and guess.health:
        lines.append(f"health = {_text(guess.health)}  # well while this is answered with 2xx")
    several = f'  # {count} containers: say of a fault which, by "which"' if count > 1 else ""
    return "\n".join([*lines, f"compose_service = {_text(found.compose_service)}{several}"])


def _left_out(found: Found) -> str:
    names = ", ".join(each.name for each in found.containers)
    return f"# {found.compose_service} ({names}) is left out: {_on_one_line(found.why_not)}"


def _edge(found: FoundEdge) -> str:
    if found.address is None:
        return f"# Proxy {_on_one_line(found.proxy.name)} is left out: {found.why_not}"
    client = found.name.partition(".")[0]
    return "\n".join(
        [
            f"[{EDGES}.{_text(found.name)}]  # call it after who goes through it, instead of {client}",
            f"proxy = {_text(found.proxy.name)}  # leads to {_on_one_line(found.proxy.upstream)}",
            f"address = {_text(str(found.address))}",
        ]
    )


def _limits(limits: Mapping[str, Any], found: Discovered) -> str:
    if limits:
        return "\n".join([f"[{LIMITS}]", *_rows(limits)])
    first = next((each.name for each in found.described), "web")
    return _NO_LIMITS.format(limits=LIMITS, first=first)


def _rows(limits: Mapping[str, Any]) -> Iterator[str]:
    for key, value in limits.items():
        yield f"{key} = {json.dumps(value)}"


def _text(text: str) -> str:
    """A basic string of TOML is one of JSON."""
    return json.dumps(text)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
