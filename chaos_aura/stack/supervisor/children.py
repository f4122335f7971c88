"""All supervised processes of one stack."""

from collections.abc import Callable

from chaos_aura.core.errors import BadInput
from chaos_aura.stack.supervisor.child import Child
from chaos_aura.stack.supervisor.program import Program, Programs
from chaos_aura.supervision.state import ChildState, ChildStatus

_QUIET = frozenset({ChildState.STOPPED, ChildState.ENDED})
_TOLD = _QUIET | {ChildState.STOPPING}


class Children:
    def __init__(self, programs: Programs, say: Callable[[str], None]) -> None:
        self.are_ending = False
        self._say = say
        self._by_name = {program.name: Child(program, say) for program in programs.programs}

    @property
    def are_quiet(self) -> bool:
        return all(child.state in _QUIET for child in self._by_name.values())

    def start(self) -> None:
        for child in self._by_name.values():
            if child.program.starts:
                child.start()

    def tick(self) -> float:
        """Does what is due. Returns when (monotonic) there is more to do."""
        for child in self._by_name.values():
            child.tick()
        if self.are_ending:
            self._end_next()
        return min((child.due_s for child in self._by_name.values()), default=float("inf"))

    def shorten_logs(self) -> None:
        for child in self._by_name.values():
            child.shorten_log()

    def end(self) -> None:
        """In two steps, of which `tick` takes the second."""
        self.are_ending = True
        self._end_next()

    def named(self, name: str) -> Child:
        if name not in self._by_name:
            raise BadInput(str(name), "no such program", f"there are: {', '.join(self._by_name) or 'none'}")
        return self._by_name[name]

    def run_job(self, program: Program) -> None:
        """Unless it is running already. Only a job makes way for a job: a service keeps its name."""
        former = self._by_name.get(program.name)
        if not program.is_job or (former and not former.program.is_job):
            raise BadInput(program.name, "is not a job", "give the job a name of its own, and is_job")
        if former is None or former.state in _QUIET:
            self._by_name[program.name] = Child(program, self._say)
            self._by_name[program.name].start()

    def statuses(self) -> tuple[ChildStatus, ...]:
        return tuple(child.status() for child in self._by_name.values())

    def _end_next(self) -> None:
        """All that may end now, at once: those that end first, and when they are gone the others."""
        children = self._by_name.values()
        first = [child for child in children if child.program.ends_first]
        for child in children if all(child.state in _QUIET for child in first) else first:
            if child.state not in _TOLD:
                child.stop()
