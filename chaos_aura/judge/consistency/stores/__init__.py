"""Stores laid beside the history: lost, doubled, phantom, disagreeing, reordered, leaked. One store a file."""
