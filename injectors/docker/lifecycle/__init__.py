"""Containers ended, frozen, started again."""
