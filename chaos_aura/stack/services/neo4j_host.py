"""`python neo4j_host.py HOST.json`: this process becomes a Neo4j server."""

import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

import jpype


def main() -> int:
    host = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    # Blocked before the JVM starts its threads, so that only the wait below hears of it.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    jpype.startJVM(host["library"], *host["flags"], classpath=host["classpath"], convertStrings=False)
    try:
        server = _start_server(host)
    except jpype.JException as cause:
        _say(f"did not start: {_root_of(cause)}")
        return 1
    _say("started")
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    _say("was asked to end")
    server.shutdown()
    _say("shut down")
    jpype.shutdownJVM()
    _say("ended")
    return 0


def _start_server(host: dict[str, Any]) -> Any:
    builder = jpype.JClass("org.neo4j.dbms.api.DatabaseManagementServiceBuilder")
    path = jpype.JClass("java.nio.file.Path")
    return builder(path.of(host["home"])).loadPropertiesFromFile(path.of(host["settings"])).build()


def _root_of(cause: Any) -> str:
    while cause.getCause() is not None:
        cause = cause.getCause()
    return str(cause.toString())


def _say(line: str) -> None:
    print(time.strftime("%Y-%m-%dT%H:%M:%S%z"), "neo4j:", line, flush=True)  # noqa: T201 - a service's log is its output


if __name__ == "__main__":
    sys.exit(main())
