"""A process of the platform that is told to end: it ends itself, whatever its body does."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

_RUNS = """
import asyncio, sys
from chaos_aura.platform.process import run_process

async def body(settings, observer, ending):
    print("at work", flush=True)
    await ending.wait()
    {then}

run_process(sys.argv, body, ends_within_s={within_s})
"""
_NEVER = "await asyncio.Event().wait()"
_WITHIN_S = 30


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
@pytest.mark.parametrize(
    ("then", "within_s", "is_done"), [("return", 2 * _WITHIN_S, True), (_NEVER, 0.3, False)], ids=["done", "never done"]
)
def test_told_to_end_it_ends_itself(
    tmp_path: Path, then: str, within_s: float, is_done: bool, number: signal.Signals
) -> None:
    """One that is done does not wait for its time to be over."""
    settings = tmp_path / "settings.json"
    settings.write_text(json.dumps({"process": "worker", "home": ".", "listen": "127.0.0.1:1"}), encoding="utf-8")
    argv = [sys.executable, "-P", "-c", _RUNS.format(then=then, within_s=within_s), str(settings)]
    with subprocess.Popen(argv, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout
        assert any("at work" in line for line in process.stdout)
        process.send_signal(number)
        said = process.communicate(timeout=_WITHIN_S)[0]
    assert process.returncode == 0, said
    assert ("ended before its work was done" in said) is not is_done
    assert "Traceback" not in said
