"""The process that ends faults when nobody else does. Standard library only, detached, one for each stack's folder."""
