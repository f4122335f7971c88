"""The network namespace of a container, entered from this machine: commands in it, sockets in it.

One thread enters, does what is to be done, and ends: this process itself stays where it is.
"""

import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from chaos_aura.containers.container import Container
from chaos_aura.containers.inside import Done
from chaos_aura.core.errors import MachineLacks, NotAnswered, TargetUnfit

_WITHIN_S = 4.0
_OURS = "/proc/self/ns/net"
WIDE_PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin"  # where not every user looks


@dataclass(frozen=True, slots=True)
class Namespace:
    """Held by a descriptor: it cannot become another one's while it is used, whatever ends meanwhile."""

    descriptor: int
    of: str

    def do[R](self, what: Callable[[], R]) -> R:
        """In it. A socket that is made there stays of that network, whoever uses it afterwards."""

        def entered() -> R:
            os.setns(self.descriptor, os.CLONE_NEWNET)
            return what()

        return _in_a_thread(entered, self.of)

    def run(self, argv: Sequence[str], given: str = "") -> Done:
        """A program of this machine, in that network. `given` is what it reads."""
        return self.do(lambda: _run(argv, given, self.of))


@contextmanager
def namespace_of(container: Container) -> Iterator[Namespace]:
    """MachineLacks when this user may not enter it; TargetUnfit when it has none of its own."""
    process = container.process
    if process is None:
        raise TargetUnfit(container.name, "has no process on this machine", "see: docker ps -a")
    path = f"/proc/{process.pid}/ns/net"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError as cause:
        raise MachineLacks(f"network of {container.name}", "may not be entered by this user", "run as root") from cause
    except OSError as cause:
        raise TargetUnfit(container.name, "has just ended", "see: docker ps -a") from cause
    try:
        if not process.is_alive():
            raise TargetUnfit(container.name, "has just ended", "see: docker ps -a")
        if os.fstat(descriptor).st_ino == os.stat(_OURS).st_ino:  # noqa: PTH116 - of what it points to
            raise TargetUnfit(
                container.name, "shares the network of this machine", "give it a network of its own, or choose its edge"
            )
        yield Namespace(descriptor, container.name)
    finally:
        os.close(descriptor)


@contextmanager
def empty_namespace() -> Iterator[Namespace]:
    """A new one in which nobody is, to try things. It ends with the block."""

    def opened() -> int:
        os.unshare(os.CLONE_NEWNET)
        return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)

    descriptor = _in_a_thread(opened, "a network to try things in")
    try:
        yield Namespace(descriptor, "a network to try things in")
    finally:
        os.close(descriptor)


def run_here(argv: Sequence[str]) -> Done:
    """The same program, in the network of this machine."""
    return _run(argv, "", "this machine")


def _in_a_thread[R](do: Callable[[], R], where: str) -> R:
    done: list[R] = []
    failed: list[BaseException] = []

    def target() -> None:
        try:
            done.append(do())
        except BaseException as cause:  # noqa: BLE001 - raised again below
            failed.append(cause)

    thread = threading.Thread(target=target, name="in another network", daemon=True)
    thread.start()
    thread.join()
    if failed and isinstance(failed[0], PermissionError):
        raise MachineLacks(where, "network namespaces may not be entered by this user", "run as root") from failed[0]
    if failed:
        raise failed[0]
    return done[0]


def _run(argv: Sequence[str], given: str, where: str) -> Done:
    try:
        done = subprocess.run(
            [shutil.which(argv[0], path=WIDE_PATH) or argv[0], *argv[1:]],
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired as cause:
        raise NotAnswered(where, f"`{argv[0]}` did not end within {_WITHIN_S:g} s", "try again") from cause
    except OSError as cause:
        raise MachineLacks(where, f"`{argv[0]}` cannot be run: {cause.strerror}", "install it") from cause
    return Done(done.returncode, done.stdout)
