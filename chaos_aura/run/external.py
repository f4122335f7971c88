"""A run on somebody else's services: nothing is started, and all that is wanted must answer."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from chaos_aura.core.catalogue import EXTERNAL, Catalogue
from chaos_aura.core.errors import BadInput, ServiceUnhealthy
from chaos_aura.core.project import Project
from chaos_aura.core.stack_choice import stack_meant

if TYPE_CHECKING:
    from chaos_aura.stack.external.stack import ExternalStack


def describe_external(project: Project, environ: Mapping[str, str]) -> "ExternalStack | None":
    """Its catalogue is there for everybody afterwards. None where another stack is meant."""
    if stack_meant(project.root, environ) != EXTERNAL:
        return None
    from chaos_aura.stack.external.stack import ExternalStack  # noqa: PLC0415 - for who has one

    return ExternalStack.of(project, environ)


def answering(stack: "ExternalStack", services: tuple[str, ...]) -> Catalogue:
    """Of all of them where none is named. BadInput for containers that are not what the file says; ServiceUnhealthy
    for what does not do its work.
    """
    wanted = [stack.catalogue.service(name) for name in services] or list(stack.catalogue.services)
    stack.refuse_strange(*(each.name for each in wanted))
    for row in stack.health():
        if not row.is_healthy and any(row.name == each.name for each in wanted):
            raise ServiceUnhealthy(row.name, f"does not do its work: {row.detail}", row.remedy)
    return stack.catalogue


def refuse_load(catalogue: Catalogue, action: str) -> None:
    """Tenants ask our platform for GPUs. What somebody else's services do is not known here."""
    if catalogue.stack == EXTERNAL:
        why = "asks our own platform for GPUs, and these services are somebody else's"
        raise BadInput(action, why, "take it out: without a load, recovery is judged by the hypothesis")
