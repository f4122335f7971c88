"""Which state of the sources a run was made from, asked of git itself."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from awaiting import wait_until

from chaos_aura.core.process import ProcessId
from chaos_aura.run.revision import AskedRevision, Revision


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "experiment.json").write_text("{}\n")
    return tmp_path


def git(folder: Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@localhost", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", "-C", folder, *who, *words], check=True, capture_output=True, text=True).stdout


def committed(folder: Path) -> str:
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "a commit")
    return git(folder, "rev-parse", "HEAD").strip()


def asked(folder: Path) -> Revision:
    revision = AskedRevision(folder, within_s=60)
    try:
        return revision.answer()
    finally:
        revision.close()


def test_it_is_the_commit_of_the_folder_and_clean_until_something_known_to_git_is_changed(sources: Path) -> None:
    head = committed(sources)
    assert asked(sources) == Revision(head, False)
    (sources / "unknown to git").touch()
    (sources / "below").mkdir()
    assert asked(sources / "below") == Revision(head, False)
    (sources / "experiment.json").write_text("[]\n")
    assert asked(sources / "below") == Revision(head, True)
    head = committed(sources)
    assert asked(sources) == Revision(head, False)


def test_without_a_commit_and_without_a_repository_there_is_none(sources: Path) -> None:
    assert asked(sources) == Revision()
    assert asked(sources / "nowhere") == Revision()
    (sources / ".git").rename(sources / "not git's")
    assert asked(sources) == Revision()


def test_without_git_there_is_none(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    committed(sources)
    monkeypatch.setenv("PATH", str(sources))
    assert asked(sources) == Revision()


def test_asking_writes_nothing(sources: Path) -> None:
    """Git would renew its index, under a lock that somebody who commits meanwhile would miss."""
    committed(sources)
    os.utime(sources / "experiment.json", (0, 0))
    index = (sources / ".git" / "index").read_bytes()
    assert asked(sources).dirty is False
    assert (sources / ".git" / "index").read_bytes() == index
    git(sources, "status")
    assert (sources / ".git" / "index").read_bytes() != index, "otherwise it shows nothing"


def test_one_that_does_not_answer_is_ended(sources: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, noted = sources / "git", sources / "noted"
    slow.write_text(f"#!/bin/sh\necho $$ >{noted}\nexec {sys.executable} -S -c 'import signal; signal.pause()'\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", str(sources))
    revision = AskedRevision(sources, within_s=0.1)
    try:
        assert revision.answer() == Revision()
        wait_until(lambda: noted.exists() and noted.read_text(), 60, "it runs")
        git_itself = ProcessId.of(int(noted.read_text()))
    finally:
        revision.close()
    revision.close()
    assert git_itself
    assert not git_itself.is_alive()
