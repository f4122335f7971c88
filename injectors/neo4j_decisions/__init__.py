"""Recorded decisions in Neo4j, made to say something else."""

from injectors.neo4j_decisions.injector import Neo4jInjector

__all__ = ["Neo4jInjector"]
