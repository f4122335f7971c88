"""A container in another one's network: the way in for who is not root on its machine.

It ends by itself soon, and is removed then, whatever became of who has made it.
"""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.inside import Done, run_inside
from chaos_aura.core.errors import ChaosAuraError, NotAnswered
from chaos_aura.core.process import ProcessId

LABEL = "chaos-aura.tools"  # on the helper itself, and on images that are made for it
NOWHERE = "none"
_OWNER = f"{LABEL}.owner"
_LIVES_S = 30
# Where the connection breaks, nobody knows what became of the program: only with this line is it whole.
_SCRIPT = 'printf %s "$0" | "$@"; echo "ended with $?"'
_MARK = "ended with "


@dataclass(frozen=True, slots=True)
class ToolContainer:
    engine: Engine
    itself: Container

    def run(self, argv: Sequence[str], given: str = "") -> Done:
        """`given` is what it reads. NotAnswered when nobody knows what became of it."""
        done = run_inside(self.engine, self.itself, ["sh", "-c", _SCRIPT, given, *argv])
        said, mark, code = done.said.rpartition(_MARK)
        if not mark or not code.strip().isdecimal():
            raise NotAnswered(f"helper {self.itself.name}", f"`{argv[0]}` told nothing", "try again")
        return Done(int(code), said)


@contextmanager
def tool_container(engine: Engine, image: str, network: str) -> Iterator[ToolContainer]:
    """`network`: the id of the container whose it shares, or `none`: one of its own, with nobody in it."""
    api, mode = engine.api, network if network == NOWHERE else f"container:{network}"
    with engine.talking(f"helper of image {image}"):
        host = api.create_host_config(network_mode=mode, cap_add=["NET_ADMIN"], auto_remove=True)
        labels = {LABEL: network, _OWNER: str(ProcessId.of(os.getpid()))}
        made = api.create_container(
            image, entrypoint=["sleep"], command=[str(_LIVES_S)], user="0", labels=labels, host_config=host
        )["Id"]
    try:
        with engine.talking(f"helper of image {image}"):
            api.start(made)
        yield ToolContainer(engine, engine.inspect(made))
    finally:
        _remove(engine, made)


def remove_helpers(engine: Engine, network: str) -> None:
    """Those that a dead process has made and not started: the others remove themselves."""
    for each in engine.containers({LABEL: network}):
        if each.status is Status.CREATED and not _is_wanted(each):
            _remove(engine, each.id)


def _is_wanted(helper: Container) -> bool:
    """Its maker lives, and is about to start it."""
    try:
        return ProcessId.parse(helper.labels.get(_OWNER, "")).is_alive()
    except ValueError:
        return False


def _remove(engine: Engine, container: str) -> None:
    try:
        with engine.talking():
            engine.api.remove_container(container, force=True, v=True)
    except ChaosAuraError:
        return  # it removes itself when it ends
