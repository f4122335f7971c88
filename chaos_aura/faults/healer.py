"""`python -P -m chaos_aura.faults.healer HOME`: heals what the reaper tells it, with every injector loaded beforehand.

In, a line each: {"heal": ["01K9...", ...]}. Out: {"ready": true} once, then for each lease
{"id": "01K9...", "ending": "healed", "why": "..."}. It ends when the reaper does.
"""

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import IO, Any

from chaos_aura.faults.ground import Ground
from chaos_aura.faults.healing import Ending, Healing, Outcome
from chaos_aura.faults.healing_all import heal_all
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.owner import this_process
from chaos_aura.faults.place import TIMELINE
from chaos_aura.faults.registry import Registry
from chaos_aura.faults.telling import Telling


class Healer:
    def __init__(self, home: Path, orders: IO[str], answers: IO[str]) -> None:
        self._orders, self._answers = orders, answers
        ground = Ground(home, dict(os.environ))
        self._registry = Registry.installed(ground)
        self._ledger = Ledger(ground.folder)
        telling = Telling(ground.folder / TIMELINE)
        self._healing = Healing(self._ledger, self._registry, telling, this_process(), on_end=self._answer)
        self._speaking = threading.Lock()

    def run(self) -> None:
        self._say({"ready": True})
        threading.Thread(target=self._warm_up, daemon=True).start()
        for line in self._orders:
            ids = json.loads(line)["heal"]
            threading.Thread(target=self._heal, args=(ids,), daemon=True).start()

    def _warm_up(self) -> None:
        """Heavy libraries, before they are needed."""
        for injector in self._registry.injectors:
            warm_up = getattr(injector, "warm_up", None)
            if warm_up:
                try:
                    warm_up()
                except (Exception, SystemExit) as cause:  # noqa: BLE001 - the border to a stranger: healing goes on without
                    print(f"healer: {injector.name}: {cause!r}", file=sys.stderr, flush=True)  # noqa: T201

    def _heal(self, ids: list[str]) -> None:
        """Each is answered for, as soon as it has ended."""
        try:
            leases = self._ledger.leases()
            open_leases = {lease.id: lease for lease in leases.values() if lease.is_open}
            chosen = [open_leases[lease_id] for lease_id in ids if lease_id in open_leases]
            for lease_id in ids:
                if lease_id not in open_leases:
                    self._say({"id": lease_id, "ending": "healed", "why": "it was healed already"})
            for outcome in heal_all(self._healing, chosen, open_leases.values()):
                if outcome.ending is Ending.WAITING:
                    self._answer(outcome)
        except Exception as cause:  # noqa: BLE001 - the border: the reaper must hear of each
            for lease_id in ids:
                self._say({"id": lease_id, "ending": "stuck", "why": str(cause) or repr(cause)})

    def _answer(self, outcome: Outcome) -> None:
        self._say({"id": outcome.lease.id, "ending": outcome.ending.value, "why": outcome.why})

    def _say(self, message: dict[str, Any]) -> None:
        with self._speaking:
            self._answers.write(json.dumps(message) + "\n")
            self._answers.flush()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    orders, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)  # what an injector prints is not an answer
    healer = Healer(Path(sys.argv[1]), orders, answers)
    try:
        healer.run()
    finally:
        os._exit(0)  # a heal that hangs must not keep it


if __name__ == "__main__":
    main()
