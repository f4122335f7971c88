"""Which of our own optional packages are not installed."""

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from chaos_aura.stack.doctor.finding import Finding, Group, State
from chaos_aura.stack.doctor.scene import Scene

_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)(?:==([\w.]+))?.*extra == ['\"](\w+)['\"]")
_MEANS = {
    "local": "what the local stack lacks by it is told above",
    "docker": "no stack in containers, no faults on containers; the local stack is unaffected",
    "clients": "no probes and no platform; the stores themselves are unaffected",
    "platform": "what the platform lacks by it is told above",
}


def look_at_extras(_: Scene) -> Iterator[Finding]:
    try:
        asked = [found for line in requires("chaos-aura") or () if (found := _REQUIREMENT.match(line))]
    except PackageNotFoundError:
        seen, means = "chaos-aura is not installed as a package here", "its extras are not known"
        yield Finding(
            "extras", Group.STACK, State.LIMITED, seen, means, "pip install 'chaos-aura[local,docker,clients,platform]'"
        )
        return
    for extra, means in _MEANS.items():
        members = [found for found in asked if found[3] == extra]
        lacks = [lack for found in members if (lack := _lack(found[1], found[2]))]
        if lacks:
            remedy = f"pip install 'chaos-aura[{extra}]'"
            yield Finding(f"extra {extra}", Group.STACK, State.LIMITED, ", ".join(lacks), means, remedy)
        else:
            yield Finding(f"extra {extra}", Group.STACK, State.OK, _all(len(members)))


def _all(count: int) -> str:
    return f"all {count} packages" if count > 1 else "its package"


def _lack(package: str, pinned: str | None) -> str:
    try:
        installed = version(package)
    except PackageNotFoundError:
        return f"no {package}"
    return f"{package} {installed} instead of {pinned}" if pinned and installed != pinned else ""
