"""chaos-aura: does a system survive its own parts failing? Chaos Toolkit experiments with proof, undo and measurement."""
