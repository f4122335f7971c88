"""Which stack is meant, and what the project's own file may hold."""

from pathlib import Path

import pytest

from chaos_aura.core.errors import BadInput, MachineLacks
from chaos_aura.core.project_file import FILE, read_tables
from chaos_aura.core.stack_choice import VARIABLE, stack_meant


@pytest.mark.parametrize(
    ("said", "written", "meant"),
    [
        ({}, None, "local"),
        ({}, "", "local"),
        ({}, "[limits]\nfaults_at_once = 1\n", "local"),
        ({}, '[stack]\nkind = "docker"\n', "docker"),
        ({}, '[stack]\ncompose_project = "shop"\n', "local"),
        ({VARIABLE: ""}, '[stack]\nkind = "external"\n', "external"),
        ({VARIABLE: "local"}, '[stack]\nkind = "external"\n', "local"),
        ({VARIABLE: "docker"}, '[stack]\nkind = "no such"\n', "docker"),
        ({VARIABLE: "external"}, "[not TOML", "external"),
    ],
)
def test_the_environment_wins_then_the_file_then_local(
    tmp_path: Path, said: dict[str, str], written: str | None, meant: str
) -> None:
    if written is not None:
        (tmp_path / FILE).write_text(written)
    assert stack_meant(tmp_path, said) == meant


@pytest.mark.parametrize(
    ("said", "written", "told"),
    [
        ({VARIABLE: "podman"}, "", "CHAOS_AURA_STACK: 'podman' is no stack; there are: local, docker, external"),
        ({}, '[stack]\nkind = "dokcer"\n', "{file}, [stack] kind: 'dokcer' is no stack; there are: local, docker"),
        ({}, "[stack]\nkind = []\n", "{file}, [stack] kind: [] is no stack"),
        ({}, "[stack\n", "{file}: is not TOML"),
        ({}, "stack = 3\n", "{file}: `stack` is no table; write: [stack]"),
        ({}, "[limit]\n", "{file}: has `limit`, which means nothing; tables are: limits, stack, services, toxiproxy"),
    ],
)
def test_a_wrong_word_is_told_with_its_place(tmp_path: Path, said: dict[str, str], written: str, told: str) -> None:
    (tmp_path / FILE).write_text(written)
    with pytest.raises(BadInput) as refused:
        stack_meant(tmp_path, said)
    assert told.replace("{file}", str(tmp_path / FILE)) in str(refused.value)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(BadInput, match="is not TOML"):
        read_tables(tmp_path)
    (tmp_path / FILE).unlink()
    (tmp_path / FILE).mkdir()
    with pytest.raises(MachineLacks, match="a directory"):
        read_tables(tmp_path)
