"""Every line of a process is one JSON object, whoever wrote it."""

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import pytest
import structlog
from observed import run_observed

from chaos_aura.platform.observe import Observer
from chaos_aura.platform.observe.logs import bound, get_logger
from chaos_aura.platform.observe.spans import step


def lines(capfd: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capfd.readouterr().out.splitlines()]


@pytest.mark.usefixtures("observer")
def test_a_line_says_when_how_bad_who_what(capfd: pytest.CaptureFixture[str]) -> None:
    get_logger().info("made", what="pool")
    (line,) = lines(capfd)
    assert list(line) == ["time", "level", "process", "event", "what"]
    assert (line["level"], line["process"], line["event"], line["what"]) == ("info", "worker", "made", "pool")
    assert line["time"].endswith("Z")


@pytest.mark.usefixtures("observer")
def test_lines_within_bear_the_request_id_and_lines_without_do_not(capfd: pytest.CaptureFixture[str]) -> None:
    with bound("r-1"):
        get_logger().info("one")
        logging.getLogger("some.library").warning("two")
        with bound("r-2"):
            structlog.get_logger().info("three")
        with step("serve", "api", request_id="r-3"):
            get_logger().info("four")
        get_logger().info("five", request_id="told")
    get_logger().info("six")
    assert [line.get("request_id") for line in lines(capfd)] == ["r-1", "r-1", "r-2", "r-3", "told", None]


@pytest.mark.usefixtures("observer")
def test_libraries_are_heard_from_warnings_on(capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("some.library", "temporalio.worker", "neo4j.pool"):
        library = logging.getLogger(name)
        library.info("quiet")
        library.warning("loud: %s\nand on", name)
    found = [(line["logger"], line["level"], line["event"]) for line in lines(capfd)]
    assert found == [
        (name, "warning", f"loud: {name}\nand on") for name in ("some.library", "temporalio.worker", "neo4j.pool")
    ]


@pytest.mark.usefixtures("observer")
def test_an_exception_is_in_its_line(capfd: pytest.CaptureFixture[str]) -> None:
    try:
        raise ValueError("odd")
    except ValueError:
        get_logger().exception("failed")
        logging.getLogger("temporalio").exception("failed too")
    found = lines(capfd)
    assert [line["level"] for line in found] == ["error", "error"]
    assert all(line["exception"].endswith("ValueError: odd") for line in found)


@pytest.mark.usefixtures("observer")
def test_python_warnings_are_lines(capfd: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(False)
        logging.captureWarnings(True)
        warnings.warn("old ways", UserWarning, stacklevel=1)
        logging.captureWarnings(False)
    (line,) = lines(capfd)
    assert line["logger"] == "py.warnings"
    assert "UserWarning: old ways" in line["event"]


@pytest.mark.usefixtures("observer")
def test_what_json_does_not_know_is_told_as_text(capfd: pytest.CaptureFixture[str]) -> None:
    get_logger().info("made", where=Path("/there"), counts={1: "one"})
    (line,) = lines(capfd)
    assert (line["where"], line["counts"]) == ("/there", {"1": "one"})


def test_a_log_that_nobody_takes_is_no_failure(home: Path) -> None:
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        run_observed("worker", home, 'get_logger().info("one")\nimport logging; logging.warning("two")', stdout=full)


def test_after_the_end_the_logs_are_as_they_were(observer: Observer) -> None:
    assert any(type(handler).__name__ == "_Libraries" for handler in logging.getLogger().handlers)
    observer.close()
    assert not any(type(handler).__name__ == "_Libraries" for handler in logging.getLogger().handlers)
    assert not structlog.is_configured()
