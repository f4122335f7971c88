"""What tenants talk to: HTTP in, Temporal behind. It keeps nothing of its own, so it may be killed at any moment."""
