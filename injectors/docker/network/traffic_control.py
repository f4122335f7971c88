"""What `tc` and `ip` tell of a network, and what they are told there."""

import json
from collections.abc import Mapping
from typing import Any

from chaos_aura.containers.networks import Inside, ask
from chaos_aura.core.errors import TargetUnfit

INGRESS = frozenset({"ingress", "clsact"})


def interfaces(inside: Inside) -> tuple[str, ...]:
    """Those with an address that others can reach."""
    rows = _read(inside, "ip -j addr show")
    return tuple(
        str(row["ifname"])
        for row in rows
        if row and any(each.get("scope") == "global" for each in row.get("addr_info", ()))
    )


def links(inside: Inside) -> frozenset[str]:
    return frozenset(str(row["ifname"]) for row in _read(inside, "ip -j link show") if row)


def queues(inside: Inside) -> list[Mapping[str, Any]]:
    return _read(inside, "tc -j qdisc show")


def leads_to(inside: Inside, interface: str) -> dict[str, int]:
    """By device, the preference of the filter; what leads elsewhere has the name of its kind."""
    if not any(row["dev"] == interface and row["kind"] in INGRESS for row in queues(inside)):
        return {}
    found: dict[str, int] = {}
    for row in _read(inside, f"tc -j filter show dev {interface} parent ffff:"):
        options: Mapping[str, Any] = row.get("options", {"ht_divisor": 1})  # such a row only opens a list of filters
        for action in options.get("actions", () if "ht_divisor" in options else ({},)):
            found[str(action.get("to_dev", f"({row['kind']})"))] = int(row["pref"])
    return found


def _read(inside: Inside, command: str) -> list[Mapping[str, Any]]:
    done = ask(inside, command.split())
    try:
        rows: list[Mapping[str, Any]] = json.loads(done.said or "[]")
    except ValueError:
        rows, broken = [], True
    else:
        broken = False
    if done.code or broken:
        raise TargetUnfit("its network", f"`{command}` told nothing usable: {done.last_line}", "a newer iproute2")
    return rows


def do(inside: Inside, command: str, remedy: str) -> None:
    done = inside.run(command.split())
    if done.code:
        raise TargetUnfit("its network", f"`{command}`: {done.last_line}", remedy)
