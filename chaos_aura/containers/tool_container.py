"""A container in another one's network: the way in for who is not root on its machine.

It ends by itself soon, and is removed then, whatever became of who has made it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from chaos_aura.containers.container import Container, Status
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.inside import Done, run_inside
from chaos_aura.core.errors import ChaosAuraError, NotAnswered

LABEL = "chaos-aura.tools"  # on the helper itself, and on images that are made for it
NOWHERE = "none"
_LIVES_S = 30
# Docker's engine sometimes loses what a short program says: only with this line is it whole.
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
        made = api.create_container(
            image, entrypoint=["sleep"], command=[str(_LIVES_S)], user="0", labels={LABEL: network}, host_config=host
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
        if each.status is Status.CREATED:
            _remove(engine, each.id)


def _remove(engine: Engine, container: str) -> None:
    try:
        with engine.talking():
            engine.api.remove_container(container, force=True)
    except ChaosAuraError:
        return  # it removes itself when it ends
