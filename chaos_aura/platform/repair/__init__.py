"""What the stores should hold of a run's allocations and do not, and how it is written again from Temporal."""
