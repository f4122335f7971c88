"""A process that reads a topic of events between two points: to judge it, to copy it, to tell one story of it."""
