"""What a load needs that a base install does not bring."""

from importlib.util import find_spec

from chaos_aura.core.errors import MachineLacks

PACKAGES = ("locust", "redis", "neo4j", "kafka", "temporalio")


def refuse_missing_packages() -> None:
    """Before anything is started: Locust drives it, and its history is laid beside the stores."""
    for package in PACKAGES:
        if find_spec(package) is None:
            why = f"the Python package {package} is missing"
            raise MachineLacks("load", why, "pip install 'chaos-aura[load,clients]'")
