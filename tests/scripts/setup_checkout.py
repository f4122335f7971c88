"""A copy of this checkout in which scripts/setup runs for real, and what it may see of the machine."""

import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = "http://127.0.0.1:1"  # nothing listens there
UV = Path(sys.executable).with_name("uv")
CACHE = subprocess.run([UV, "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
GOOD_PYTHON = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")
TOOLS = (
    "awk",
    "bash",
    "cat",
    "cp",
    "dirname",
    "flock",
    "grep",
    "id",
    "mkdir",
    "mount",
    "mv",
    "rm",
    "sha256sum",
    "sort",
    "stat",
)
# Certificates, proxies and mirrors of this machine, without which it may reach no index.
OF_THE_NETWORK = re.compile(r"SSL_|PIP_|UV_.*INDEX|.*_PROXY$", re.IGNORECASE)
# What the project itself imports plays no part here; a small environment is made and mended in the same way.
KEPT = ("setuptools", "idna", "certifi")


def lock_of(names: tuple[str, ...]) -> str:
    """The entries of `names`, as they stand in the real lock."""
    entries: list[str] = []
    kept = False
    for line in (ROOT / "requirements.lock").read_text().splitlines(keepends=True):
        if not line.startswith((" ", "#")):
            kept = line.split("==")[0] in names
        if kept:
            entries.append(line)
    return "".join(entries)


class Finished(NamedTuple):
    returncode: int
    stderr: str


@dataclass
class Checkout:
    """A copy of this checkout and everything that setup may see of the machine."""

    root: Path
    path: list[Path]
    env: dict[str, str] = field(default_factory=dict)

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    def take_away(self, *folders: str) -> None:
        """From PATH, by the last part of their names."""
        self.path = [folder for folder in self.path if folder.name not in folders]

    def start(self, *prefix: str) -> subprocess.Popen[str]:
        """Runs scripts/setup, in a process group of its own; `prefix` may be a command that runs it elsewhere."""
        env = {"PATH": ":".join(map(str, self.path)), **self.env}
        args = [*prefix, str(self.root / "scripts" / "setup")]
        return subprocess.Popen(args, env=env, text=True, stderr=subprocess.PIPE, start_new_session=True)

    def setup(self, *prefix: str) -> Finished:
        with self.start(*prefix) as process:
            said = process.communicate(timeout=90)[1]
        return Finished(process.returncode, said)

    def works(self) -> bool:
        """The environment runs and the project in it is this checkout's."""
        python = str(self.venv / "bin" / "python")
        ask = "import chaos_aura, idna; print(chaos_aura.__file__)"
        done = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False, cwd="/")
        return done.stdout.strip() == str(self.root / "chaos_aura" / "__init__.py")

    def made_at_ns(self) -> int:
        return (self.venv / "pyvenv.cfg").stat().st_mtime_ns


def copy_checkout(to: Path) -> None:
    for name in ("scripts", "chaos_aura", "injectors", "probes", "steady_states"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, to)
    (to / "requirements.lock").write_text(lock_of(KEPT))


def executable(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def system_tools(folder: Path) -> Path:
    """What setup itself calls, without the Pythons and uvs that lie beside it on some machines."""
    folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, f"{tool} is missing here"
        (folder / tool).symlink_to(found)
    return folder


def fails_with(done: Finished, *parts: str) -> str:
    assert done.returncode == 1, done.stderr
    last = done.stderr.splitlines()[-1]
    for part in parts:
        assert part in last
    return last
