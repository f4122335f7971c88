"""chaos-aura: does a system survive its own parts failing? Proof, undo and measurement on Chaos Toolkit."""
