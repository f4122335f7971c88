"""Spans for a collector over HTTP."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from awaiting import wait_until
from observed import run_observed, spans_of
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from chaos_aura.platform.observe import Observer
from chaos_aura.platform.observe.spans import step


class Collector:
    def __init__(self) -> None:
        self.received: list[tuple[str, ExportTraceServiceRequest]] = []
        collector = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                collector.received.append((self.path, ExportTraceServiceRequest.FromString(body)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the library's name
                """Tests are quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    one = Collector()
    yield one
    one.close()


@pytest.mark.parametrize("suffix", ["", "/", "/v1/traces"])
def test_spans_are_delivered_and_kept(
    collector: Collector, start: Callable[..., Observer], home: Path, suffix: str
) -> None:
    observer = start(otlp_endpoint=collector.endpoint + suffix)
    with step("take GPUs", "pool", request_id="r-1", count=2):
        pass
    wait_until(lambda: collector.received, 20, "a batch arrives")
    observer.close()
    path, request = collector.received[0]
    assert path == "/v1/traces"
    (resource,) = request.resource_spans
    told = {each.key: each.value.string_value for each in resource.resource.attributes}
    assert told["service.name"] == "worker"
    (span,) = resource.scope_spans[0].spans
    attributes = {each.key: each.value.string_value for each in span.attributes}
    assert (span.name, attributes["request_id"], attributes["input"]) == ("take GPUs", "r-1", '{"count":2}')
    assert spans_of(home)[0]["span_id"] == span.span_id.hex()


def test_a_collector_that_is_away_costs_no_span_in_the_file(start: Callable[..., Observer], home: Path) -> None:
    away = Collector()
    away.close()
    observer = start(otlp_endpoint=away.endpoint)
    for number in range(10):
        with step("write", "neo4j", number=number):
            pass
    observer.close()
    assert [span["input"]["number"] for span in spans_of(home)] == list(range(10))


def test_without_a_collector_its_client_is_not_imported(home: Path) -> None:
    said = run_observed("worker", home, "print(any('otlp' in name and 'exporter' in name for name in sys.modules))")
    assert said == "False\n"
