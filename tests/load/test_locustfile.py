"""Locust's own command runs the same load: alone, with its web page, and with a master and workers."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import urlopen

from awaiting import wait_until
from loads import operations_in, planned, unwell
from scripted_api import scripted_api

from chaos_aura.core.operation import ALLOCATE, RELEASE
from chaos_aura.load import shapes
from chaos_aura.record.history import read_history

OURS = str(Path(shapes.__file__).with_name("locustfile.py"))
# To Locust a canary is an error that a busy machine answers too late.
LOCUST = [str(Path(sys.executable).with_name("locust")), "--exit-code-on-error", "0", "-f"]
# A worker that is silent for some seconds has gone, for the master, who begins its share anew when it is back.
PATIENT = "import locust.runners\n\nlocust.runners.HEARTBEAT_LIVENESS = 60\n"
WITHIN_S = 150


@contextmanager
def locust(folder: Path, *words: str) -> Iterator["subprocess.Popen[str]"]:
    (folder / "patient.py").write_text(PATIENT, encoding="utf-8")
    with subprocess.Popen(
        [*LOCUST, f"patient.py,{OURS}", *words],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def held_port() -> Iterator[int]:
    """Nobody is given it by chance before Locust starts, who may listen there although it is held: nobody else does."""
    with socket.socket() as holding:
        holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holding.bind(("127.0.0.1", 0))
        yield int(holding.getsockname()[1])


def test_alone_with_options(tmp_path: Path) -> None:
    with scripted_api() as api:
        words = ["--headless", "--host", api.url, "--rate", "10", "--lasts", "1", "--hold", "0.1", "--load-tag", "mine"]
        with locust(tmp_path, *words) as process:
            assert process.wait(WITHIN_S) == 0
    operations = operations_in(tmp_path / "chaos-aura-load")
    assert {each.asked["request_id"] for each in operations if each.what == ALLOCATE} == {
        f"mine-{n}" for n in range(10)
    }
    assert unwell(operations) == []
    assert api.held == {}
    assert json.loads((tmp_path / "chaos-aura-load/load.json").read_text(encoding="utf-8"))["url"] == api.url


def test_its_web_page_shows_each_request(tmp_path: Path) -> None:
    with scripted_api() as api, held_port() as port:
        page = f"http://127.0.0.1:{port}"
        planned(api.url, per_s=20, lasts_s=60).write(tmp_path)
        words = ["--autostart", "--web-host", "127.0.0.1", "--web-port", str(port), "--load-folder", str(tmp_path)]
        with locust(tmp_path, *words) as process:
            wait_until(lambda: _requests(page).get("release", 0) >= 3, WITHIN_S, "releases are shown")
            shown = {"allocate", "release", "canary", "Aggregated"}
            wait_until(lambda: set(_requests(page)) == shown, WITHIN_S, "these are shown, and nothing else")
            process.terminate()
            assert process.wait(WITHIN_S) == 0
    assert api.held == {}


def _requests(page: str) -> dict[str, int]:
    try:
        with urlopen(f"{page}/stats/requests", timeout=5) as answer:
            return {each["name"]: each["num_requests"] for each in json.load(answer)["stats"]}
    except OSError:
        return {}


def test_two_workers_share_the_arrivals_and_their_histories_merge(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    with scripted_api() as api, ExitStack() as entered:
        port = str(entered.enter_context(held_port()))
        plan = planned(api.url, per_s=20, lasts_s=2, hold_s=0.1, canary_per_s=10)
        plan.write(tmp_path)
        master = ["--headless", "--master", "--expect-workers", "2", "--master-bind-host", "127.0.0.1"]
        words = [*master, "--master-bind-port", port, "--load-folder", str(tmp_path)]
        processes = [entered.enter_context(locust(tmp_path, *words))]
        for folder in folders:
            worker = ["--worker", "--master-host", "127.0.0.1", "--master-port", port, "--load-folder", str(folder)]
            processes.append(entered.enter_context(locust(tmp_path, *worker)))
        assert [process.wait(WITHIN_S) for process in processes] == [0, 0, 0]
        assert api.held == {}
    paths = [path for folder in folders for path in folder.glob("history-*.jsonl")]
    assert sorted(path.name for path in paths) == ["history-w1.jsonl", "history-w2.jsonl"]
    numbers = [
        sorted(int(each.asked["request_id"][2:]) for each in read_history([path]).operations if each.what == ALLOCATE)
        for path in sorted(paths, key=lambda path: path.name)
    ]
    assert numbers == [list(range(0, 40, 2)), list(range(1, 40, 2))]
    merged = read_history(paths)
    asked = [each for each in merged.operations if each.what == ALLOCATE]
    assert merged.unread == 0
    assert [each.due_ns for each in asked] == plan.arrivals_ns(asked[0].due_ns - plan.arrivals_ns(0)[0])
    assert sum(each.what == RELEASE for each in merged.operations) == 40
    assert unwell(merged.operations) == []


def test_without_anybody_to_ask_it_says_so(tmp_path: Path) -> None:
    with locust(tmp_path, "--headless") as process:
        assert process.stderr
        told = process.stderr.read()
        assert process.wait(WITHIN_S) != 0
    assert re.search("nobody is named to be asked; give --host http://HOST:PORT, or --load-folder", told)
