"""The parameters of paths, queries and headers, each declared once."""

from typing import Annotated

from fastapi import Depends, Header, Path, Query

from chaos_aura.platform.api.problem import malformed
from chaos_aura.platform.api.rules import LISTED, MOST_LISTED, RULES, SAFE_ID
from chaos_aura.platform.model import State

type AllocationId = Annotated[str, Path(pattern=SAFE_ID, description=RULES["allocation_id"])]
type Tenant = Annotated[str, Path(pattern=SAFE_ID, description=RULES["tenant"])]
type Limit = Annotated[int, Query(ge=1, le=MOST_LISTED, description=RULES["limit"])]
type WantedState = Annotated[State | None, Query(description=f"{RULES['state']}; all of them without it")]
type _InHeader = Annotated[str | None, Header(alias="X-Tenant", pattern=SAFE_ID, description="who asks")]
type _InQuery = Annotated[str | None, Query(alias="tenant", pattern=SAFE_ID, description="instead of the header")]

DEFAULT_LIMIT = LISTED


async def _asking_tenant(in_header: _InHeader = None, in_query: _InQuery = None) -> str:
    if in_header and in_query and in_header != in_query:
        raise malformed("tenant", "tenant and X-Tenant name two different tenants")
    tenant = in_header or in_query
    if not tenant:
        raise malformed("X-Tenant", f"X-Tenant is missing, and must be {RULES['X-Tenant']}")
    return tenant


type AskingTenant = Annotated[str, Depends(_asking_tenant)]
