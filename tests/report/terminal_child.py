"""A run's terminal on the standard error that this process has, told by lines of standard input what to do."""

import logging
import os
import sys
import threading

from chaoslib.log import configure_logger
from run_results import result_of
from standings import hurt, usual

from chaos_aura.report.terminal import Terminal
from chaos_aura.run.standing import Phase, Standing

_STANDINGS = {"usual": usual, "hurt": hurt}


class Clock:
    """Enough time passes between any two commands for a region to be drawn."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


class Run:
    def __init__(self, terminal: Terminal, clock: Clock) -> None:
        self._terminal = terminal
        self._clock = clock
        self._log = logging.getLogger("chaostoolkit")

    def obey(self, word: str, rest: str) -> None:
        self._clock.now_s += 1
        getattr(self, f"do_{word}")(rest)

    def do_show(self, which: str) -> None:
        self._terminal.show(_STANDINGS[which]())

    def do_say(self, line: str) -> None:
        self._terminal.say(line)

    def do_log(self, line: str) -> None:
        self._log.info(line)

    def do_write(self, line: str) -> None:
        sys.stderr.write(f"{line}\n")

    def do_conclude(self, outcome: str) -> None:
        self._terminal.conclude(result_of(outcome))

    def do_raise(self, why: str) -> None:
        raise RuntimeError(why)

    def do_threads(self, word: str) -> None:
        """Three that log at once, while the region is drawn again and again, and never with as many lines as before."""
        sys.setswitchinterval(1e-6)
        logging_threads = [threading.Thread(target=self._log_many, args=(word, number)) for number in range(3)]
        for thread in logging_threads:
            thread.start()
        for _ in range(100):
            for standing in (hurt(), Standing(Phase.FAULT, 1.0)):
                self._clock.now_s += 1
                self._terminal.show(standing)
        for thread in logging_threads:
            thread.join()

    def _log_many(self, word: str, number: int) -> None:
        for count in range(50):
            self._log.warning("%s", f"{word} {number}-{count} ".ljust(100, "."))


def main() -> None:
    configure_logger()  # as `chaos` itself does, before it imports anything of ours
    clock = Clock()
    terminal = Terminal.on(sys.stderr, os.environ, clock)
    with terminal, terminal.logs_above():
        run = Run(terminal, clock)
        for line in sys.stdin:
            word, _, rest = line.rstrip("\n").partition(" ")
            run.obey(word, rest)
    logging.getLogger("chaostoolkit").info("after")


if __name__ == "__main__":
    main()
