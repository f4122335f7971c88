"""Tenants: open-loop load in a process of its own."""
