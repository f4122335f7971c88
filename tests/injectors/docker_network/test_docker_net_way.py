"""What was changed by some programs is healed and proven by the same ones; where those are gone, nothing is proven."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from docker_engine import labels_of
from docker_net_ground import NetGround, answers, in_network_of, on_this_machine

from chaos_aura.containers.container import Container
from chaos_aura.containers.networks import IMAGE
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import Undo

# Each visit of a helper is a container of its own: on a loaded machine one takes seconds.
pytestmark = pytest.mark.alone

_HEAL_AND_LOOK = """
import json, os, sys
from pathlib import Path
from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.core.fault import Undo
from chaos_aura.faults.ground import Ground
from injectors.docker import DockerInjector
told = json.load(sys.stdin)
injector, undo = DockerInjector(Ground(Path(told["home"]), dict(os.environ))), Undo.from_dict(told["undo"])
for do in (injector.heal, injector.gone):
    try:
        print(do(undo))
    except ChaosAuraError as cause:
        print(f"refused: {cause}")
"""
_TURN_LEGACY = "cd /usr/sbin && for word in save restore; do ln -sf xtables-legacy-multi iptables-$word; done"


def healed_elsewhere(net: NetGround, undo: Undo, environ: dict[str, str]) -> list[str]:
    told = json.dumps({"home": str(net.home), "undo": undo.to_dict()})
    argv = [sys.executable, "-c", _HEAL_AND_LOOK]
    done = subprocess.run(argv, input=told, capture_output=True, text=True, env=environ, check=True)
    return done.stdout.splitlines()


def image_after(net: NetGround, command: str, name: str) -> str:
    """The base image, once that was done in it."""
    api, tag = net.engine.api, f"{net.project}-{name}"
    made = api.create_container(net.image, ["sh", "-c", command], labels=labels_of(net.mark))["Id"]
    api.start(made)
    assert api.wait(made)["StatusCode"] == 0
    api.commit(made, repository=tag, tag="latest")
    return f"{tag}:latest"


def by_image(far: NetGround, image: str) -> NetGround:
    return replace(far, environ={**far.environ, IMAGE: image})


def is_cut(web: Container) -> bool:
    return "chaos-aura:" in in_network_of(web, "iptables -S")


def test_who_has_another_iptables_since_says_so(net: NetGround, web: Container, legacy: Path) -> None:
    case = net.case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        told = healed_elsewhere(net, undo, {**os.environ, "PATH": f"{legacy}:{os.environ['PATH']}"})
        why = "was changed by iptables-save of nf_tables, and now that is one of legacy, which sees nothing of it"
        assert len(told) == 2
        assert all(line.startswith("refused: ") and why in line for line in told), told
        assert is_cut(web)
        case.healed(undo)
    assert not is_cut(web)


def test_an_image_with_another_iptables_is_not_used_for_it(far: NetGround, web: Container) -> None:
    case = by_image(far, far.image).case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        by_image(far, image_after(far, _TURN_LEGACY, "legacy")).case("partition", "web").healed(undo)
        assert not is_cut(web)
    assert answers(web)


def test_when_the_image_is_gone_nothing_is_proven(far: NetGround, web: Container) -> None:
    image = image_after(far, "true", "lost")
    case = by_image(far, image).case("partition", "web")
    undo = case.injected()
    with case.healing_what_fails(undo):
        far.engine.api.remove_image(image, force=True)
        for do in (case.injector.heal, case.injector.gone):
            with pytest.raises(ChaosAuraError, match="which is not there any more"):
                do(undo)
        assert is_cut(web)
        assert "iptables-nft-save -t filter" in undo.by_hand
        assert on_this_machine(undo.by_hand)
        assert not is_cut(web)
    assert answers(web)
