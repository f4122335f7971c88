"""What the engine is asked, and that each way in which it can be unfit is one line with what to do about it."""

import gc
import os
import socket
import stat
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import docker.errors  # noqa: F401 - while this user may still look for it
import pytest
from docker_engine import MARK, labels_of
from ordinary_user import as_ordinary_user

from chaos_aura.containers.engine import Engine, NoSuchContainer, is_conflict
from chaos_aura.containers.sockets import SYSTEM
from chaos_aura.core.errors import ChaosAuraError, MachineLacks, NotAnswered, TargetUnfit

_WITHIN_S, _PATIENT_S = 0.5, 30.0  # with one that hangs; with one that answers


@pytest.fixture
def folder() -> Iterator[Path]:
    """Short: the path of a socket has at most 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="sock") as one:
        yield Path(one)


@contextmanager
def listening(
    path: Path, answer: Callable[[socket.socket], None] | None, within_s: float = _PATIENT_S
) -> Iterator[Engine]:
    """Somebody in place of an engine, who does that with each connection; without it he accepts none."""
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(5)

        def serve() -> None:
            with suppress(OSError):
                while True:
                    connection = server.accept()[0]
                    with connection, suppress(OSError):
                        answer(connection)

        thread = threading.Thread(target=serve if answer else lambda: None)
        thread.start()
        try:
            yield at(path, within_s)
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def at(path: Path, within_s: float = _PATIENT_S) -> Engine:
    return Engine({"DOCKER_HOST": f"unix://{path}"}, within_s)


def refusal(engine: Engine) -> ChaosAuraError:
    with pytest.raises(ChaosAuraError) as refused:
        engine.info()
    assert "\n" not in str(refused.value)
    return refused.value


def says(text: str) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        connection.recv(10_000)
        connection.sendall(text.encode())

    return answer


def hangs(connection: socket.socket) -> None:
    while connection.recv(10_000):
        pass


def stops_in_the_middle(connection: socket.socket) -> None:
    says("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")(connection)
    hangs(connection)


def http(body: str, status: str = "200 OK") -> str:
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nContent-Type: application/json\r\n\r\n{body}"


def test_no_socket_is_an_engine_that_does_not_run(folder: Path) -> None:
    refused = refusal(at(folder / "none"))
    assert isinstance(refused, MachineLacks)
    assert refused.why == f"does not run: there is no unix://{folder}/none"
    assert "DOCKER_HOST" in refused.remedy


def test_a_socket_that_was_left_is_an_engine_that_does_not_run(folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "left"))
    refused = refusal(at(folder / "left"))
    assert isinstance(refused, MachineLacks)
    assert refused.why == f"does not run: nobody listens on unix://{folder}/left"


def test_a_socket_of_others_says_how_to_be_let_in(folder: Path) -> None:
    with listening(folder / "closed", hangs) as engine:
        (folder / "closed").chmod(0)
        with as_ordinary_user():
            refused = refusal(engine)
    assert isinstance(refused, MachineLacks)
    assert refused.why == f"unix://{folder}/closed may not be opened by this user"
    assert "group docker" in refused.remedy


def test_the_machines_own_socket_is_closed_to_strangers(engine: Engine) -> None:
    path = Path(engine.address.removeprefix("unix://"))
    if os.geteuid() or path.stat().st_mode & stat.S_IWOTH:
        pytest.skip("only root can become a user who may not open the engine's socket")
    own = Engine(engine.environ)
    with as_ordinary_user():
        refused = refusal(own)
    assert refused.why == f"{engine.address} may not be opened by this user"


@pytest.mark.parametrize("answer", [hangs, stops_in_the_middle, None])
def test_one_that_hangs_is_told_in_time(folder: Path, answer: Callable[[socket.socket], None] | None) -> None:
    with listening(folder / "hangs", answer, _WITHIN_S) as engine:
        if not answer:
            [knock(folder / "hangs") for _ in range(6)]
        began_s = time.monotonic()
        refused = refusal(engine)
        assert time.monotonic() - began_s < 20 * _WITHIN_S
    assert isinstance(refused, NotAnswered)
    assert refused.why == f"gave no answer within {_WITHIN_S:g} s"


@pytest.mark.parametrize(
    "text",
    [
        "what?\r\n\r\n",
        http("not JSON"),
        http("{}"),
        http('{"ApiVersion": "1.1"}'),
        "",
    ],
    ids=["no HTTP", "no JSON", "no version", "too old", "nothing"],
)
def test_one_that_is_none_is_told(folder: Path, text: str) -> None:
    with listening(folder / "nonsense", says(text)) as engine:
        refused = refusal(engine)
    assert isinstance(refused, MachineLacks)
    assert f"cannot be spoken to at unix://{folder}/nonsense" in refused.why


def test_one_that_is_broken_says_so_itself(folder: Path) -> None:
    with listening(folder / "broken", says(http('{"message": "disk is full"}', "500 Oh"))) as engine:
        refused = refusal(engine)
    assert "disk is full" in refused.why


def test_what_comes_together_with_the_headers_is_heard(folder: Path) -> None:
    """As of a short program, and of an engine behind something that passes on."""

    def answer(connection: socket.socket) -> None:
        asked = connection.recv(10_000)
        if b"/exec/" not in asked:
            connection.sendall(http('{"ApiVersion": "1.41"}').encode())
            return
        while not asked.endswith(b"}"):
            asked += connection.recv(10_000)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nhello")

    with listening(folder / "quick", answer) as engine:
        assert engine.heard("exec/4f2a/start", {"Tty": False, "Detach": False}) == b"hello"


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # Docker's client leaves open what it cannot connect
def test_one_that_ends_while_it_is_used_is_told(folder: Path) -> None:
    with listening(folder / "ends", says(http('{"ApiVersion": "1.41", "ID": "x"}'))) as engine:
        assert engine.info()["ID"] == "x"
    assert refusal(engine).why == f"does not run: nobody listens on unix://{folder}/ends"
    (folder / "ends").unlink()
    assert refusal(engine).why == f"does not run: there is no unix://{folder}/ends"
    gc.collect()  # so that it is this test that does not mind


@pytest.mark.parametrize("host", ["nonsense://x", "unix://", "tcp://127.0.0.1:1", "tcp://", "ssh://nobody.invalid"])
def test_an_address_that_leads_nowhere_is_told(host: str) -> None:
    refused = refusal(Engine({"DOCKER_HOST": host}, _WITHIN_S))
    assert isinstance(refused, MachineLacks)
    assert host in refused.why


def test_of_a_path_it_is_told_how_an_address_is_written() -> None:
    engine = Engine({"DOCKER_HOST": "/var/run/docker.sock"}, _WITHIN_S)
    told = "DOCKER_HOST: is /var/run/docker.sock, which is no address; write unix:///var/run/docker.sock"
    assert str(refusal(engine)) == told
    with pytest.raises(MachineLacks, match=told):
        engine.refuse_elsewhere()


def test_certificates_that_are_missing_are_told(folder: Path) -> None:
    environ = {"DOCKER_HOST": "tcp://127.0.0.1:1", "DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(folder)}
    assert isinstance(refusal(Engine(environ, _WITHIN_S)), MachineLacks)


def test_only_a_socket_of_this_machine_tells_of_its_processes() -> None:
    assert Engine({}).is_of_this_machine
    assert Engine({"DOCKER_HOST": "unix:///run/other.sock"}).is_of_this_machine
    assert not Engine({"DOCKER_HOST": "tcp://10.0.0.1:2375"}).is_of_this_machine


def test_without_its_client_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setitem(sys.modules, "docker", None)
    refused = refusal(at(folder / "none"))
    assert isinstance(refused, MachineLacks)
    assert (refused.why, refused.remedy) == ("package `docker` is missing", "pip install 'chaos-aura[docker]'")


def test_where_nothing_is_said_the_first_usual_socket_that_is_there_is_meant(folder: Path) -> None:
    environ = {"XDG_RUNTIME_DIR": str(folder)}
    before = Engine(environ).address
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(folder / "docker.sock"))
        here = f"unix://{folder}/docker.sock"
        assert Engine(environ).address == (before if SYSTEM.exists() else here)
        assert Engine({**environ, "DOCKER_HOST": "unix:///run/x"}).address == "unix:///run/x"
        assert before == f"unix://{SYSTEM}"


def test_one_of_another_machine_is_refused_where_its_ports_matter() -> None:
    with pytest.raises(MachineLacks, match="not known to be of this machine"):
        Engine({"DOCKER_HOST": "tcp://127.0.0.1:1"}).refuse_elsewhere()
    Engine({}).refuse_elsewhere()


def test_its_name_in_a_message_tells_nothing_of_the_environment() -> None:
    assert "hunter2" not in repr(Engine({"PASSWORD": "hunter2"}))


def test_it_tells_of_itself(engine: Engine) -> None:
    assert engine.info()["OSType"] == "linux"


def test_what_is_not_there_is_told_by_name(engine: Engine) -> None:
    with pytest.raises(NoSuchContainer, match="there-is-none: No such container"):
        engine.inspect("there-is-none")
    assert engine.find("there-is-none") is None


def test_what_it_refuses_is_told_in_its_own_words(engine: Engine, base_image: str, docker_mark: str) -> None:
    container = engine.api.create_container(base_image, "sleep 100", labels=labels_of(docker_mark))["Id"]
    name = engine.inspect(container).name
    with (
        pytest.raises(TargetUnfit, match=f"{name}: the engine refused: .*is not running") as refused,
        engine.talking(name),
    ):
        engine.api.pause(container)
    assert "\n" not in str(refused.value)
    assert is_conflict(refused.value.__cause__)
    engine.api.remove_container(container)


def test_containers_are_found_by_their_labels(engine: Engine, base_image: str, docker_mark: str) -> None:
    def create(**labels: str) -> str:
        return engine.api.create_container(base_image, "true", labels={**labels_of(docker_mark), **labels})["Id"]

    made = [create(side="left"), create(side="right"), create()]
    mine = {MARK: docker_mark}
    assert {each.id for each in engine.containers(mine)} == set(made)
    assert [each.id for each in engine.containers({**mine, "side": "left"})] == made[:1]
    assert {each.id for each in engine.containers({**mine, "side": ""})} == set(made[:2])
    assert engine.containers({**mine, "side": "up"}) == ()
    for each in made:
        engine.api.remove_container(each)


def knock(path: Path) -> None:
    """Fills the queue of those who wait to be accepted."""
    with socket.socket(socket.AF_UNIX) as one, suppress(OSError):
        one.setblocking(False)
        one.connect(str(path))
