"""The Python packages that the platform imports: an extra, which whoever starts none of the platform does without."""

from importlib.util import find_spec

from chaos_aura.core.errors import MachineLacks

# By the names under which they are imported.
PACKAGES = (
    "fastapi",
    "kafka",
    "neo4j",
    "numpy",
    "opentelemetry",
    "orjson",
    "prometheus_client",
    "pybreaker",
    "redis",
    "structlog",
    "temporalio",
    "tenacity",
    "uvicorn",
    "uvloop",
)


def refuse_missing_packages(needed_by: str) -> None:
    """Before a process finds out, which would be started again and again."""
    for package in PACKAGES:
        if find_spec(package) is None:
            why = f"the Python package {package} is missing"
            raise MachineLacks(needed_by, why, "pip install 'chaos-aura[local,clients,platform]'")
