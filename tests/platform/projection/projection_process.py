"""The projection as its own process, as the stack runs it, and what it tells of itself."""

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

from awaiting import wait_until
from clients import kafka

from chaos_aura.core.address import LOOPBACK
from chaos_aura.platform.events.topics import EVENTS
from chaos_aura.stack.ports import Reservation, choose

COMMAND = (sys.executable, "-P", "-m", "chaos_aura.platform.projection")
_WITHIN_S = 60.0
_ENDS_WITHIN_S = 60.0


@dataclass
class ProjectionProcess:
    """Its log and its settings lie in `home`. `kafka` and `redis` are the addresses that it uses."""

    home: Path
    kafka: str
    redis: str
    name: str = "projection"
    _port: Reservation = field(default_factory=lambda: choose(1, random.Random()))
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def listen(self) -> str:
        return f"{LOOPBACK}:{self._port.ports[0]}"

    def start(self) -> None:
        self._process = self._run(self.name)

    def kill(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGKILL)
        self._process.wait(_ENDS_WITHIN_S)

    def terminate(self) -> int:
        """Its exit code."""
        assert self._process
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(_ENDS_WITHIN_S)

    def end(self) -> None:
        if self._process and self._process.poll() is None:
            self.kill()
        self._port.release()

    def rebuild(self) -> "subprocess.Popen[bytes]":
        return self._run("rebuild", "--rebuild")

    def page(self, path: str) -> tuple[int, str]:
        """Status 0 when nobody answers."""
        try:
            with urlopen(f"http://{self.listen}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except HTTPError as answer:
            with answer:
                return answer.code, answer.read().decode()
        except (URLError, OSError):
            return 0, ""

    def readiness(self) -> dict[str, Any]:
        status, text = self.page("/readyz")
        return {"http": status, **(json.loads(text) if text else {})}

    def is_ready(self) -> bool:
        return self.readiness()["http"] == 200

    def wait_until_ready(self) -> None:
        wait_until(self.is_ready, _WITHIN_S, "the projection is ready")

    def wait_until_caught_up(self) -> None:
        """With all that is on Kafka now: the lags that it tells may be a second old."""
        ends = _ends(self.kafka)

        def has_read_all() -> bool:
            partitions = self.readiness().get("partitions", {})
            return all(
                str(each) in partitions and (partitions[str(each)]["position"] or 0) >= end
                for each, end in ends.items()
            )

        wait_until(has_read_all, _WITHIN_S, f"the projection has read all events, up to {ends}")

    def log(self) -> list[dict[str, Any]]:
        lines = (self.home / f"{self.name}.log").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def _run(self, log: str, *more: str) -> "subprocess.Popen[bytes]":
        config = self.home / f"{self.name}.json"
        config.write_text(json.dumps(self._settings()), encoding="utf-8")
        argv = [*COMMAND, str(config), *more]
        with (self.home / f"{log}.log").open("ab") as out:
            return subprocess.Popen(argv, cwd=self.home, stdin=subprocess.DEVNULL, stdout=out, stderr=out)

    def _settings(self) -> dict[str, str]:
        told = {"process": self.name, "home": ".", "listen": self.listen}
        return told | {"kafka": self.kafka, "redis": self.redis}


@contextmanager
def projecting(home: Path, kafka: str, redis: str, name: str = "projection") -> Iterator[ProjectionProcess]:
    """Started; gone afterwards, however it is then."""
    home.mkdir(exist_ok=True)
    one = ProjectionProcess(home, kafka, redis, name)
    one.start()
    try:
        yield one
    finally:
        one.end()
        print(*one.log()[-40:], sep="\n")  # noqa: T201 - seen where a test fails


def kill_after(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Nothing happens to one that has ended by then."""
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    if process.poll() is None:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(_ENDS_WITHIN_S)


def _ends(address: str) -> dict[int, int]:
    consumer = kafka.KafkaConsumer(bootstrap_servers=address, metrics_enabled=False)
    try:
        partitions = [kafka.TopicPartition(EVENTS, each) for each in consumer.partitions_for_topic(EVENTS)]
        return {each.partition: end for each, end in consumer.end_offsets(partitions).items()}
    finally:
        consumer.close()
