"""What the documentation tells to type works as it stands."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from driven_allocations import allocate
from local_stack import PlacedStack

from chaos_aura.cli.main import COMMANDS
from injectors.docker.kinds import KINDS, OWN_KINDS

_ROOT = Path(__file__).parents[1]
_PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(((?!https?:)[^)#]+)\)")


@pytest.mark.timeout(500)
def test_the_commands_of_the_readme_run_one_after_another(place: Callable[..., PlacedStack]) -> None:
    one = place()
    # Beside other stacks, what starts may take longer than a user waits, and longer to decide than a request waits.
    one.up()
    allocate(one.running(), "acme", "r0")
    blocks = [
        block for block in _BLOCK.findall((_ROOT / "README.md").read_text(encoding="utf-8")) if "chaos-aura " in block
    ]
    assert set(re.findall(r"(?:^|\()chaos-aura ([a-z]+)", "".join(blocks), re.MULTILINE)) == set(COMMANDS)
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", "".join(blocks)],
        cwd=one.project.root,
        env={**one.environ, "PATH": f"{Path(sys.executable).parent}:{one.environ['PATH']}"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert '"state":"granted"' in done.stdout
    assert '"state":"released"' in done.stdout


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`chaos-aura ([a-z]+)", page.read_text(encoding="utf-8"))
    assert set(named) <= set(COMMANDS)


def kinds_of_the_table(page: str) -> set[str]:
    """Those of its first column, `stop`, `pause` and the like."""
    rows = re.findall(r"^\| (`.*?) \|", (_ROOT / "docs" / page).read_text(encoding="utf-8"), re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([a-z_]+)`", row)}


def test_what_can_be_done_to_a_container_stands_in_its_table() -> None:
    assert kinds_of_the_table("containers.md") >= KINDS
    assert kinds_of_the_table("faults.md") >= {kind.name for kind in OWN_KINDS}


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link
