"""The way into the network of a container: as root of its machine, or by a helper that shares it."""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Protocol

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine, NoSuchContainer
from chaos_aura.containers.inside import Done
from chaos_aura.containers.namespace import WIDE_PATH, Namespace, empty_namespace, namespace_of, run_here
from chaos_aura.containers.tool_container import LABEL, NOWHERE, tool_container
from chaos_aura.containers.way import Way, backend_of, keeping_rules
from chaos_aura.core.errors import MachineLacks, NotAnswered, TargetUnfit

IMAGE = "CHAOS_AURA_TOOLS_IMAGE"
_TRIES = 3
_PACKAGES = {"tc": "iproute2", "ip": "iproute2"}


class Inside(Protocol):
    """A network in which programs can be run."""

    def run(self, argv: Sequence[str], given: str = "") -> Done: ...


def ask(inside: Inside, argv: Sequence[str]) -> Done:
    """Of a program that changes nothing, so that it may be run again when nobody knows what it said."""
    for _ in range(_TRIES - 1):
        with suppress(NotAnswered):
            return inside.run(argv)
    return inside.run(argv)


@dataclass(frozen=True)
class Networks:
    """Of the containers of one engine."""

    engine: Engine
    _images: dict[tuple[str, ...], str] = field(default_factory=dict, compare=False, repr=False)
    _backends: dict[tuple[str, ...], Mapping[str, str]] = field(default_factory=dict, compare=False, repr=False)

    def way(self, container: Container, tools: Sequence[str]) -> Way:
        """The one that is there now. To be kept with whatever is changed by it."""
        rules = keeping_rules(tools)
        if self._why_not_as_root(tools) == "":
            return Way("", _backends_here(rules))
        image = self._image(tools, container)
        if (image, *rules) not in self._backends:
            with tool_container(self.engine, image, NOWHERE) as helper:
                found = {tool: backend_of(ask(helper, (tool, "--version"))) for tool in rules}
            self._backends[image, *rules] = found
        return Way(image, self._backends[image, *rules])

    @contextmanager
    def into(self, container: Container, tools: Sequence[str], way: Way | None = None) -> Iterator[Inside]:
        """By that way, else by the one that is there now.

        MachineLacks says what is missing; TargetUnfit that it has no network of its own.
        """
        refuse_shared(container)
        if way is not None:
            self._refuse_lost(way, tools, container)
        if way.image == "" if way is not None else self._why_not_as_root(tools) == "":
            with namespace_of(container) as namespace:
                yield namespace
        else:
            image = way.image if way is not None else self._image(tools, container)
            with tool_container(self.engine, image, container.id) as helper:
                yield helper

    @contextmanager
    def nowhere(self, tools: Sequence[str], container: Container) -> Iterator[Inside]:
        """To try in what would be done there."""
        if self._why_not_as_root(tools) == "":
            with empty_namespace() as namespace:
                yield namespace
        else:
            with tool_container(self.engine, self._image(tools, container), NOWHERE) as helper:
                yield helper

    @contextmanager
    def sockets_of(self, container: Container) -> Iterator[Namespace]:
        """To send and receive there. There is no such way by a helper."""
        if why_not := self._why_not_as_root(()):
            raise MachineLacks(f"network of {container.name}", why_not, "run as root on the machine of the engine")
        with namespace_of(container) as namespace:
            yield namespace

    def shared_with(self, container: Container) -> tuple[str, ...]:
        """Names of containers that live in its network."""
        with self.engine.talking():
            rows = self.engine.api.containers()
        mode = f"container:{container.id}"
        return tuple(row["Names"][0].lstrip("/") for row in rows if row["HostConfig"].get("NetworkMode") == mode)

    def _refuse_lost(self, way: Way, tools: Sequence[str], container: Container) -> None:
        """MachineLacks where that way is not there any more: by another one, what was done would not even be seen."""
        where = f"network of {container.name}"
        if way.image:
            self._refuse_lost_image(way.image, where)
            return
        if why_not := self._why_not_as_root(tools):
            raise MachineLacks(where, f"was changed by programs of this machine, and {why_not}", "do it as it was done")
        for tool, backend in way.backends.items():
            if (now := _backends_here((tool,))[tool]) != backend:
                why = f"was changed by {tool} of {backend}, and now that is one of {now}, which sees nothing of it"
                raise MachineLacks(where, why, f"let it be one of {backend}: update-alternatives --config iptables")

    def _refuse_lost_image(self, image: str, where: str) -> None:
        try:
            with self.engine.talking(image):
                self.engine.api.inspect_image(image)
        except NoSuchContainer as cause:
            why = f"was changed by programs of image {image}, which is not there any more"
            raise MachineLacks(where, why, "bring it back, or let the container be made anew") from cause

    def _why_not_as_root(self, tools: Sequence[str]) -> str:
        """Empty when it can be done."""
        if not self.engine.is_of_this_machine:
            return f"the engine at {self.engine.address} is not on this machine"
        if os.geteuid() != 0:
            return "this user is not root"
        missing = [tool for tool in tools if shutil.which(tool, path=WIDE_PATH) is None]
        return f"this machine has no {' and no '.join(missing)}" if missing else ""

    def _image(self, tools: Sequence[str], container: Container) -> str:
        """One that has the tools, of those that the engine has already: none is fetched for it."""
        wanted = tuple(tools)
        if wanted not in self._images:
            found = next((image for image in self._candidates(container) if self._has(image, wanted)), "")
            if not found:
                raise self._no_way(tools, container)
            self._images[wanted] = found
        return self._images[wanted]

    def _candidates(self, container: Container) -> Iterator[str]:
        """What the user names, what bears the label, what the container itself was made of."""
        if named := self.engine.environ.get(IMAGE):
            with suppress(NoSuchContainer), self.engine.talking(f"image {named}"):
                yield str(self.engine.api.inspect_image(named)["Id"])
            return
        with self.engine.talking():
            rows = self.engine.api.images(filters={"label": LABEL})
        yield from (str(row["Id"]) for row in rows)
        yield container.image

    def _has(self, image: str, tools: Sequence[str]) -> bool:
        try:
            with tool_container(self.engine, image, NOWHERE) as helper:
                return ask(helper, ("sh", "-c", _ASK.format(" ".join(tools)))).code == 0
        except TargetUnfit:
            return False

    def _no_way(self, tools: Sequence[str], container: Container) -> MachineLacks:
        packages = " ".join(sorted({_PACKAGES.get(tool, "iptables") for tool in tools}))
        why = f"{self._why_not_as_root(tools)}, and no image of the engine has {', '.join(tools)}"
        remedy = f"run as root with {packages} installed, or name an image that has them: {IMAGE}=..."
        return MachineLacks(f"network of {container.name}", why, remedy)


_ASK = "for tool in {}; do command -v $tool || exit 1; done"


def _backends_here(tools: Sequence[str]) -> dict[str, str]:
    return {tool: backend_of(run_here((tool, "--version"))) for tool in tools}


def refuse_shared(container: Container) -> None:
    """What is done there would hurt somebody who was not meant."""
    mode = str(container.host_config.get("NetworkMode") or "")
    if mode == "host":
        raise TargetUnfit(container.name, "shares the network of its machine", "give it a network of its own")
    if mode.startswith("container:"):
        raise TargetUnfit(
            container.name, f"shares the network of container {mode.partition(':')[2][:12]}", "aim at that one"
        )
