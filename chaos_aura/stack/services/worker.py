"""The platform's workers, which run its workflows: one to eight, each a process, all one client of their edges."""

from chaos_aura.stack.services.member import Member

MOST_WORKERS = 8


class Worker(Member):
    client = "worker"
    grace_s = 15.0

    def __init__(self, number: int) -> None:
        self.name = self.client if number == 1 else f"{self.client}-{number}"


WORKERS = tuple(Worker(number) for number in range(1, MOST_WORKERS + 1))
