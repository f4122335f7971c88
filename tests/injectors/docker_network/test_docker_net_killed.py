"""Whoever injects is killed at any moment: what came of it is found and healed, and nothing comes afterwards."""

import json
import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from awaiting import wait_until
from docker_net_ground import NetGround, answers, in_network_of

from chaos_aura.containers.container import Container
from chaos_aura.core.fault import Undo

_INJECT = """
import json, os, sys
from pathlib import Path
from chaos_aura.core.fault import Undo
from chaos_aura.faults.ground import Ground
from injectors.docker import DockerInjector
told = json.load(sys.stdin)
injector = DockerInjector(Ground(Path(told["home"]), dict(os.environ)))
injector.gone(Undo.from_dict(told["undo"]))
print("now", flush=True)
injector.inject(Undo.from_dict(told["undo"]))
"""
_KILLS = 6
_LATEST_S = 0.08
_GROUP, _STATE = 2, 0  # of what follows the name in /proc/PID/stat


def killed_while_injecting(net: NetGround, undo: Undo, after_s: float) -> int:
    """The group of processes in which it was, and is whatever it had begun."""
    with subprocess.Popen(
        [sys.executable, "-c", _INJECT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
        start_new_session=True,
    ) as child:
        assert child.stdin is not None
        assert child.stdout is not None
        json.dump({"home": str(net.home), "undo": undo.to_dict()}, child.stdin)
        child.stdin.close()
        assert child.stdout.readline() == "now\n"
        time.sleep(after_s)
        child.kill()
        return child.pid


def is_over(group: int) -> bool:
    """Nobody of it does anything any more."""
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            words = path.read_text(errors="replace").rpartition(")")[2].split()
            if int(words[_GROUP]) == group and words[_STATE] != "Z":
                return False
    return True


@pytest.mark.parametrize(
    ("kind", "parameters"), [("partition", {}), ("throttle", {"direction": "to_service"})], ids=["rules", "queues"]
)
def test_nothing_is_left_of_one_that_was_killed(
    net: NetGround, web: Container, kind: str, parameters: dict[str, str]
) -> None:
    chance = random.Random(f"{kind} killed")
    case = net.case(kind, "web", **parameters)
    settle_s, undos = case.injector.settle_s, []
    for _ in range(_KILLS):
        undos.append(undo := case.prepared())
        group = killed_while_injecting(net, undo, chance.uniform(0, _LATEST_S))
        case.healed(undo)
        wait_until(lambda: is_over(group), settle_s, "what it had begun has landed")  # noqa: B023 - asked here
        case.healed(undo)
    time.sleep(settle_s)
    for undo in undos:
        case.await_gone(undo)  # before anything is healed again
    assert "chaos" not in in_network_of(web, "iptables -S") + in_network_of(web, "ip link show")
    assert "tbf" not in in_network_of(web, "tc qdisc show")
    assert answers(web)
