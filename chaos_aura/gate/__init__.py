"""Release policy."""
