import threading
import time
from pathlib import Path

from chaos_aura.record.samples import BACKLOG, HEALTH, Samples, read_samples


def test_what_was_added_is_read_in_the_order_of_time(tmp_path: Path) -> None:
    samples = Samples(tmp_path / "samples.jsonl")
    samples.add(HEALTH, service="redis", healthy=True, latency_s=0.001, detail="PONG")
    samples.add(BACKLOG, name="decisions", waiting=None, oldest_s=None)
    rows = read_samples(samples.path)
    assert [row["what"] for row in rows] == [HEALTH, BACKLOG]
    assert rows[0]["at"] <= rows[1]["at"]
    assert rows[1]["oldest_s"] is None
    assert read_samples(tmp_path / "none") == []


def test_what_took_long_to_see_is_of_when_the_look_began(tmp_path: Path) -> None:
    samples = Samples(tmp_path / "samples.jsonl")
    began_ns = time.monotonic_ns()
    samples.add(HEALTH)
    samples.add(BACKLOG, began_ns, name="events", waiting=0, oldest_s=0.0)
    assert [(row["what"], row["at"] == began_ns) for row in read_samples(samples.path)] == [
        (BACKLOG, True),
        (HEALTH, False),
    ]


def test_threads_tear_no_line_of_each_other(tmp_path: Path) -> None:
    samples = Samples(tmp_path / "samples.jsonl")
    writers = [
        threading.Thread(target=lambda: [samples.add(HEALTH, detail="x" * 500) for _ in range(200)]) for _ in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(read_samples(samples.path)) == 800
    assert samples.lost == 0


def test_a_torn_line_and_a_strange_one_cost_themselves_only(tmp_path: Path) -> None:
    samples = Samples(tmp_path / "samples.jsonl")
    samples.add(HEALTH)
    with samples.path.open("ab") as file:
        file.write(b'\n{"at": 12, "what": "hea')
    samples.add(HEALTH)
    with samples.path.open("ab") as file:
        file.write(b'\n[1]\n{"at": "x", "what": "health"}\n{"at": 1, "what": "weather"}\n')
    assert len(read_samples(samples.path)) == 2


def test_a_full_disk_is_counted_and_raises_nothing() -> None:
    samples = Samples(Path("/dev/full"))
    samples.add(HEALTH)
    assert samples.lost == 1
