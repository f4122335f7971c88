"""Steps as they lie in a process's file of spans."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from awaiting import wait_until
from hypothesis import given
from hypothesis import strategies as st
from observed import lines_of, spans_of

from chaos_aura.platform import observe
from chaos_aura.platform.errors import DependencyAway, Refused
from chaos_aura.platform.observe import Observer
from chaos_aura.platform.observe.logs import bound
from chaos_aura.platform.observe.short import short_json
from chaos_aura.platform.observe.spans import step
from chaos_aura.platform.settings import Settings

_KEYS = ["trace_id", "span_id", "parent", "name", "component", "process", "request_id", "start_ns", "duration_us"]
_KEYS += ["status", "error", "input", "output"]


def test_a_step_is_one_line_with_what_went_in_and_came_out(observer: Observer, home: Path) -> None:
    with bound("r-1"), step("take GPUs", "pool", gpu_type="a100", count=2) as taking:
        taking.output(gpu_ids=("a100-0",))
        taking.output(fencing_token=7)
    observer.close()
    (span,) = spans_of(home)
    assert list(span) == _KEYS
    assert (span["name"], span["component"], span["process"]) == ("take GPUs", "pool", "worker")
    assert (span["request_id"], span["status"], span["error"], span["parent"]) == ("r-1", "ok", "", None)
    assert span["input"] == {"gpu_type": "a100", "count": 2}
    assert span["output"] == {"gpu_ids": ["a100-0"], "fencing_token": 7}


def test_steps_within_are_children_with_the_same_request(observer: Observer, home: Path) -> None:
    with step("serve", "api", request_id="r-1"):
        with step("decide", "worker"):
            pass
        with step("take", "pool"):
            pass
    with step("other", "api"):
        pass
    observer.close()
    spans = {span["name"]: span for span in spans_of(home)}
    serve = spans["serve"]
    assert [spans[name]["parent"] for name in ("decide", "take")] == [serve["span_id"]] * 2
    assert {spans[name]["trace_id"] for name in ("decide", "take")} == {serve["trace_id"]}
    assert [spans[name]["request_id"] for name in ("decide", "take", "other")] == ["r-1", "r-1", None]
    assert spans["other"]["trace_id"] != serve["trace_id"]


def test_a_step_may_be_asked_anything_called_name(observer: Observer, home: Path) -> None:
    with step("find", "api", name="x", component="y", self="z") as finding:
        finding.output(name="n", self="s")
    observer.close()
    (span,) = spans_of(home)
    assert (span["name"], span["component"]) == ("find", "api")
    assert span["input"] == {"name": "x", "component": "y", "self": "z"}
    assert span["output"] == {"name": "n", "self": "s"}


def test_what_fails_is_marked_and_raised(observer: Observer, home: Path) -> None:
    with pytest.raises(DependencyAway), step("write", "neo4j"):
        raise DependencyAway("neo4j", "refused the connection")
    observer.close()
    (span,) = spans_of(home)
    assert (span["status"], span["error"]) == ("error", "DependencyAway: neo4j: refused the connection")


def test_an_error_of_half_characters_spoils_nothing(observer: Observer, home: Path) -> None:
    with pytest.raises(ValueError, match="half"), step("read", "redis", key="k"):
        raise ValueError("half \ud800")
    observer.close()
    (span,) = spans_of(home)
    assert (span["error"], span["input"]) == ("ValueError: half \ud800", {"key": "k"})


def test_a_refusal_is_an_answer(observer: Observer, home: Path) -> None:
    with pytest.raises(Refused), step("take", "pool"):
        raise Refused("pool", "no_capacity", "2 of 8 free")
    observer.close()
    (span,) = spans_of(home)
    assert (span["status"], span["output"]) == ("ok", {"refused": "no_capacity"})


def test_what_is_cancelled_is_marked(observer: Observer, home: Path) -> None:
    async def wait() -> None:
        with step("wait", "kafka"):
            await asyncio.Event().wait()

    async def cancel() -> None:
        waiting = asyncio.create_task(wait())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)

    asyncio.run(cancel())
    observer.close()
    (span,) = spans_of(home)
    assert (span["status"], span["error"]) == ("error", "CancelledError: ")


def test_tasks_side_by_side_do_not_mix_their_requests(observer: Observer, home: Path) -> None:
    async def serve(request_id: str) -> None:
        with bound(request_id), step("outer", "api", id=request_id):
            await asyncio.sleep(0)
            with step("inner", "worker", id=request_id):
                await asyncio.sleep(0)

    async def serve_all() -> None:
        await asyncio.gather(*(serve(f"r-{number}") for number in range(50)))

    asyncio.run(serve_all())
    observer.close()
    spans = spans_of(home)
    assert len(spans) == 100
    assert all(span["request_id"] == span["input"]["id"] for span in spans)


def test_a_step_can_be_read_soon_after_it_ended(observer: Observer, home: Path) -> None:
    with step("soon", "api"):
        pass
    path = home / "spans" / "worker.ndjson"
    wait_until(lambda: path.exists() and path.read_bytes().endswith(b"\n"), 20, "the step is in its file")
    assert observer.process == "worker"


def test_without_observation_steps_cost_nothing_and_go_nowhere(tmp_path: Path) -> None:
    with bound("r-1"), step("alone", "api") as alone:
        alone.output(x=1)
    assert list(tmp_path.iterdir()) == []


def test_a_second_start_in_one_process_goes_on_in_the_same_file(start: Callable[..., Observer], home: Path) -> None:
    for name in ("one", "two"):
        observer = start()
        with step(name, "api"):
            pass
        observer.close()
    assert [span["name"] for span in spans_of(home)] == ["one", "two"]


def test_spans_are_bounded_on_disk(home: Path) -> None:
    """Whatever is written: one current and one former file, together at most twice the bound and a batch."""
    observer = observe.start(Settings("api", home, "127.0.0.1:1"), keep_bytes=50_000)
    for number in range(4000):
        with step("fill", "api", number=number):
            pass
    observer.close()
    files = sorted((home / "spans").iterdir())
    assert [path.name for path in files] == ["api.1.ndjson", "api.ndjson"]
    numbers = [span["input"]["number"] for path in files for span in lines_of(path)]
    assert numbers == list(range(numbers[0], 4000))
    assert numbers[0] > 0


@given(st.dictionaries(st.text(max_size=8), st.text() | st.integers() | st.lists(st.text(max_size=4)), max_size=8))
def test_short_is_json_and_short(values: dict[str, object]) -> None:
    text = short_json(values)
    assert isinstance(json.loads(text), dict)
    assert len(text) <= 6000


@pytest.mark.parametrize("value", ["x" * 10_000, ["gpu-1"] * 5000, {"deep": "y" * 9000}, {"odd": object()}])
def test_long_values_are_cut(value: object) -> None:
    text = short_json({"short": 1, "long": value, "more": value, "again": value, "fifth": value, "lost": value})
    assert json.loads(text)["short"] == 1
    assert len(text) < 1000
