"""A queue of ours at each interface, in which packets wait or are lost. Its handle is made of the lease.

What goes out waits at the interface itself. What comes in is led through a device of ours first (`ifb`), because only
what goes out can wait.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chaos_aura.containers.networks import Inside
from chaos_aura.core.errors import TargetUnfit
from chaos_aura.core.kinds import FROM_SERVICE
from injectors.docker.network.traffic_control import INGRESS, do, interfaces, leads_to, links, queues

_TOOLS = ("tc", "ip")
_OWN_HANDLES = 0x7FFE  # the kernel takes those from 0x8001
_LAST_LETTERS = 8
_KERNEL = "a kernel with sch_{}: modprobe sch_{}; latency and throttle on an edge need none of it"


@dataclass(frozen=True, slots=True)
class Queues:
    """`discipline`: as `tc` takes it: `("tbf", "rate", "800000bit", "burst", "2000", "limit", "65536")`."""

    lease: str
    direction: str
    interfaces: tuple[str, ...]
    discipline: tuple[str, ...]

    tools = _TOOLS

    @property
    def handle(self) -> str:
        return f"{1 + zlib.crc32(self.lease.encode()) % _OWN_HANDLES:x}:"

    def _devices(self) -> Iterator[tuple[str, str]]:
        """Each interface with the device whose queue is ours."""
        for nth, interface in enumerate(self.interfaces):
            yield interface, interface if self._goes_out else f"chaos{nth}-{self.lease[-_LAST_LETTERS:]}"

    @property
    def _goes_out(self) -> bool:
        return self.direction == FROM_SERVICE

    def refuse_what_is_there(self, inside: Inside) -> None:
        """Somebody else's queue cannot be given back as it was."""
        for row in queues(inside):
            taken = row.get("root") and row["handle"] != "0:" if self._goes_out else row["kind"] in INGRESS
            if row["dev"] in self.interfaces and taken:
                why = f"has a queue of somebody else's already: {row['kind']} {row['handle']} on {row['dev']}"
                raise TargetUnfit("its network", why, "end what has made it, or choose an edge")

    def try_in(self, empty: Inside) -> None:
        Queues(self.lease, self.direction, ("lo",), self.discipline).apply(empty)

    def apply(self, inside: Inside) -> None:
        there = {row["dev"] for row in self._ours(inside)}
        for interface, device in self._devices():
            if device in there:
                continue
            if not self._goes_out:
                do(inside, f"ip link add {device} type ifb", "a kernel with ifb")
                do(inside, f"ip link set {device} up", "a kernel with ifb")
            kind = self.discipline[0]
            queue = f"tc qdisc add dev {device} root handle {self.handle} {' '.join(self.discipline)}"
            do(inside, queue, _KERNEL.format(kind, kind))
            if not self._goes_out:
                do(inside, f"tc qdisc add dev {interface} handle ffff: ingress", "a kernel with sch_ingress")
                leading = f"parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev {device}"
                do(inside, f"tc filter add dev {interface} {leading}", "a kernel with cls_u32 and act_mirred")

    def remove(self, inside: Inside) -> None:
        """The device last: as long as it is there, what led to it is known as ours."""
        devices = links(inside)
        for interface, device in self._devices():
            if self._goes_out:
                if any(row["dev"] == device for row in self._ours(inside)):
                    do(inside, f"tc qdisc del dev {device} root", "")
            elif device in devices:
                self._lead_back(inside, interface, device)
                do(inside, f"ip link del {device}", "")

    def missing(self, inside: Inside) -> str:
        if strange := set(interfaces(inside)) - set(self.interfaces):
            return f"interface {', '.join(sorted(strange))} has come since, without a queue of ours"
        there = {row["dev"] for row in self._ours(inside)}
        for interface, device in self._devices():
            if device not in there:
                return f"no {self.discipline[0]} {self.handle} on {device}"
            if not self._goes_out and device not in leads_to(inside, interface):
                return f"what comes in at {interface} is not led through {device}"
        return ""

    def left(self, inside: Inside) -> str:
        if self._goes_out:
            left = [f"{row['kind']} {row['handle']} on {row['dev']}" for row in self._ours(inside)]
        else:
            there = links(inside)
            left = [f"device {device}" for _, device in self._devices() if device in there]
        return ", ".join(left)

    def others(self, inside: Inside) -> str:
        """Packets may also wait for somebody else, or be thrown away by rules."""
        rows = [row for row in queues(inside) if row["handle"] not in ("0:", self.handle)]
        return "other queues: " + ", ".join(f"{row['kind']} on {row['dev']}" for row in rows) if rows else ""

    def by_hand(self) -> str:
        if self._goes_out:
            return "; ".join(f"tc qdisc del dev {interface} root" for interface in self.interfaces)
        return "; ".join(
            f"tc qdisc del dev {interface} ingress; ip link del {device}" for interface, device in self._devices()
        )

    def __str__(self) -> str:
        return f"{self.discipline[0]} {self.handle} on {', '.join(device for _, device in self._devices())}"

    def to_dict(self) -> Mapping[str, Any]:
        return {
            "by": "queues",
            "lease": self.lease,
            "handle": self.handle,
            "direction": self.direction,
            "interfaces": list(self.interfaces),
            "discipline": list(self.discipline),
        }

    @classmethod
    def from_dict(cls, row: Mapping[str, Any]) -> "Queues":
        return cls(str(row["lease"]), str(row["direction"]), tuple(row["interfaces"]), tuple(row["discipline"]))

    def _ours(self, inside: Inside) -> list[Mapping[str, Any]]:
        """By handle and kind, only where ours can be."""
        devices = {device for _, device in self._devices()}
        return [
            row
            for row in queues(inside)
            if (row["handle"], row["kind"]) == (self.handle, self.discipline[0]) and row["dev"] in devices
        ]

    def _lead_back(self, inside: Inside, interface: str, device: str) -> None:
        """With the whole ingress, which is ours too, unless somebody has put a filter of his own there since."""
        if not any(row["dev"] == interface and row["kind"] == "ingress" for row in queues(inside)):
            return
        leads = leads_to(inside, interface)
        if set(leads) <= {device}:
            do(inside, f"tc qdisc del dev {interface} ingress", "")
        elif device in leads:
            do(inside, f"tc filter del dev {interface} parent ffff: pref {leads[device]} protocol all", "")
