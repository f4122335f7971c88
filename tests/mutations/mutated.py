"""A Python in which the platform has bugs; whatever else runs in it is as it is."""

import subprocess
import sys
import sysconfig
from pathlib import Path

_WITHIN_S = 120


def mutated_python(folder: Path) -> Path:
    """An environment of its own that has all packages of this one, and imports `mutant` as it starts."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=_WITHIN_S)
    python = folder / "bin" / "python"
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, check=True, capture_output=True, text=True, timeout=_WITHIN_S).stdout.strip())
    ours, here = sysconfig.get_path("purelib"), Path(__file__).parent
    lines = [f"import site; site.addsitedir({ours!r})", str(here), "import mutant"]
    for program in Path(sys.executable).parent.iterdir():
        if not (beside := python.with_name(program.name)).exists():
            beside.symlink_to(program)
    (packages / "mutated.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return python
