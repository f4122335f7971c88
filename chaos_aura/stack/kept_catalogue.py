"""The catalogue as a file, for everybody who reads it."""

from chaos_aura.core.catalogue import Catalogue
from chaos_aura.core.project import Project


def write_catalogue(project: Project, catalogue: Catalogue) -> None:
    """Whole or not at all: others read it at any time."""
    partial = project.catalogue.with_suffix(".part")
    partial.write_text(catalogue.to_json(), encoding="utf-8")
    partial.replace(project.catalogue)
