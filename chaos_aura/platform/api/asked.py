"""The body of a request for GPUs: read strictly, and turned into the platform's own words."""

import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from chaos_aura.platform.api.problem import Problem, malformed
from chaos_aura.platform.api.rules import MOST_GPUS, MOST_HOURS, MOST_USD, RULES, SAFE_ID
from chaos_aura.platform.model import AllocationRequest, GpuType, Priority

_SHOWN_CHARACTERS = 40

type SafeId = Annotated[str, Field(pattern=SAFE_ID, max_length=128)]
type Usd = Annotated[float, Field(ge=0, le=MOST_USD, allow_inf_nan=False)]


class AllocationBody(BaseModel):
    """What a tenant asks for. The request id is the tenant's own choice: the same one never allocates twice."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "example": {"request_id": "training-41", "tenant": "acme", "gpu_type": "a100", "count": 2, "hours": 3.5}
        },
    )

    request_id: SafeId = Field(description=RULES["request_id"])
    tenant: SafeId = Field(description=RULES["tenant"])
    gpu_type: GpuType = Field(description=RULES["gpu_type"])
    count: int = Field(ge=1, le=MOST_GPUS, description=RULES["count"])
    hours: float = Field(gt=0, le=MOST_HOURS, allow_inf_nan=False, description=RULES["hours"])
    priority: Priority = Field(Priority.NORMAL, description=RULES["priority"])
    spot: bool = Field(False, description=RULES["spot"])
    budget_usd: Usd | None = Field(None, description=f"{RULES['budget_usd']}, for the whole of it")
    max_hourly_usd: Usd | None = Field(None, description=f"{RULES['max_hourly_usd']}, for all its GPUs together")


def read_body(body: bytes) -> AllocationRequest:
    """Problem names the first field that is wrong, in one sentence."""
    if not body.strip():
        raise malformed("body", "the body is empty, and must be one JSON object")
    try:
        asked = AllocationBody.model_validate_json(body)
    except ValidationError as invalid:
        raise _problem(invalid.errors(include_url=False)[0]) from None
    return AllocationRequest(**{name: getattr(asked, name) for name in AllocationBody.model_fields})


def _problem(error: ErrorDetails) -> Problem:
    field = str(error["loc"][0]) if error["loc"] else "body"
    match error["type"]:
        case "json_invalid":
            return malformed("body", f"the body is not JSON: {error['ctx']['error']}")
        case "missing":
            return malformed(field, f"{field} is missing, and must be {RULES[field]}")
        case "extra_forbidden":
            known = ", ".join(AllocationBody.model_fields)
            return malformed(shortened(field), f"{shortened(field)} is not known; there are {known}")
    if not error["loc"]:
        return malformed("body", "the body must be one JSON object")
    return malformed(field, wrong(field, error["input"]))


def wrong(field: str, found: Any) -> str:
    """Never echoes more than a glimpse of what was sent."""
    return f"{field} must be {RULES[field]}, not {shortened(json.dumps(found, ensure_ascii=False))}"


def shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
