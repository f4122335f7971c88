"""The platform's API: what tenants talk to."""

from chaos_aura.core.address import Address
from chaos_aura.stack.services.member import Member


class Api(Member):
    name = client = "api"
    grace_s = 10.0

    def pages(self, address: Address) -> dict[str, str]:
        return {"docs": f"http://{address}/docs"}
