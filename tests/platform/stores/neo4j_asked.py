"""What a person would ask of Neo4j's own driver, beside the store under test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import neo4j

from chaos_aura.stack.running import RunningStack


def asked(stack: RunningStack, query: str, **parameters: Any) -> list[dict[str, Any]]:
    """Directly, not through an edge."""
    uri = stack.catalogue.service("neo4j").uri
    with neo4j.GraphDatabase.driver(uri, notifications_min_severity="OFF") as driver:
        records, _, _ = driver.execute_query(query, parameters)  # type: ignore[arg-type]
        return [record.data() for record in records]


@contextmanager
def writes_held_up(stack: RunningStack) -> Iterator[None]:
    """Whoever writes a decision waits meanwhile, as for a server that is slow."""
    uri = stack.catalogue.service("neo4j").uri
    with (
        neo4j.GraphDatabase.driver(uri, notifications_min_severity="OFF") as driver,
        driver.session() as session,
        session.begin_transaction() as holding,
    ):
        holding.run("MERGE (gate:WriteGate {name: 'decisions'}) SET gate.held_up = true").consume()
        yield
        holding.rollback()


def planned(stack: RunningStack, query: str, **parameters: Any) -> set[str]:
    """The operators with which Neo4j would answer."""
    uri = stack.catalogue.service("neo4j").uri
    with neo4j.GraphDatabase.driver(uri, notifications_min_severity="OFF") as driver:
        _, summary, _ = driver.execute_query("EXPLAIN " + query, parameters)  # type: ignore[arg-type]
        return set(_operators(summary.plan))


def _operators(plan: Any) -> list[str]:
    found = [plan["operatorType"].partition("@")[0]]
    for child in plan.get("children", ()):
        found += _operators(child)
    return found
