"""The records made visible."""
