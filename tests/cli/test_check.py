"""`chaos-aura check`: the exit code says what a history is, and the words say why."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from kept_run_folders import keep
from local_stack import PlacedStack

from chaos_aura.judge.consistency.stores.agreement import STORES
from chaos_aura.record.rows import TEMPORAL
from chaos_aura.record.stores import POOL, Pool, Stores

_PUBLISHED = Path(__file__).parents[1] / "judge" / "consistency" / "published"
_RIGHT, _WRONG = "etcd_002.jsonl", "classic_stale_read.jsonl"
_TWO_OWNERS = (
    '{"process":1,"type":"invoke","f":"acquire","key":"g","value":{"owner":"a"}}',
    '{"process":1,"type":"ok","f":"acquire","key":"g","value":{"owner":"a"}}',
    '{"process":2,"type":"invoke","f":"acquire","key":"g","value":{"owner":"b"}}',
    '{"process":2,"type":"ok","f":"acquire","key":"g","value":{"owner":"b"}}',
)
_REFUSED = '{"process":1,"type":"%s","f":"acquire","value":{"owner":"a","kind":"g","count":1}%s}'
_NO_CAPACITY = (_REFUSED % ("invoke", ""), _REFUSED % ("fail", ',"error":"no_capacity"'))


@pytest.fixture
def here(place: Callable[..., PlacedStack]) -> PlacedStack:
    return place()


def _kept(here: PlacedStack, *lines: str) -> str:
    path = here.project.root / "history.jsonl"
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def test_a_valid_one_exits_with_0(here: PlacedStack) -> None:
    done = here.command("check", str(_PUBLISHED / _RIGHT))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("VALID  ")
    assert "77 operations as cas-register" in done.stdout


def test_an_invalid_one_exits_with_1_and_shows_what_cannot_be_explained(here: PlacedStack) -> None:
    done = here.command("check", str(_PUBLISHED / _WRONG))
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("INVALID  ")
    assert "cannot be explained\nnothing explains these, whatever it had been until then:\n  line " in done.stdout


def test_of_leases_the_lines_are_shown(here: PlacedStack) -> None:
    done = here.command("check", _kept(here, *_TWO_OWNERS))
    assert done.returncode == 1
    assert "g: g was held by a and by b\n" in done.stdout
    for number, line in enumerate(_TWO_OWNERS, 1):
        assert f"  line {number}: {line}\n" in done.stdout


def test_what_takes_too_long_is_unknown_and_exits_with_3(here: PlacedStack) -> None:
    row = '{"process":%d,"type":"%s","f":"%s","value":%s}'
    writes = [row % (number, "invoke", "write", number) for number in range(40)]
    ends = [row % (number, "ok", "write", number) for number in range(40)]
    reading = (row % (99, "invoke", "read", "null"), row % (99, "ok", "read", 77))
    done = here.command("check", _kept(here, *writes, reading[0], *ends, reading[1]), "--time-limit", "0.2")
    assert done.returncode == 3
    assert "nobody knows: it took too long" in done.stdout
    assert "--time-limit" in done.stdout


def test_a_document_for_programs(here: PlacedStack) -> None:
    done = here.command("check", str(_PUBLISHED / _WRONG), "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert (told["schema"], told["validity"], told["model"]) == (1, "invalid", "register")
    assert told["parts"] == {"valid": 0, "invalid": 1, "unknown": 0}
    assert told["findings"][0]["window"]


def test_capacity_is_judged_where_it_is_known(here: PlacedStack) -> None:
    history = _kept(here, *_NO_CAPACITY)
    assert here.command("check", history).returncode == 0
    assert here.command("check", history, "--total", "g=1").returncode == 1
    assert here.command("check", history, "--total", "g=0").returncode == 0


def test_a_torn_last_line_is_told(here: PlacedStack) -> None:
    done = here.command("check", _kept(here, *_TWO_OWNERS[:2], '{"process":1,"ty'))
    assert done.returncode == 0
    assert "note: the last line is torn, and was passed over\n" in done.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nowhere.jsonl",), "error: nowhere.jsonl: is no file; "),
        (("nope",), "error: nope: no run is kept here; "),
        (("history.jsonl", "-m", "stack"), "error: stack: is no model; there are: register, "),
        (("history.jsonl", "-m", "register"), "history.jsonl, line 1: `f` is 'acquire', which register does not know"),
        (("history.jsonl", "-m", "mutex", "--total", "g=1"), "error: --total: says nothing to the model mutex; "),
        (("empty.jsonl", "-m", "lease"), "empty.jsonl: holds no operation; "),
        (("history.jsonl", "--total", "g"), "error: --total g: is no KIND=NUMBER; "),
        (("latest", "-m", "lease"), "error: latest: is a run, which needs neither "),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(here: PlacedStack, words: tuple[str, ...], said: str) -> None:
    _kept(here, *_TWO_OWNERS)
    (here.project.root / "empty.jsonl").touch()
    done = here.command("check", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_line_that_cannot_be_read_is_named(here: PlacedStack) -> None:
    done = here.command("check", _kept(here, _TWO_OWNERS[0], "no", _TWO_OWNERS[1]))
    assert done.returncode == 2
    assert "history.jsonl, line 2: is not JSON" in done.stderr


def test_a_run_is_judged_again_from_what_it_kept(here: PlacedStack) -> None:
    folder = keep(here.project.home, "20261129T093012-neo4j_down", "passed")
    (folder / "run.json").write_text('{"tag": "x"}', encoding="utf-8")
    _record(folder, "g-0", "x-1", "x-2")
    done = here.command("check", "latest")
    assert done.returncode == 1, done.stdout
    assert "g-0 was held by x-1 and x-2 to the end" in done.stdout
    assert json.loads(here.command("check", "latest", "--json").stdout)["consistency"]["two_owners"]


def test_a_run_whose_history_has_a_gap_is_unknown(here: PlacedStack) -> None:
    folder = keep(here.project.home, "20261129T093012-neo4j_down", "passed")
    (folder / "run.json").write_text('{"tag": "x"}', encoding="utf-8")
    pool = Pool({"g": 1}, {"g": 0}, {"x-1": ("g-0",)})
    absent = tuple(store for store in STORES if store != POOL)
    (folder / "stores.json").write_bytes(Stores(1, pool, absent=absent).to_json())
    _record(folder, "g-0", "x-1")
    assert here.command("check", "latest").returncode == 0
    with (folder / "history-load.jsonl").open("a", encoding="utf-8") as history:
        history.write('{"op": "x-2", "is": "inv')
    done = here.command("check", "latest")
    assert done.returncode == 3
    assert "1 line of the history torn" in done.stdout


def test_what_shows_it_is_told_with_it(here: PlacedStack) -> None:
    folder = keep(here.project.home, "20261129T093012-neo4j_down", "passed")
    (folder / "run.json").write_text('{"tag": "x"}', encoding="utf-8")
    pool = Pool({"g": 1}, {"g": 0}, {"x-1": ("g-0",)})
    absent = tuple(store for store in STORES if store not in (POOL, TEMPORAL))
    (folder / "stores.json").write_bytes(Stores(1, pool, absent=absent).to_json())
    (folder / "stores-temporal.jsonl").write_text('{"id": "x-1", "status": "failed"}\n', encoding="utf-8")
    _record(folder, "g-0", "x-1")
    done = here.command("check", "latest")
    assert done.returncode == 1
    assert "x-1 was granted, and its workflow is failed:\n  allocate by t, ok after 0.0 ms, at 5 ns" in done.stdout
    assert '  temporal holds {"status": "failed"}' in done.stdout
    [finding] = json.loads(here.command("check", "latest", "--json").stdout)["consistency"]["disagreeing"]
    assert finding["operations"][0]["op"] == "x-1"
    (folder / "stores-temporal.jsonl").unlink()
    refused = here.command("check", "latest")
    assert (refused.returncode, refused.stdout, refused.stderr.count("\n")) == (2, "", 1)
    assert "stores-temporal.jsonl: cannot be read (No such file or directory)" in refused.stderr


def test_without_a_dump_of_its_stores_nobody_knows(here: PlacedStack) -> None:
    folder = keep(here.project.home, "20261129T093012-neo4j_down", "passed")
    (folder / "run.json").write_text('{"tag": "x"}', encoding="utf-8")
    _record(folder, "g-0", "x-1")
    done = here.command("check", "latest")
    assert done.returncode == 3
    assert "pool could not be read: this run kept no dump of it" in done.stdout


def test_a_run_that_recorded_nothing_is_refused(here: PlacedStack) -> None:
    keep(here.project.home, "20261129T093012-neo4j_down", "passed")
    done = here.command("check", "latest")
    assert (done.returncode, done.stdout) == (2, "")
    assert "recorded no operation" in done.stderr


def _record(folder: Path, gpu: str, *owners: str) -> None:
    rows = []
    for at, owner in enumerate(owners):
        began = {"op": owner, "is": "invoke", "at": 10 * at, "due": 10 * at, "by": "t", "what": "allocate"}
        rows.append({**began, "value": {"request_id": owner}})
        rows.append({"op": owner, "is": "ok", "at": 10 * at + 5, "value": {"gpu_ids": [gpu]}})
    (folder / "history-load.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


def test_the_commands_of_the_page_run(here: PlacedStack) -> None:
    page = (Path(__file__).parents[2] / "docs" / "consistency.md").read_text(encoding="utf-8")
    block = page.split("```sh\n")[1].split("```")[0]
    example = page.split("```\n{")[1].split("```")[0]
    (here.project.root / "history.jsonl").write_text("{" + example, encoding="utf-8")
    folder = keep(here.project.home, "20261129T093012-neo4j_down", "passed")
    (folder / "run.json").write_text('{"tag": "x"}', encoding="utf-8")
    _record(folder, "g-0", "x-1")
    commands = [line.split("#")[0].split()[1:] for line in block.splitlines()]
    codes = [here.command(*words).returncode for words in commands]
    assert codes == [0, 0, 3]


def test_it_needs_no_stack_and_no_project(tmp_path: Path) -> None:
    shutil.copy(_PUBLISHED / _RIGHT, tmp_path)
    program = str(Path(sys.executable).parent / "chaos-aura")
    done = subprocess.run(
        [program, "check", _RIGHT], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert not list(tmp_path.glob(".chaos-aura"))
