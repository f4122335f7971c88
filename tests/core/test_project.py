"""Which folder a stack belongs to."""

import os
import subprocess
from pathlib import Path

import pytest
from ordinary_user import as_ordinary_user

from chaos_aura.core.errors import BadInput, MachineLacks
from chaos_aura.core.project import Project

_NOBODY = 65_534


def test_the_named_folder_comes_first(tmp_path: Path) -> None:
    named, here = tmp_path / "a named one", tmp_path / "here"
    named.mkdir()
    (here / ".git").mkdir(parents=True)
    assert Project.around(here, {"CHAOS_AURA_PROJECT": str(named)}).root == named
    assert Project.around(here, {"CHAOS_AURA_PROJECT": ""}).root == here


def test_a_named_folder_may_be_relative_to_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Project.around(tmp_path, {"CHAOS_AURA_PROJECT": "~"}).root == tmp_path.resolve()


@pytest.mark.parametrize("name", ["missing", "file", "~nobody-of-this-name/x"])
def test_a_named_folder_that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    named = name if name.startswith("~") else str(tmp_path / name)
    with pytest.raises(
        BadInput, match=r"^CHAOS_AURA_PROJECT: [^\n]* is not a folder; name an existing one or unset it$"
    ):
        Project.around(tmp_path, {"CHAOS_AURA_PROJECT": named})


@pytest.mark.parametrize("mark", [".chaos-aura", "chaos-aura.toml", ".git"])
def test_the_nearest_mark_upwards(tmp_path: Path, mark: str) -> None:
    root = tmp_path / "outer" / "my project"
    deep = root / "a" / "b b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / "outer" / ".git").mkdir()
    (root / mark).touch()
    assert Project.around(deep, {}).root == root
    assert Project.around(root, {}).root == root
    assert Project.around(tmp_path / "outer", {}).root == tmp_path / "outer"


@pytest.mark.skipif(os.geteuid() != 0, reason="not root: cannot give a folder away")
def test_a_strangers_stack_is_refused_wherever_it_lies(tmp_path: Path) -> None:
    theirs, deep = tmp_path / ".chaos-aura", tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    theirs.mkdir()
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / ".chaos-aura").symlink_to(theirs)
    assert Project.around(deep, {}).root == tmp_path
    os.chown(theirs, _NOBODY, _NOBODY)
    line = rf"/\.chaos-aura: belongs to another user \(uid {_NOBODY}\); run as that user, or set CHAOS_AURA_PROJECT$"
    for folder, environ in ((deep, {}), (tmp_path, {}), (linked, {}), (deep, {"CHAOS_AURA_PROJECT": str(tmp_path)})):
        with pytest.raises(BadInput, match=line):
            Project.around(folder, environ)
    (deep / ".git").mkdir()
    assert Project.around(deep, {}).root == deep


def test_without_a_mark_it_is_here(tmp_path: Path) -> None:
    assert Project.around(tmp_path, {}).root == tmp_path


def test_a_folder_above_that_may_not_be_looked_into(tmp_path: Path) -> None:
    here = tmp_path / "closed" / "here"
    here.mkdir(parents=True)
    (tmp_path / "closed").chmod(0)
    try:
        with as_ordinary_user():
            assert Project.around(here, {}).root == here
    finally:
        (tmp_path / "closed").chmod(0o700)


def test_everything_lies_in_its_folder(tmp_path: Path) -> None:
    project = Project(tmp_path / "with spaces")
    paths = (project.catalogue, project.programs, project.command_lock, project.logs, project.log("x"))
    assert all(path.is_relative_to(project.home) for path in (*paths, project.data("x"), project.config("x")))
    assert project.home.parent == project.root


def test_made_for_its_owner_only_and_twice_is_once(tmp_path: Path) -> None:
    project = Project(tmp_path)
    project.make()
    project.make()
    assert project.home.stat().st_mode & 0o777 == 0o700
    assert project.logs.is_dir()


def test_git_never_sees_it(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", str(tmp_path)], check=True)
    project = Project(tmp_path)
    project.make()
    project.log("redis").touch()
    seen = subprocess.run(["git", "status", "--porcelain"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert seen.stdout == ""


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    made = Project(tmp_path / "made")
    made.root.mkdir()
    made.make()
    made.home.chmod(0o500)
    new = Project(tmp_path / "new")
    new.root.mkdir(0o500)
    with as_ordinary_user():
        for project in (made, new):
            with pytest.raises(MachineLacks) as lacking:
                project.make()
            line = f"{project.home}: cannot be written (Permission denied); "
            assert str(lacking.value).startswith(line)
    made.home.chmod(0o700)


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / ".chaos-aura").touch()
    with pytest.raises(MachineLacks, match=r"cannot be written \(File exists\)"):
        Project(tmp_path).make()


def test_a_project_that_vanished(tmp_path: Path) -> None:
    with pytest.raises(MachineLacks, match=r"cannot be written \(No such file or directory\)"):
        Project(tmp_path / "gone").make()
