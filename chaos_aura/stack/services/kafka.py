"""Kafka as one KRaft node. Every edge has a listener of its own, which advertises that edge's proxy.

With one listener for all, a client would learn the broker's real address from its first answer and go round the proxy.
"""

import shutil
import subprocess

from chaos_aura.core.address import Address
from chaos_aura.core.catalogue import Service
from chaos_aura.core.errors import ServiceUnhealthy
from chaos_aura.stack.edges import edge_port_name
from chaos_aura.stack.java import NATIVE_ACCESS, SHORT_START, Jvm
from chaos_aura.stack.services.site import Site
from chaos_aura.stack.supervisor.program import Program

_CLUSTER = "Y2hhb3MtYXVyYS1sb2NhbA"  # any 16 bytes in base64; a store made under another would be refused
_HEAP = ("-Xms64m", "-Xmx384m")
_LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.log.kafka.server=info",
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.server.config=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSZ",
)
_FORMAT_WITHIN_S = 60


class Kafka:
    name = "kafka"

    def port_names(self, clients: tuple[str, ...]) -> tuple[str, ...]:
        return (self.name, "kafka.controller", *(f"kafka.for.{client}" for client in clients))

    def upstream(self, client: str, site: Site) -> Address:
        return site.address(f"kafka.for.{client}")

    def describe(self, site: Site) -> Service:
        return Service(self.name, site.direct(self.name), "", site.manifest.java_products[self.name].version)

    def jvm(self, site: Site) -> Jvm:
        classpath = tuple(site.cache.classpath(self.name, site.manifest))
        return Jvm(site.jre, classpath, (*SHORT_START, *NATIVE_ACCESS, *_HEAP, *_LOGGING))

    def prepare(self, site: Site) -> None:
        config = site.write_config(self.name, "server.properties", self._properties(site, f"data/{self.name}"))
        jvm = self.jvm(site)
        added = site.jvm_flags.get(self.name, ())
        arguments = [*jvm.flags, *added, "-cp", jvm.joined_classpath, "kafka.Kafka", str(config)]
        site.write_config(self.name, "java.arguments", "\n".join(map(_quoted, arguments)))
        if not (site.project.data(self.name) / "meta.properties").exists():
            self._format(site, jvm)

    def program(self, site: Site) -> Program:
        arguments = site.project.config(self.name) / "java.arguments"
        # The property only names the process for a person who reads `ps`: all else is in the file.
        argv = [str(site.jre.java), "-Druns=kafka.Kafka", f"@{arguments}"]
        return site.program(self.name, argv, grace_s=15, has_clock=True)

    def _properties(self, site: Site, data: str) -> str:
        advertised = {"DIRECT": site.direct(self.name)}
        listeners = {"DIRECT": site.listens(self.name)}
        for client in site.clients_of(self.name):
            listeners[client.upper()] = site.listens(f"kafka.for.{client}")
            advertised[client.upper()] = site.address(edge_port_name(client, self.name))
        listeners["CONTROLLER"] = site.direct("kafka.controller")  # it speaks to nobody but itself
        settings = {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{listeners['CONTROLLER']}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "DIRECT",
            "listeners": _listed(listeners),
            "advertised.listeners": _listed(advertised),
            "listener.security.protocol.map": ",".join(f"{name}:PLAINTEXT" for name in listeners),
            "log.dirs": data,  # as the process sees it: an absolute path may have a comma, which would split it
            "offsets.topic.replication.factor": "1",
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": "1",
            "transaction.state.log.min.isr": "1",
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
            "group.initial.rebalance.delay.ms": "0",
            # A killed broker is let in again only when its former session has ended: by default after 9 s.
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            # A clock set back within these (25 by default) leaves the controller waiting for the time it had: no topic
            # can be made until then, while the broker serves those there are.
            "controller.quorum.append.linger.ms": "0",
        }
        return "".join(f"{key}={value}\n" for key, value in settings.items())

    def _format(self, site: Site, jvm: Jvm) -> None:
        """In a folder beside, then renamed: a format that was interrupted leaves nothing that looks formatted."""
        data = site.project.data(self.name)
        fresh = data.with_name(f".{data.name}.fresh")
        shutil.rmtree(fresh, ignore_errors=True)
        config = site.write_config(self.name, "format.properties", self._properties(site, f"data/{fresh.name}"))
        arguments = [*SHORT_START, "-cp", jvm.joined_classpath, "kafka.tools.StorageTool"]
        arguments += ["format", "--cluster-id", _CLUSTER, "--config", str(config)]
        if trouble := _trouble_with([str(jvm.jre.java), *arguments], site):
            raise ServiceUnhealthy(self.name, f"its store could not be formatted ({trouble})", "run: chaos-aura doctor")
        fresh.replace(data)  # refused by the system when there are data that have lost their `meta.properties`


def _trouble_with(argv: list[str], site: Site) -> str:
    """Runs it to its end. Its last line when it failed, nothing when it did not."""
    try:
        done = subprocess.run(
            argv,
            cwd=site.project.home,
            env=site.service_environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_FORMAT_WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as cause:
        return str(cause)
    said = (done.stderr or done.stdout).strip().splitlines()
    return "" if done.returncode == 0 else (said or [f"exit {done.returncode}"])[-1]


def _listed(listeners: dict[str, Address]) -> str:
    return ",".join(f"{name}://{address}" for name, address in listeners.items())


def _quoted(argument: str) -> str:
    """For a Java argument file, where a blank ends an argument."""
    escaped = argument.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
