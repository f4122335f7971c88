"""What experiments demand. Steady states never measure."""
