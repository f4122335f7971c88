"""What happened: append-only files of a run."""
