"""What experiments measure. Probes never judge."""
