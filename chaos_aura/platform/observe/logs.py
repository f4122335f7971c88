"""Log lines: one JSON object each on stdout, our own and those of the libraries, with the id of the request.

{"time": "2026-11-21T13:03:49.123456Z", "level": "info", "process": "worker", "event": "made", "what": "pool"}
"""

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import structlog
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from chaos_aura.platform.observe.encoding import as_line
from chaos_aura.platform.observe.request import REQUEST_ID, bound, request_id_of

__all__ = ["bound", "complain_of_file", "get_logger", "start_logs", "stop_logs"]

_STDOUT = 1


def get_logger() -> FilteringBoundLogger:
    return cast(FilteringBoundLogger, structlog.get_logger())


def complain_of_file(path: Path, cause: OSError) -> None:
    why = os.strerror(cause.errno or 0).lower()
    get_logger().error("a file cannot be written: what belongs there is lost", file=str(path), why=why)


def start_logs(process: str) -> logging.Handler:
    """Of the libraries' lines only warnings and worse: the rest is told better by our own spans and metrics."""
    processors = _processors(process)
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_Stdout,
        cache_logger_on_first_use=False,
    )
    handler = _Libraries(processors)
    logging.getLogger().addHandler(handler)
    logging.captureWarnings(True)
    return handler


def stop_logs(handler: logging.Handler) -> None:
    logging.captureWarnings(False)
    logging.getLogger().removeHandler(handler)
    structlog.reset_defaults()


class _Stdout:
    """A log that nobody takes is no reason to fail."""

    def msg(self, line: bytes) -> None:
        with suppress(OSError):
            os.write(_STDOUT, line)

    debug = info = warning = error = critical = msg


class _Libraries(logging.Handler):
    def __init__(self, processors: Sequence[Processor]) -> None:
        super().__init__(logging.WARNING)
        self._processors = processors
        self._stdout = _Stdout()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            told: Any = {"event": record.getMessage(), "logger": record.name}
            if record.exc_info:
                told["exc_info"] = record.exc_info
            for processor in self._processors:
                told = processor(None, record.levelname.lower(), told)
            self._stdout.msg(told)
        except Exception:  # noqa: BLE001 - the border: a library's bad line must not become its failure
            self.handleError(record)


def _processors(process: str) -> tuple[Processor, ...]:
    def name(_: Any, __: str, told: EventDict) -> EventDict:
        told["process"] = process
        return told

    return (
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        name,
        _add_request_id,
        structlog.processors.TimeStamper(fmt="iso", key="time"),
        structlog.processors.format_exc_info,
        _line_of,
    )


def _add_request_id(_: Any, __: str, told: EventDict) -> EventDict:
    if REQUEST_ID not in told and (request_id := request_id_of()):
        told[REQUEST_ID] = request_id
    return told


def _line_of(_: Any, __: str, told: EventDict) -> bytes:
    first = {key: told.pop(key) for key in ("time", "level", "process", "event") if key in told}
    return as_line({**first, **told})
