"""`SOCKET TOLD`: kills the processes of containers again each time they have come back and lived so long.

Standard library only, so it asks the engine itself: `GET /containers/NAME/json` over its socket.
"""

import http.client
import json
import signal
import socket
import sys
from typing import Any

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.process import ProcessId
from chaos_aura.faults.lasting.helper import Helper
from injectors.supervised.signalling import send

_LOOK_EVERY_S = 0.02
_WITHIN_S = 2.0
_MS = 1000
_OK = 200


def run(helper: Helper) -> None:
    address, told = helper.arguments
    names, labels, every_s = (value := json.loads(told))["names"], value["labels"], value["every_ms"] / _MS
    kills = dict.fromkeys(range(len(names)), 0)
    look_s = 0.0
    while helper.wait(look_s):
        look_s = _LOOK_EVERY_S
        for number, name in enumerate(names):
            process = _living(address, name, labels)
            if process is None or process.uptime_s() < every_s:
                continue
            if send(process, signal.SIGKILL):
                kills[number] += 1
                helper.report(**{f"kills_{number}": count for number, count in kills.items()})


def _living(address: str, name: str, labels: dict[str, str]) -> ProcessId | None:
    """None while there is nobody to kill: it is down, was removed, or its name is a stranger's."""
    try:
        found = _asked(address, f"/containers/{name}/json")
    except (OSError, ValueError, http.client.HTTPException, ChaosAuraError) as cause:
        print(cause, file=sys.stderr)  # noqa: T201 - that is its log
        return None
    if found is None or not _is_meant(found, name, labels):
        return None
    pid = int(found["State"]["Pid"])
    process = ProcessId.of(pid) if pid and not found["State"]["Paused"] else None
    return process if process and _holds(pid, found["Id"]) else None


def _is_meant(found: dict[str, Any], name: str, labels: dict[str, str]) -> bool:
    """An engine also takes the beginning of an id for a name: of any container of the machine."""
    borne: dict[str, str] = found["Config"]["Labels"] or {}
    return found["Name"] == f"/{name}" and all(borne.get(key, "") == value for key, value in labels.items())


def _holds(pid: int, container: str) -> bool:
    try:
        with open(f"/proc/{pid}/cgroup", encoding="utf-8") as file:  # noqa: PTH123 - pathlib takes long to import
            return container in file.read()
    except OSError:
        return False


def _asked(address: str, path: str) -> dict[str, Any] | None:
    connection = http.client.HTTPConnection("docker", timeout=_WITHIN_S)
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(_WITHIN_S)
    try:
        connection.sock.connect(address)
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read()
        return json.loads(text) if answer.status == _OK else None
    finally:
        connection.close()
