"""The GPU-allocation platform under test. Knows nothing of chaos."""
