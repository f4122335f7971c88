"""Folders of projects that are somebody else's, with a Toxiproxy where one is wanted."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from foreign_project import REDIS, REDIS_PORT, WEB, ForeignProject
from local_stack import PlacedStack

from chaos_aura.core.project import Project
from chaos_aura.core.project_file import FILE
from chaos_aura.core.stack_choice import VARIABLE

TOXIPROXY, PROXY, PROXY_PORT = "toxiproxy", "cache", 16379


def place_for(folder: Path) -> PlacedStack:
    folder.mkdir()
    environ = {name: value for name, value in os.environ.items() if name != VARIABLE}
    return PlacedStack(Project(folder), environ)


def discovered(folder: Path, project: ForeignProject) -> PlacedStack:
    """As a person begins."""
    place = place_for(folder)
    done = place.command("discover", "--compose", project.name)
    assert (done.returncode, done.stderr) == (0, "")
    return place


def described(folder: Path, text: str) -> PlacedStack:
    place = place_for(folder)
    (folder / FILE).write_text(text)
    return place


def behind_toxiproxy(binary: Path, folder: Path) -> Callable[[dict[str, Any]], None]:
    """The web service reaches its Redis through a proxy, which listens at other ports inside than outside."""
    config = folder / "proxies.json"
    proxy = {"name": PROXY, "listen": f"[::]:{PROXY_PORT}", "upstream": f"{REDIS}:{REDIS_PORT}", "enabled": True}
    config.write_text(json.dumps([proxy]))

    def edit(document: dict[str, Any]) -> None:
        redis, web = document["services"][REDIS], document["services"][WEB]
        document["services"][TOXIPROXY] = {
            **{key: redis[key] for key in ("image", "restart", "labels", "networks", "stop_grace_period")},
            "command": "/toxiproxy -host 0.0.0.0 -port 8474 -config /proxies.json",
            "ports": ["127.0.0.1::8474", f"127.0.0.1::{PROXY_PORT}"],
            "volumes": [f"{binary}:/toxiproxy:ro", f"{config}:/proxies.json:ro"],
            "depends_on": [REDIS],
        }
        web["environment"] = {"REDIS": f"{TOXIPROXY}:{PROXY_PORT}"}
        web["depends_on"] = [TOXIPROXY]

    return edit
