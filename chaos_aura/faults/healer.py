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
from typing import Any

from chaos_aura.core.errors import ChaosAuraError
from chaos_aura.faults.engine import this_process
from chaos_aura.faults.ground import Ground
from chaos_aura.faults.healing import Healing, Outcome
from chaos_aura.faults.healing_all import heal_all
from chaos_aura.faults.ledger import Ledger
from chaos_aura.faults.place import TIMELINE
from chaos_aura.faults.registry import Registry
from chaos_aura.faults.telling import Telling


class Healer:
    def __init__(self, home: Path) -> None:
        ground = Ground(home, dict(os.environ))
        self._registry = Registry.installed(ground)
        self._ledger = Ledger(ground.folder)
        self._healing = Healing(self._ledger, self._registry, Telling(ground.folder / TIMELINE), this_process())
        self._speaking = threading.Lock()

    def run(self) -> None:
        self._say({"ready": True})
        threading.Thread(target=self._warm_up, daemon=True).start()
        for line in sys.stdin:
            ids = json.loads(line)["heal"]
            threading.Thread(target=self._heal, args=(ids,), daemon=True).start()

    def _warm_up(self) -> None:
        """Heavy libraries, before they are needed."""
        for injector in self._registry.injectors:
            warm_up = getattr(injector, "warm_up", None)
            if warm_up:
                try:
                    warm_up()
                except Exception as cause:  # noqa: BLE001 - the border to a stranger's code: healing goes on without
                    print(f"healer: {injector.name}: {cause!r}", file=sys.stderr, flush=True)  # noqa: T201

    def _heal(self, ids: list[str]) -> None:
        """Each is answered for, whatever happens."""
        try:
            leases = self._ledger.leases()
            chosen = [leases[lease_id] for lease_id in ids if lease_id in leases and leases[lease_id].is_open]
            others = [lease for lease in leases.values() if lease.is_open]
            outcomes = {outcome.lease.id: outcome for outcome in heal_all(self._healing, chosen, others)}
        except ChaosAuraError as cause:
            self._answer(ids, {}, str(cause))
        except Exception as cause:  # noqa: BLE001 - the border: the reaper must hear of each
            self._answer(ids, {}, repr(cause))
        else:
            self._answer(ids, outcomes, "")

    def _answer(self, ids: list[str], outcomes: dict[str, Outcome], trouble: str) -> None:
        for lease_id in ids:
            outcome = outcomes.get(lease_id)
            ending = outcome.ending.value if outcome else "stuck" if trouble else "healed"
            why = outcome.why if outcome else trouble or "it was healed already"
            self._say({"id": lease_id, "ending": ending, "why": why})

    def _say(self, message: dict[str, Any]) -> None:
        with self._speaking:
            sys.stdout.write(json.dumps(message) + "\n")
            sys.stdout.flush()


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    healer = Healer(Path(sys.argv[1]))
    try:
        healer.run()
    finally:
        os._exit(0)  # a heal that hangs must not keep it


if __name__ == "__main__":
    main()
