"""The platform's usage projection: reads the events, keeps what each tenant has used."""

from chaos_aura.stack.services.member import Member


class Projection(Member):
    name = client = "projection"
    grace_s = 10.0
