"""What the documentation tells to type works as it stands."""

import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from local_stack import PlacedStack

from chaos_aura.cli.main import COMMANDS

_ROOT = Path(__file__).parents[1]
_PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(((?!https?:)[^)#]+)\)")


def test_the_commands_of_the_readme_run_one_after_another(place: Callable[..., PlacedStack]) -> None:
    one = place()
    lines = [
        shlex.split(line, comments=True)
        for block in _BLOCK.findall((_ROOT / "README.md").read_text(encoding="utf-8"))
        for line in block.splitlines()
    ]
    commands = [words[1:] for words in lines if words and words[0] == "chaos-aura"]
    assert {words[0] for words in commands} == set(COMMANDS)
    for words in commands:
        done = one.command(*words)
        assert done.returncode == 0, (words, done.stdout, done.stderr)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_command_that_is_named_exists(page: Path) -> None:
    named = re.findall(r"`chaos-aura ([a-z]+)", page.read_text(encoding="utf-8"))
    assert set(named) <= set(COMMANDS)


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    for link in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / link).exists(), link
