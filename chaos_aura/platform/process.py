"""How every process of the platform begins and ends: settings, observation, one coroutine, a clean exit."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import NoReturn

import uvloop

from chaos_aura.platform import observe
from chaos_aura.platform.errors import BadSettings
from chaos_aura.platform.observe.logs import get_logger
from chaos_aura.platform.settings import Settings, read_settings

_USAGE = 2
_ENDS_WITHIN_S = 9.0  # more than the longest drain, less than the patience of whoever ends this process
type Body = Callable[[Settings, observe.Observer, asyncio.Event], Awaitable[None]]


def run_process(argv: Sequence[str], body: Body, ends_within_s: float = _ENDS_WITHIN_S) -> NoReturn:
    """`body` ends soon after the event is set: SIGTERM or SIGINT has come. When it does not, the process ends without
    it: what is left undone is in Temporal or with whoever asked, as if it had been killed, but its log says so."""
    if len(argv) != _USAGE:
        _say(f"{Path(argv[0]).parent.name}: one argument is needed: the path of its settings file")
        _end(2)
    try:
        settings = read_settings(Path(argv[1]), os.environ)
    except BadSettings as bad:
        _say(str(bad))
        _end(2)
    gc.freeze()  # modules stay: looking through them for garbage again and again is wasted
    _end(uvloop.run(_run(settings, body, ends_within_s)))


async def _run(settings: Settings, body: Body, ends_within_s: float) -> int:
    observer = observe.start(settings)
    log = get_logger()
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()

    def told_to_end() -> None:
        if not ending.is_set():
            loop.call_later(ends_within_s, _leave, observer, ends_within_s)
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told_to_end)
    log.info("started", pid=os.getpid())
    try:
        await body(settings, observer, ending)
    except BadSettings as bad:
        log.error("cannot work with its settings", why=str(bad))
        return 2
    except Exception:  # the border of the process: the log has to tell why it ended
        log.exception("failed")
        return 1
    finally:
        log.info("ended")
        observer.close()
    return 0


def _leave(observer: observe.Observer, after_s: float) -> NoReturn:
    get_logger().warning("ended before its work was done", after_s=after_s)
    observer.close()
    _end(0)


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - before there is a log


def _end(code: int) -> NoReturn:
    """Without the interpreter's own end: a process that has used Temporal's client may crash in it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
