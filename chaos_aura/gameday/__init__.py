"""Sessions of experiments."""
