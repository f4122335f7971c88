"""The parameters of paths, queries and headers, each declared once."""

from typing import Annotated, Any

from fastapi import Depends, Header, Path, Query, Request

from chaos_aura.platform.api.asked import shortened
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


def only_query(*known: str) -> Any:
    """A dependency that refuses every other parameter: a filter that is not understood must not look like one."""

    async def check(request: Request) -> None:
        for name in request.query_params:
            if name not in known:
                there_are = f"there are {', '.join(known)}" if known else "there are none here"
                raise malformed(shortened(name), f"{shortened(name)} is not known; {there_are}")
            if len(request.query_params.getlist(name)) > 1:
                raise malformed(name, f"{name} is given twice")

    return Depends(check)


async def _asking_tenant(request: Request, in_header: _InHeader = None, in_query: _InQuery = None) -> str:
    if len(request.headers.getlist("X-Tenant")) > 1:
        raise malformed("X-Tenant", "X-Tenant is given twice")
    if in_header and in_query and in_header != in_query:
        raise malformed("tenant", "tenant and X-Tenant name two different tenants")
    tenant = in_header or in_query
    if not tenant:
        raise malformed("X-Tenant", f"X-Tenant is missing, and must be {RULES['X-Tenant']}")
    return tenant


type AskingTenant = Annotated[str, Depends(_asking_tenant)]
