"""oom_kill: a container needs more memory than it may have, until the kernel kills its process.

Its limit is set just above what it uses. A program inside then takes more; process 1 of the container is made the first
choice of the kernel, so that not this program is killed but the service.
"""

from dataclasses import dataclass
from typing import ClassVar

from chaos_aura.containers.container import Container
from chaos_aura.containers.engine import Engine
from chaos_aura.containers.happened import DIE, OOM, happened, now_s
from chaos_aura.containers.inside import begin_inside, user_able_to
from chaos_aura.core.errors import ChaosAuraError, NotAnswered, TargetUnfit
from chaos_aura.core.fault import YES, Capability, Fault, Proof, no
from chaos_aura.faults.awaiting import await_proof
from injectors.docker.inside.sharing import lives_alone
from injectors.docker.kernel import Kernel
from injectors.docker.lifecycle.revival import back, comes_back, is_left
from injectors.docker.one import Data, Known, Part, refuse_another_life
from injectors.docker.resources.choice import FIRST, Choice
from injectors.docker.resources.memory import LIMIT, MB, former_of, limited_to, owned_bytes
from injectors.docker.resources.updated import is_set
from injectors.refusal import refuse_unless

_MORE_BYTES = 16 * MB  # for the programs that are run inside
_LEAST_BYTES = 24 * MB
_KILLED_WITHIN_S = 4.0
_COULD = "command -v dd && cat /proc/1/oom_score_adj > /proc/1/oom_score_adj"  # which changes nothing
_TAKE = "echo {first} > /proc/1/oom_score_adj && exec dd if=/dev/zero of=/dev/null bs={size} count=1"
_INSTEAD = "use kill with comes_back=false"


@dataclass(frozen=True)
class OomKill:
    engine: Engine
    kernel: Kernel
    written: ClassVar[str] = "memory"

    def can(self, fault: Fault, now: Container) -> Capability:
        back_again = comes_back(now, _INSTEAD)
        if not back_again:
            return back_again
        if not (alone := lives_alone(now)):
            return alone
        try:
            owned_bytes(self.kernel, now)
            user = user_able_to(self.engine, now, _COULD)
        except ChaosAuraError as cause:
            return no(f"{cause.where} {cause.why}", cause.remedy)
        if user is None:
            return no(f"{now.name} has no `dd` inside, or its first process may not be chosen", "use kill")
        return YES

    def takes_s(self, fault: Fault) -> float:
        return 0.0

    def prepare(self, fault: Fault, now: Container, lease_id: str) -> Part:
        limit = max(_LEAST_BYTES, owned_bytes(self.kernel, now) + _MORE_BYTES)
        present = int(now.host_config.get("Memory") or 0)
        if present and present < limit:
            limit = present
        data = {
            "limit": limit,
            "former": [dict(step) for step in former_of(now)],
            "user": user_able_to(self.engine, now, _COULD) or "",
            "score": self._choice.read(now),
            "at_s": now_s(self.engine),
        }
        first = former_of(now)[0]
        touches = (
            f"memory of container {now.name} is limited to {limit // MB} MB for a moment, and more than that is taken "
            "inside: the kernel kills its process, its engine starts it again",
        )
        user = "-u 0 " if data["user"] else ""
        score = f"docker exec {user}{now.name} sh -c 'echo {data['score']} > /proc/1/oom_score_adj'"
        by_hand = f"docker update --memory {first['Memory']} --memory-swap {first['MemorySwap']} {now.name}"
        return Part(data, touches, f"{by_hand}; docker start {now.name}; {score}")

    def inject(self, known: Known, now: Container, data: Data) -> None:
        """The limit is taken back at once, so that the next process begins without it. So does healing, if we die."""
        refuse_another_life(known, now)
        refuse_unless(lives_alone(now), known.name)
        take = ("sh", "-c", _TAKE.format(first=FIRST, size=data["limit"] + 4 * MB))
        try:
            self.engine.order(f"containers/{known.id}/update", limited_to(data["limit"]))
            begin_inside(self.engine, now, take, user=data["user"])
            await_proof(lambda: self._killed(known, data), _KILLED_WITHIN_S)
        finally:
            self._give_back(known, data)

    def heal(self, known: Known, now: Container, data: Data) -> None:
        if self._is_limited(now, data):
            self._give_back(known, data)
        if self._is_first_choice(known, now, data):
            self._choice.write(now, data["score"], data["user"])
        if is_left(self.engine, known, now, data["at_s"]):
            with self.engine.talking(known.name):
                self.engine.api.start(known.id)

    def in_force(self, known: Known, now: Container, data: Data) -> Proof:
        return self._killed(known, data)

    def gone(self, known: Known, now: Container, data: Data) -> Proof:
        if self._is_limited(now, data):
            return Proof(False, f"its memory is still limited to {data['limit'] // MB} MB")
        proof = back(self.engine, known, now, data["at_s"])
        if not proof or not now.is_running:
            return proof
        if self._is_first_choice(known, now, data):
            return Proof(False, "its first process is still the kernel's first choice (oom_score_adj)")
        limit = self.kernel.number(now, LIMIT)
        return Proof(proof.holds and limit != data["limit"], f"{proof.seen}, with its former memory", proof.facts)

    def _killed(self, known: Known, data: Data) -> Proof:
        """Its end is the engine's word, the reason the kernel's."""
        found = happened(self.engine, known.id, data["at_s"])
        is_dead = found.has(DIE) or (known.process_id is not None and not known.process_id.is_alive())
        if found.has(OOM) and is_dead:
            return Proof(True, "was killed by the kernel for want of memory")
        if is_dead and not found.all_known:
            return Proof(False, "is dead, and its engine has forgotten of what")
        return Proof(False, f"{'is dead' if is_dead else 'lives'}, and was not killed for want of memory")

    @property
    def _choice(self) -> Choice:
        return Choice(self.engine)

    def _is_first_choice(self, known: Known, now: Container, data: Data) -> bool:
        """The process that was to be killed, and lives. Who comes after it is chosen as before."""
        if not known.lives_on(now) or (known.process_id and not known.process_id.is_alive()):
            return False
        return data["score"] != FIRST and self._choice.read(now) == FIRST

    def _is_limited(self, now: Container, data: Data) -> bool:
        ours = limited_to(data["limit"])
        return is_set(now, ours) and data["former"][0] != dict(ours)

    def _give_back(self, known: Known, data: Data) -> None:
        """An engine that is about to start the process again refuses for a moment."""

        def given() -> Proof:
            try:
                for step in data["former"]:
                    self.engine.order(f"containers/{known.id}/update", step)
            except (TargetUnfit, NotAnswered) as cause:
                return Proof(False, str(cause))
            return Proof(True, "given back")

        await_proof(given, 1.0)
